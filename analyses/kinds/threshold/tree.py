"""A fitted threshold column as a DataTree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....data.study.spec import Form
from ....models.engine.psis import log_sum_exp
from ....models.engine.sampling import Sampler
from ....models.frequentist import hansen
from ....models.prediction.leave_one_out import affordable, compare_loo, pointwise
from ....models.priors import Priors
from ....models.thresholds.changepoint_draws import (
    RegimeDraws,
    bands,
    draw_averaged,
    effect_along,
    grid_along,
)
from ....models.thresholds.comparison import Compared
from ....models.thresholds.regimes import Array, Codes, Regimes
from ....models.thresholds.transition import SHAPES, log_marginal, shapes_of
from ..draws import laid_out

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

REPETITIONS = 1000
SUMMARY = ("mean", "q2.5", "q50", "q97.5")
LEVELS = (0.1, 0.05, 0.01)
AVERAGED = "averaged"


def tree_of(
    found: Regimes, compared: Compared, given: int | None, priors: Priors, form: Form, sampler: Sampler
) -> DataTree:
    """A fitted threshold column: the posterior and what stands beside it.

    The posterior is given the paper's number of thresholds, and averaged over the number where the paper has
    none, and over the laws of errors. Groups: `posterior`; `models`, the posterior of law and model;
    `thresholds`, that of the number of thresholds, also for each scale of the changes, and locations and
    slopes given each number; `effect`, the slope along the threshold variable with its bands; `hansen`, the
    frequentist estimates, tests and intervals; `shapes`, whether the change is a jump.
    """
    import xarray as xr

    size, counts = sampler.chains * sampler.draws, range(len(compared.numbers))
    each = [draw_averaged(compared, count, size, sampler.seed) for count in counts]
    rng = np.random.default_rng(sampler.seed)
    number = rng.choice(len(each), size, p=compared.numbers)
    tree = xr.DataTree.from_dict(
        {
            "posterior": _draws(found, each, number, given, sampler),
            "models": _models(compared),
            "thresholds": _numbers(compared, each),
            "effect": _effect(found, compared, each),
            "hansen": _tests(found, len(each) - 1, sampler.seed),
        }
    )
    if len(each) > 1:
        tree["shapes"] = xr.DataTree(_shapes(found, compared, priors, sampler.seed))
    tree.attrs = {"engine": "collapsed", "method": "enumeration", "form": form}
    if len(compared.laws) > 1:
        tree.attrs["law"] = AVERAGED
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


def _models(compared: Compared) -> Dataset:
    """The posterior of every law of errors with every number of thresholds and with the interaction."""
    import xarray as xr

    dims = ("law", "model")
    return xr.Dataset(
        {"probability": (dims, compared.probability), "log_marginal": (dims, compared.log_marginal)},
        {"law": list(compared.laws), "model": list(compared.models)},
    )


def _numbers(compared: Compared, each: list[RegimeDraws]) -> Dataset:
    """The posterior of the number of thresholds; locations and slopes given each number, blank where none."""
    import xarray as xr

    most = len(each) - 1
    place = np.full((most + 1, most, len(SUMMARY)), np.nan)
    slope = np.full((most + 1, most + 1, len(SUMMARY)), np.nan)
    for count, one in enumerate(each):
        slope[count, : count + 1] = bands(one.regime).T
        if count:
            place[count, :count] = bands(one.threshold).T
    first = compared.posteriors[0]
    by_change = averaged(np.stack([one.log_marginal for one in compared.posteriors]))
    share = np.exp(by_change - log_sum_exp(by_change)[:, None])
    return xr.Dataset(
        {
            "probability": ("number", compared.numbers),
            "probability_by_scale": (("scale", "number"), share),
            "scale_weight": ("scale", first.change_weights),
            "log_marginal": ("number", averaged(compared.log_marginal)[:-1]),
            "place": (("number", "order", "summary"), place),
            "slope": (("number", "regime", "summary"), slope),
            "candidates": ("number", [len(r.candidates) for r in (first.regimes[0], *first.regimes)]),
        },
        {
            "number": np.arange(most + 1),
            "scale": first.changes,
            "order": np.arange(1, most + 1),
            "regime": np.arange(1, most + 2),
            "summary": list(SUMMARY),
        },
    )


def averaged(log_marginal: Array) -> Array:
    """(...) Log marginal likelihoods (L, ...) averaged over equally likely laws of errors."""
    return np.logaddexp.reduce(log_marginal, axis=0) - np.log(len(log_marginal))


def _effect(found: Regimes, compared: Compared, each: list[RegimeDraws]) -> Dataset:
    """The slope along the threshold variable, averaged over the number of thresholds and given each."""
    import xarray as xr

    at = grid_along(found)
    along = [effect_along(one, at) for one in each]
    size = len(along[0])
    mixed = bands(np.concatenate(along), np.repeat(compared.numbers / size, size))
    models = [AVERAGED, *(str(count) for count in range(len(each)))]
    return xr.Dataset(
        {
            "slope": (("model", "summary", "at"), np.stack([mixed, *map(bands, along)])),
            "quantile": ("twentieth", np.quantile(found.q, (np.arange(20) + 0.5) / 20)),
        },
        {"model": models, "summary": list(SUMMARY), "at": at},
    )


def _shapes(found: Regimes, compared: Compared, priors: Priors, seed: int) -> Dataset:
    """Marginal likelihoods of a jump, a smooth transition, an interaction, no change, averaged over the laws.

    LOO is that of independent errors, where they are among the laws and it is affordable.
    """
    import xarray as xr

    posterior, *_ = compared.posteriors
    each = [shapes_of(found, one, priors) for one in compared.posteriors]
    evidence = averaged(
        np.array(
            [
                [log_marginal(shapes[name], one) for name in SHAPES]
                for shapes, one in zip(each, compared.posteriors, strict=True)
            ]
        )
    )
    weight = np.exp(evidence - evidence.max())
    values = {"log_marginal": evidence, "probability": weight / weight.sum()}
    values |= {name: np.full(len(SHAPES), np.nan) for name in ("elpd", "elpd_difference", "elpd_error")}
    if posterior.law.additive and affordable(found):
        table = compare_loo({k: pointwise(found, v, posterior, priors, seed) for k, v in each[0].items()})
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
