"""How well each structure of effects predicts rows, and entities, that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ....data.errors import InputError
from ....data.sample.design import Design
from ....data.sample.estimable import check_estimable
from ....data.study.spec import Form
from ....models.engine.importance import MAX_K_HAT
from ....models.engine.psis import leave_out_elpd
from ....models.prediction.predictive import entity_refits, predictive, scale_draws
from ....models.priors import Priors

Array = NDArray[np.float64]

DRAWS = 500
MOST_ROWS = 20_000
TWINS = 3


class Pointwise(NamedTuple):
    """Log predictive density and k-hat of each unit left out, (n,) both."""

    elpd: Array
    k_hat: Array


def predictions(
    designs: Sequence[Design], form: Form | None, priors: Priors, seed: int
) -> dict[str, Any] | None:
    """ArviZ's comparison of models by rows left out (PSIS-LOO) and by whole entities left out.

    Over twins, the first few are compared and the numbers are means. None for panels of over 20,000 rows.
    """
    if designs[0].n > MOST_ROWS:
        return None
    own, models = candidates(designs[0], form)
    each = []
    for design in designs[:TWINS]:
        found = {name: _elpd(_as(design, like), of, priors, seed) for name, (like, of) in models.items()}
        each.append([_compared({name: pair[way] for name, pair in found.items()}) for way in (0, 1)])
    return {
        "own": own,
        "panels": len(each),
        "rows": _mean([one[0] for one in each]),
        "entities": _mean([one[1] for one in each]),
    }


def candidates(design: Design, form: Form | None) -> tuple[str, dict[str, tuple[Design, Form | None]]]:
    """The label of the judged model; by label, the models that the data can estimate."""
    entity, time = design.entity_name, design.time_name
    effects = (design.entity_effects, design.time_effects) if form else (False, False)
    wanted: list[tuple[bool, bool, Form | None]] = [(False, False, None)]
    wanted += [(True, False, form or "mundlak"), (True, True, form or "mundlak")]
    if any(effects):
        wanted += [(*effects, other) for other in get_args(Form)]
    found, own = {}, ""
    for by_entity, by_time, of in wanted:
        like = replace(design, entity_effects=by_entity, time_effects=by_time)
        if not by_entity:
            like = replace(like, varying=None)
        names = " + ".join([entity] * by_entity + [time] * by_time)
        label = f"{names}, {of}" if of else "pooled"
        try:
            check_estimable(like)
        except InputError:
            continue
        found[label] = (like, of)
        if (by_entity, by_time) == effects and of == form:
            own = label
    return own, found


def _as(design: Design, like: Design) -> Design:
    """The design with the effects of another, and varying slopes only where the other has them."""
    return replace(
        design,
        entity_effects=like.entity_effects,
        time_effects=like.time_effects,
        varying=design.varying if like.varying else None,
    )


def _elpd(design: Design, form: Form | None, priors: Priors, seed: int) -> tuple[Pointwise, Pointwise]:
    """By rows and by entities; entities that reweighting cannot reach are refitted."""
    scales = scale_draws(design, form, priors, DRAWS, seed)
    densities = predictive(design, form, priors, scales)
    elpd, k_hat = leave_out_elpd(densities.by_entity)
    bad = np.flatnonzero(~(k_hat <= MAX_K_HAT))
    if len(bad):
        elpd[bad], k_hat[bad] = entity_refits(design, form, priors, bad.tolist(), DRAWS, seed)
    return Pointwise(*leave_out_elpd(densities.by_row)), Pointwise(elpd, k_hat)


def _compared(models: dict[str, Pointwise]) -> dict[str, dict[str, float]]:
    """ArviZ's comparison: weights by stacking, and differences from the best model."""
    from arviz_stats import compare  # and not arviz, which loads Matplotlib
    from arviz_stats.utils import ELPDDataLOO
    from xarray import DataArray

    best = np.max([m.elpd for m in models.values()], axis=0)
    given = {}
    for name, (elpd, k_hat) in models.items():
        size = len(elpd)
        # a shift that all models share moves no weight and no difference, and keeps exp() in range
        given[name] = ELPDDataLOO(
            elpd=float((elpd - best).sum()),
            se=float(np.sqrt(size * elpd.var())),
            p=np.nan,
            n_samples=DRAWS,
            n_data_points=size,
            scale="log",
            warning=False,
            good_k=MAX_K_HAT,
            elpd_i=DataArray(elpd - best, dims="unit"),
            pareto_k=DataArray(k_hat, dims="unit"),
        )
    table = compare(given, method="stacking", round_to="none")
    return {
        name: {
            "elpd": float(elpd.sum()),
            "difference": float(table.loc[name, "elpd_diff"]),
            "error": float(table.loc[name, "dse"]),
            "weight": float(table.loc[name, "weight"]),
            "untrusted": int((~(k_hat <= MAX_K_HAT)).sum()),
            "k_hat": float(k_hat.max()),
        }
        for name, (elpd, k_hat) in models.items()
    }


def _mean(found: Sequence[dict[str, dict[str, float]]]) -> list[dict[str, Any]]:
    """One record a model, the largest weight first."""
    records = [
        {"model": name, **{key: float(np.mean([one[name][key] for one in found])) for key in found[0][name]}}
        for name in found[0]
    ]
    return sorted(records, key=lambda record: -record["weight"])
