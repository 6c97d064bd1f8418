"""Many posteriors at once: 500 priors on every column with effects of munnell-1990."""

from __future__ import annotations

import time
from collections.abc import Callable

DRAWS = 1000


def munnell_priors(write: Callable[[str], None], count: int = 500) -> None:
    """Posteriors of `count` slope and scale priors for each column with effects, one program a shape."""
    start = time.perf_counter()
    import numpy as np

    import posterity as po
    from posterity.models.engine.posterior import batch
    from posterity.models.engine.statistics import padded, statistics_of_design
    from posterity.models.priors import DEFAULTS, Prior

    rng = np.random.default_rng(1)
    priors = [
        {
            **DEFAULTS,
            "slope": Prior("normal", (0.0, float(slope))),
            **{name: Prior("half_normal", (float(scale),)) for name in ("sigma", "sd_entity", "sd_time")},
        }
        for slope, scale in zip(rng.uniform(0.05, 2, count), rng.uniform(0.1, 2, count), strict=True)
    ]
    study = po.load("munnell-1990")
    panel = study.panel()
    write(f"imports {time.perf_counter() - start:.1f} s")
    done = 0
    for view in study.specs():
        design = view.design(panel)
        if not (design.entity_effects or design.time_effects):
            continue
        begun = time.perf_counter()
        statistics = padded(statistics_of_design(design, view.form))
        draws = batch([statistics] * count, priors, DRAWS)
        done += count
        write(
            f"{view.id} {view.form}: {count} posteriors in {time.perf_counter() - begun:.2f} s; "
            f"k-hat at most {draws.direct.k_hat.max():.2f}, effective draws at least "
            f"{draws.direct.ess.min():.0f} of {DRAWS}"
        )
    write(f"{done} posteriors, from process start: {time.perf_counter() - start:.1f} s")
