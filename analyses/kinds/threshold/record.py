"""A fitted threshold column as a DataTree, and what it says of number and place as a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....data.study.spec import Form
from ....models.engine.sampling import Sampler
from ....models.frequentist import hansen
from ....models.prediction.leave_one_out import affordable, compare_loo, pointwise
from ....models.priors import Priors
from ....models.thresholds.changepoint_draws import RegimeDraws, bands, draw, effect_along, grid_along
from ....models.thresholds.changepoints import Enumerated
from ....models.thresholds.regimes import Codes, Regimes
from ....models.thresholds.transition import SHAPES, log_marginal, shapes_of
from ..draws import laid_out

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

REPETITIONS = 1000
SUMMARY = ("mean", "q2.5", "q50", "q97.5")
LEVELS = (0.1, 0.05, 0.01)
AVERAGED = "averaged"


def tree_of(
    found: Regimes, posterior: Enumerated, given: int | None, priors: Priors, form: Form, sampler: Sampler
) -> DataTree:
    """A fitted threshold column: the posterior and what stands beside it.

    The posterior is given the paper's number of thresholds, and averaged over the number where the paper has
    none. Groups: `posterior`; `thresholds`, the posterior of the number of thresholds, also for each scale
    of the changes, and locations and slopes given each number; `effect`, the slope along the threshold
    variable with its bands; `hansen`, the frequentist estimates, tests and intervals; `shapes`, whether the
    change is a jump.
    """
    import xarray as xr

    size, counts = sampler.chains * sampler.draws, range(len(posterior.probability))
    each = [draw(posterior, count, size, sampler.seed) for count in counts]
    rng = np.random.default_rng(sampler.seed)
    number = rng.choice(len(each), size, p=posterior.probability)
    tree = xr.DataTree.from_dict(
        {
            "posterior": _draws(found, each, number, given, sampler),
            "thresholds": _numbers(posterior, each),
            "effect": _effect(found, posterior, each),
            "hansen": _tests(found, len(each) - 1, sampler.seed),
        }
    )
    if len(each) > 1:
        tree["shapes"] = xr.DataTree(_shapes(found, posterior, priors, sampler.seed))
    tree.attrs = {"engine": "collapsed", "method": "enumeration", "form": form}
    if given:
        tree.attrs["given"] = given
    return tree


def _draws(
    found: Regimes, each: list[RegimeDraws], number: Codes, given: int | None, sampler: Sampler
) -> Dataset:
    """Draws of every coefficient of the column; `threshold1of2` is the lower of two thresholds, given two."""
    j, terms = found.term, found.design.terms
    if given:
        own = each[given]
        names = [f"{found.name}_regime{r + 1}" for r in range(given + 1)]
        coef = np.column_stack([own.coef[:, :j], own.regime, own.coef[:, j + 1 :]])
        labels = [*terms[:j], *names, *terms[j + 1 :]]
        values = {"constant": own.constant, "sigma": own.sigma, "difference": own.difference}
    else:
        at = np.arange(len(number))
        stacked = np.stack([one.coef for one in each])
        stacked[:, :, j] = [effect_along(one, found.q).mean(axis=1) for one in each]
        coef, labels = stacked[number, at], list(terms)
        values = {
            name: np.stack([getattr(one, name) for one in each])[number, at]
            for name in ("sigma", "difference")
        }
    for count, one in enumerate(each):
        for order in range(count):
            values[f"threshold{order + 1}of{count}"] = one.threshold[:, order]
    values |= {"coef": coef, "number": number.astype(float)}
    return laid_out(values, sampler, {"coef": "term"}, {"term": labels})


def _numbers(posterior: Enumerated, each: list[RegimeDraws]) -> Dataset:
    """The posterior of the number of thresholds; locations and slopes given each number, blank where none."""
    import xarray as xr

    most = len(each) - 1
    place = np.full((most + 1, most, len(SUMMARY)), np.nan)
    slope = np.full((most + 1, most + 1, len(SUMMARY)), np.nan)
    for count, one in enumerate(each):
        slope[count, : count + 1] = bands(one.regime).T
        if count:
            place[count, :count] = bands(one.threshold).T
    log_marginal = posterior.log_marginal + np.log(posterior.change_weights)[:, None]
    return xr.Dataset(
        {
            "probability": ("number", posterior.probability),
            "probability_by_scale": (("scale", "number"), posterior.probability_by_change),
            "scale_weight": ("scale", posterior.change_weights),
            "log_marginal": ("number", np.logaddexp.reduce(log_marginal, axis=0)),
            "place": (("number", "order", "summary"), place),
            "slope": (("number", "regime", "summary"), slope),
            "candidates": ("number", [len(r.candidates) for r in (posterior.regimes[0], *posterior.regimes)]),
        },
        {
            "number": np.arange(most + 1),
            "scale": posterior.changes,
            "order": np.arange(1, most + 1),
            "regime": np.arange(1, most + 2),
            "summary": list(SUMMARY),
        },
    )


def _effect(found: Regimes, posterior: Enumerated, each: list[RegimeDraws]) -> Dataset:
    """The slope along the threshold variable, averaged over the number of thresholds and given each."""
    import xarray as xr

    at = grid_along(found)
    along = [effect_along(one, at) for one in each]
    size = len(along[0])
    mixed = bands(np.concatenate(along), np.repeat(posterior.probability / size, size))
    models = [AVERAGED, *(str(count) for count in range(len(each)))]
    return xr.Dataset(
        {
            "slope": (("model", "summary", "at"), np.stack([mixed, *map(bands, along)])),
            "quantile": ("twentieth", np.quantile(found.q, (np.arange(20) + 0.5) / 20)),
        },
        {"model": models, "summary": list(SUMMARY), "at": at},
    )


def _shapes(found: Regimes, posterior: Enumerated, priors: Priors, seed: int) -> Dataset:
    """Marginal likelihoods of a jump, a smooth transition, an interaction, no change; LOO if affordable."""
    import xarray as xr

    shapes = shapes_of(found, posterior, priors)
    evidence = np.array([log_marginal(shapes[name], posterior) for name in SHAPES])
    weight = np.exp(evidence - evidence.max())
    values = {"log_marginal": evidence, "probability": weight / weight.sum()}
    values |= {name: np.full(len(SHAPES), np.nan) for name in ("elpd", "elpd_difference", "elpd_error")}
    if affordable(found):
        table = compare_loo({k: pointwise(found, v, posterior, priors, seed) for k, v in shapes.items()})
        for name, column in (("elpd", "elpd"), ("elpd_difference", "elpd_diff"), ("elpd_error", "dse")):
            values[name] = table.loc[list(SHAPES), column].to_numpy(float)
    return xr.Dataset({k: ("shape", v) for k, v in values.items()}, {"shape": list(SHAPES)})


def _tests(found: Regimes, most: int, seed: int) -> Dataset:
    """Hansen's estimates and tests, with each of the bootstraps."""
    import xarray as xr

    sweep = hansen.Sweep(found)
    result = hansen.search(found, most, sweep=sweep)
    place = np.full((3, most, most), np.nan)
    for count in range(1, most + 1):
        ends = hansen.intervals(found, result, count)
        order = np.argsort(result.thresholds[count - 1])
        place[0, count - 1, :count] = result.thresholds[count - 1][order]
        place[1, count - 1, :count] = [ends[i].low for i in order]
        place[2, count - 1, :count] = [ends[i].high for i in order]
    tests = [
        [
            hansen.bootstrap_test(found, count, name, REPETITIONS, seed, sweep=sweep)
            for count in range(1, most + 1)
        ]
        for name in hansen.BOOTSTRAPS
    ]
    tested = ("bootstrap", "tested")
    dims = ("tested", "order")
    return xr.Dataset(
        {
            "f": ("tested", result.f),
            "sse": ("fitted", result.sse),
            "p_value": (tested, [[t.p_value for t in row] for row in tests]),
            "critical": ((*tested, "level"), [[t.critical for t in row] for row in tests]),
            **dict(zip(("place", "low", "high"), ((dims, values) for values in place), strict=True)),
        },
        {
            "tested": np.arange(1, most + 1),
            "fitted": np.arange(most + 1),
            "order": np.arange(1, most + 1),
            "bootstrap": list(hansen.BOOTSTRAPS),
            "level": list(LEVELS),
        },
        {"repetitions": REPETITIONS, "scale": result.scale},
    )


def mechanism(
    tree: DataTree, found: Regimes, given: int | None, terms: tuple[str, ...], warned: tuple[str, ...]
) -> dict[str, Any]:
    """What the fit says of thresholds, as in comparison.json."""
    record: dict[str, Any] = {
        "kind": "threshold",
        "variable": found.variable,
        "regime_dependent": found.name,
        "given": given,
        "terms": list(terms),
        "warnings": list(warned),
    }
    numbers, tests = tree["thresholds"].to_dataset(), tree["hansen"].to_dataset()
    record["probability"] = {
        str(k): float(p) for k, p in zip(numbers["number"].values, numbers["probability"].values, strict=True)
    }
    record["places"] = {
        str(k): [
            dict(zip(SUMMARY, map(float, numbers["place"].sel(number=k, order=o).values), strict=True))
            for o in range(1, int(k) + 1)
        ]
        for k in numbers["number"].values[1:]
    }
    if "shapes" in tree:
        shapes = tree["shapes"].to_dataset()
        record["shapes"] = {
            str(name): {str(key): float(value.sel(shape=name)) for key, value in shapes.data_vars.items()}
            for name in shapes["shape"].to_numpy()
        }
    record["tests"] = [
        {
            "thresholds": int(k),
            "f": float(tests["f"].sel(tested=k)),
            **{
                str(name): {
                    "p_value": float(tests["p_value"].sel(tested=k, bootstrap=name)),
                    "critical": [float(c) for c in tests["critical"].sel(tested=k, bootstrap=name).values],
                }
                for name in tests["bootstrap"].values
            },
        }
        for k in tests["tested"].values
    ]
    return record
