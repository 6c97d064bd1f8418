"""Composite indices: speed of bootstrap draws, coverage of intervals, built-in association.

    python benchmarks/indices.py                         all of it; about six minutes python
    benchmarks/indices.py speed coverage          some parts python benchmarks/indices.py provinces --file
    CSV    an index of real provinces (province, year, yearbook columns)

Coverage (about four minutes): indicators are log-normal with entity and within parts, so that the
population's entropy weights are known (Theil's T of a log-normal is half its log variance). The outcome is
the index at those weights, plus entity and year effects and noise. `plug-in` fits the index at estimated
weights; `mixture` mixes the posteriors of 100 bootstrap draws of the weights. Form `fixed`, collapsed engine.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import posterity as po
from posterity.analyses.indices.built_in_association import built_in_associations, simulable
from posterity.analyses.indices.index import entity_mass, index
from posterity.analyses.view import SpecView
from posterity.data.indices.composite import Convention, composite, entropy_weights
from posterity.data.indices.gaps import Fill
from posterity.data.indices.indicators import match, read_systems
from posterity.data.panel.panel import Panel
from posterity.data.sample.design import Design
from posterity.models.engine.sampling import prepare

STUDIES = ("liu-li-2025", "bashlai-2026")
MILD, HEAVY = (0.3, 0.45, 0.6), (0.3, 0.45, 0.6, 0.75, 0.9)
SCIENCE = (
    "v4_ztr_jf_RD", "v4_ztr_qd_RD", "v4_zh_qsdl_hj", "v4_zh_qsdl_jcyj", "v4_zh_nbzc_qyzj", "v6_cz_yszc_kxjs",
    "v4_cg_zlsq2_fm", "v4_cg_zlsq2_hj", "v4_cg_zlsyx_fm", "v4_cg_zlsq_wgsj", "v4_cg_jssc_je", "v4_cg_jssr_je",
    "v4_cy_scjy_qys",
)  # fmt: skip


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def speed(entities: int = 30, years: int = 11, draws: int = 1000) -> None:
    """Every index and dimension of both papers, and 25 indicators under each kind of convention."""
    rng = np.random.default_rng(1)
    entity, year = np.divmod(np.arange(entities * years), years)
    total = 0.0
    for name in STUDIES:
        file = po.load(name).file
        assert file.indicators_path is not None
        systems = read_systems(file.indicators_path)
        columns = dict.fromkeys(c for s in systems.values() for c in s.columns)
        frame = pd.DataFrame({file.study.entity: entity.astype(str), file.study.time: 2000 + year})
        frame = frame.assign(**{c: rng.lognormal(size=len(entity)) for c in columns})
        panel = Panel.of(
            frame, entity=file.study.entity, time=file.study.time, source="SYNTHETIC", synthetic=True
        )
        table = match(panel, systems)
        start = time.perf_counter()
        indexed = index(table, draws=draws)
        seconds = time.perf_counter() - start
        total += seconds
        count = sum(len(s.columns) for s in systems.values())
        say(
            f"{name}: {draws} draws of {len(indexed.systems)} indices, {count} indicators x {len(entity)}: "
            f"{seconds:.2f} s"
        )
    say(f"both: {total:.2f} s")
    X, negative = rng.lognormal(size=(len(entity), 25)), np.arange(25) % 5 == 0
    mass = entity_mass(entity, draws)
    for convention in (
        Convention(),
        Convention(score="topsis"),
        Convention(standard="z"),
        Convention("pca", standard="z"),
    ):
        start = time.perf_counter()
        composite(X, negative, convention, year, mass)
        say(f"{len(entity)} x 25, {convention.label}: {time.perf_counter() - start:.2f} s")


def coverage(panels: int = 300, draws: int = 100) -> None:
    """Share of 95% intervals that hold the true coefficient."""
    say("entities  spreads of logs            noise  panels  plug-in  mixture  widths         bias   share")
    for entities, spread, noise in (
        (30, MILD, 0.05), (30, MILD, 0.15), (60, MILD, 0.05), (30, HEAVY, 0.05), (100, HEAVY, 0.05),
        (280, HEAVY, 0.05)
    ):  # fmt: skip
        held, width, error, share = _design(entities, np.array(spread), noise, panels, draws)
        say(
            f"{entities:8d}  {spread!s:25}  {noise:5.2f}  {panels:6d}  {held[0]:7.3f}  {held[1]:7.3f}  "
            f"{width[0]:.3f} {width[1]:.3f}  {error:6.3f}  {share:.2f}",
        )


def _design(
    entities: int,
    spread: np.ndarray,
    noise: float,
    panels: int,
    draws: int,
    years: int = 8,
    within: float = 0.3,
) -> tuple[np.ndarray, np.ndarray, float, float]:
    from posterity.models.engine.posterior import batch
    from posterity.models.engine.statistics import statistics_of_design
    from posterity.models.priors import DEFAULTS

    rng = np.random.default_rng(20250101)
    weights = spread**2 + within**2
    weights /= weights.sum()
    entity, year = np.divmod(np.arange(entities * years), years)
    labels = (tuple(map(str, range(entities))), tuple(range(years)), "entity", "time", True, True, None)
    held, width, errors, shares = [], [], [], []
    for number in range(panels):
        a = np.exp(spread * rng.normal(size=(entities, len(spread))) - spread**2 / 2)
        X = a[entity] * np.exp(within * rng.normal(size=(len(entity), len(spread))) - within**2 / 2)
        y = X @ weights + rng.normal(size=entities)[entity] + 0.3 * rng.normal(size=years)[year]
        y += noise * rng.normal(size=len(entity))
        mass = entity_mass(entity, draws, number)
        values = np.vstack([entropy_weights(X), entropy_weights(X, mass)]) @ X.T
        statistics = [
            statistics_of_design(Design("y", ("x",), y, x[:, None], entity, year, *labels), "fixed")
            for x in values
        ]
        fit = batch(statistics, [DEFAULTS] * len(statistics), 200, seed=number)
        coef = fit.theta[:, :, 0] * np.array([s.scale.unit[0] for s in statistics])[:, None]
        ends = np.array([np.quantile(c, [0.025, 0.975]) for c in (coef[0], coef[1:])])
        held.append((ends[:, 0] < 1) & (ends[:, 1] > 1))
        width.append(ends[:, 1] - ends[:, 0])
        errors.append(coef[0].mean() - 1)
        shares.append(coef[1:].mean(axis=1).var() / coef[1:].var())
    return np.mean(held, axis=0), np.mean(width, axis=0), float(np.mean(errors)), float(np.mean(shares))


def association(simulations: int = 2000) -> None:
    """What shared indicators build into liu-li-2025's coefficients."""
    study = po.load("liu-li-2025")
    assert study.file.indicators_path is not None
    systems = read_systems(study.file.indicators_path)
    first: dict[str, SpecView] = {}
    for view in simulable(study, systems):
        first.setdefault(view.spec.formula, view)
    for view in first.values():
        for one in built_in_associations(view, systems, study.file.shared, simulations=simulations):
            low, median, high = np.quantile(one.shared, [0.025, 0.5, 0.975])
            at_least = (
                "" if one.share_at_least is None else f"; {one.share_at_least:.0%} at least the printed one"
            )
            say(
                f"{one.spec_id} {one.term} on {one.outcome}: shared {median:.3f} [{low:.3f}, {high:.3f}], "
                f"apart {np.median(one.unshared):.3f}, printed {one.published}{at_least}; "
                f"{', '.join(one.names)}"
            )


def provinces(file: Path) -> None:
    """An index of science and technology for 30 provinces, gaps interpolated and multiply imputed."""
    import tempfile

    from posterity.data.panel.names import name_findings, recognised

    panel = Panel.read(file, entity="province", time="year")
    known = recognised(set(panel.frame["province"]), {}, None)
    say(f"{panel.n_entities} provinces, wrong names: {[f.statement for f in name_findings(panel, known)]}")
    panel = panel.where(panel.frame["province"] != "西藏")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as handle:
        handle.write("index,dimension,indicator,direction\n" + "".join(f"ST,,{c},+\n" for c in SCIENCE))
        handle.flush()
        systems = read_systems(Path(handle.name))
    hows: tuple[Fill, ...] = ("linear", "multiple")
    for how in hows:
        start = time.perf_counter()
        indexed = index(match(panel, systems), how=how)
        say(
            f"{how}: {len(SCIENCE)} indicators, {panel.n_entities} provinces, "
            f"{int((indexed.filled.flags > 0).sum())} of "
            f"{indexed.filled.flags.size} cells filled, {time.perf_counter() - start:.2f} s"
        )
        low, high = np.quantile(indexed.weight_draws["ST"], [0.025, 0.975], axis=0)
        for column, weight, a, b in zip(SCIENCE, indexed.weights["ST"], low, high, strict=True):
            say(f"  {column:18} {weight:.3f} [{a:.3f}, {b:.3f}]")
        last = indexed.table.years == indexed.table.years.max()
        order = np.argsort(-indexed.values["ST"] * last)[:5]
        for i in order:
            draws = indexed.value_draws["ST"][:, i]
            say(
                f"  {panel.frame['province'].iloc[i]} {indexed.table.years[i]}: "
                f"{indexed.values['ST'][i]:.3f} "
                f"[{np.quantile(draws, 0.025):.3f}, {np.quantile(draws, 0.975):.3f}]"
            )


def main() -> None:
    parts: dict[str, Callable[[], None]] = {
        "speed": speed,
        "coverage": coverage,
        "association": association,
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=list(parts), choices=[*parts, "provinces"])
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args()
    prepare("cpu")
    for name in chosen.parts:
        start = time.perf_counter()
        say(f"-- {name}")
        if name == "provinces":
            provinces(chosen.file)
        else:
            parts[name]()
        say(f"   {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
