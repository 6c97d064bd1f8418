"""The collapsed density at many points: in NumPy, and compiled by JAX, both on this machine's CPU.

    python -m benchmarks.array_libraries

Prints a table. For each SYNTHETIC panel: order of the matrices, seconds of the first call (JAX compiles) and
of a later one at 12,000 points, and the ratio of the later ones. Both are the same formulas
(`models.arrays`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from posterity.data.sample.design import Design
from posterity.models.engine.collapsed import collapsed_data, scales_of
from posterity.models.engine.programs import compiled, programs
from posterity.models.engine.sampling import prepare
from posterity.models.engine.statistics import padded, statistics_of_design

POINTS = 12_000
PANELS = {
    "48 × 17, 4 regressors": (48, 17, 4, 0.0),
    "50 × 50, a tenth missing": (50, 50, 4, 0.1),
    "100 × 10, 60 regressors": (100, 10, 60, 0.0),
    "50 × 200, a tenth missing": (50, 200, 2, 0.1),
}


def panel(entities: int, times: int, k: int, missing: float) -> Design:
    rng = np.random.default_rng(1)
    entity, time_ = np.divmod(np.arange(entities * times), times)
    kept = rng.uniform(size=len(entity)) >= missing
    entity, time_ = entity[kept], time_[kept]
    X = rng.normal(size=(len(entity), k))
    return Design(
        outcome="y", terms=tuple(f"x{j}" for j in range(k)), X=X, entity=entity, time=time_,
        y=0.3 * X[:, 0] + rng.normal(size=entities)[entity] + rng.normal(size=len(entity)),
        entities=tuple(f"e{i}" for i in range(entities)), times=tuple(range(times)), entity_name="entity",
        time_name="year", entity_effects=True, time_effects=True, clusters=None,
    )  # fmt: skip


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    prepare("cpu")
    print("| panel | order | NumPy, first | again | JAX, first | again | NumPy / JAX |")
    print("|---" * 7 + "|")
    for name, shape in PANELS.items():
        statistics = padded(statistics_of_design(panel(*shape)))
        data = {key: value[None] for key, value in collapsed_data(statistics).items()}
        points = np.random.default_rng(2).normal(-0.5, 0.1, (1, POINTS, len(scales_of(statistics))))
        took = []
        for made in (programs(statistics), compiled(statistics)):
            took += [seconds(partial(made.density, points, data)) for _ in range(2)]
        order = data["spread"].shape[1] + 1
        cells = " | ".join(f"{one:.3f}" for one in took)
        print(f"| {name} | {order} | {cells} | {took[1] / took[3]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
