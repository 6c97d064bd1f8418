"""Posteriors of the collapsed models: drawn directly, one or many at once; by NUTS where that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..priors import DEFAULTS, Priors
from .collapsed import collapsed_data, collapsed_model, scales_of
from .draw_back import effect_noise, effects
from .importance import Direct, sample
from .programs import programs
from .sampling import Device, Sampler, nuts
from .second_round import second_round
from .statistics import Statistics, padded
from .sums import Array

if TYPE_CHECKING:
    from xarray import DataTree

SAMPLER = Sampler()
MAX_EFFECTS = 5_000_000


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of D problems; row 0 of every array belongs to the first.

    Attributes
    ----------
    scales : names of the d scales
    direct : k-hat, effective sample size and log marginal likelihood of each problem
    values : (D, m, d) scales
    theta : (D, m, q) coefficients on the standardised scale: slope, between, deviations of groups, time
    constant : (D, m)
    """

    scales: tuple[str, ...]
    direct: Direct
    values: Array
    theta: Array
    constant: Array


def posterior(
    statistics: Statistics,
    priors: Priors = DEFAULTS,
    sampler: Sampler = SAMPLER,
    method: str = "importance",
) -> DataTree:
    """The posterior of a collapsed model as an ArviZ DataTree, with the variables of the expanded one.

    `sampler.chains` x `sampler.draws` independent draws are laid out as chains. Attributes of the tree:
    `engine`, `method`, `k_hat`, `ess`, `log_marginal` (of the standardised outcome). Where k-hat is above
    0.7 the draws are NUTS's, on the same model, and `method` says so. Entity effects are left out where
    there would be more than 5 million numbers.

    Raises
    ------
    InputError
        Where the intercept has a prior that is not Gaussian (see `collapsible`).
    """
    statistics = padded(statistics)
    attributes: dict[str, Any] = {"engine": "collapsed", "method": method}
    sample_stats = None
    rng = np.random.default_rng(sampler.seed)
    if method == "importance":
        draws = batch([statistics], [priors], sampler.draws * sampler.chains, sampler.seed, sampler.device)
        attributes |= {
            "k_hat": float(draws.direct.k_hat[0]),
            "ess": float(draws.direct.ess[0]),
            "log_marginal": float(draws.direct.log_marginal[0]),
        }
        if not draws.direct.trusted[0]:
            method = attributes["method"] = "nuts"
    if method == "nuts":
        tree = nuts(collapsed_model(statistics, priors), sampler)
        names = scales_of(statistics, priors)
        points = np.log(np.stack([np.ravel(tree["posterior"][name].to_numpy()) for name in names], axis=-1))
        scales, theta, constant = _coefficients(statistics, priors, points, rng)
        sample_stats = tree["sample_stats"].to_dataset()
    else:
        names, scales, theta, constant = draws.scales, draws.values[0], draws.theta[0], draws.constant[0]
    values = variables(statistics, priors, dict(zip(names, scales.T, strict=True)), theta, constant, rng)
    return _tree(statistics, values, sampler, attributes, sample_stats)


def batch(
    statistics: Sequence[Statistics],
    priors: Sequence[Priors],
    draws: int,
    seed: int = Sampler.seed,
    device: Device = "cpu",
) -> Draws:
    """Draw from many posteriors of one shape at once: problem i is statistics[i], priors[i].

    One shape: the same form, effects, numbers of terms and strata (see `padded`) and, in unbalanced
    two-way panels, times; and priors of the same families.
    """
    run = programs(statistics[0], priors[0], device)
    each = [collapsed_data(s, p) for s, p in zip(statistics, priors, strict=True)]
    data = {name: np.stack([one[name] for one in each]) for name in each[0]}
    names = scales_of(statistics[0], priors[0])

    direct = sample(partial(run.density, data=data), len(each), len(names), draws, seed)
    for i in np.flatnonzero(~direct.trusted).tolist():
        alone = {name: value[i : i + 1] for name, value in data.items()}
        second_round(partial(run.density, data=alone), i, direct, draws, seed)
    noise = np.random.default_rng(seed + 1).standard_normal((draws, data["spread"].shape[1] + 1))
    noise = np.broadcast_to(noise, (len(each), *noise.shape))
    return Draws(names, direct, *run.coefficients(direct.points, data, noise))


def variables(
    statistics: Statistics,
    priors: Priors,
    scales: dict[str, Array],
    theta: Array,
    constant: Array,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Every variable of the expanded model, (m, ...) each, from draws of scales and coefficients."""
    k, g, unit = statistics.n_slope, statistics.n_between, statistics.scale.unit
    values = {"slope": theta[:, :k], **{name: at for name, at in scales.items() if "[" not in name}}
    if statistics.varying:
        shape = (len(theta), len(statistics.varying), len(statistics.groups))
        columns = [statistics.terms.index(term) for term in statistics.varying]
        deviation = theta[:, k + g : k + g + statistics.n_varying].reshape(shape)
        sd = np.stack([scales[f"sd_slope[{j}]"] for j in range(shape[1])], axis=1)
        values |= {"sd_slope": sd, "slope_offset": deviation / sd[:, :, None]}
        values["coef_by"] = (theta[:, columns, None] + deviation) * unit[columns, None]
    if g:
        values["between"] = theta[:, k : k + g]
    if statistics.entity_effects and len(theta) * len(statistics.rows) > MAX_EFFECTS:
        if statistics.form != "fixed":
            values["intercept"] = constant
        if statistics.explicit_time:
            values["time_effect"] = theta[:, k + g + statistics.n_varying :] @ statistics.basis.T
    else:
        noise = rng.standard_normal((len(theta), effect_noise(statistics)))
        data = collapsed_data(statistics, priors)
        values |= effects(statistics, data, scales, theta, constant, noise)
    scale = statistics.scale
    values["coef"] = theta[:, :k] * unit
    level = values["intercept"] if statistics.form is None else 0.0
    values["constant"] = scale.y_mean + scale.y_sd * level - values["coef"] @ scale.x_mean
    return values


def _coefficients(
    statistics: Statistics, priors: Priors, points: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    data = {name: value[None] for name, value in collapsed_data(statistics, priors).items()}
    noise = rng.standard_normal((1, len(points), data["spread"].shape[1] + 1))
    scales, theta, constant = programs(statistics, priors).coefficients(points[None], data, noise)
    return scales[0], theta[0], constant[0]


def _tree(
    statistics: Statistics,
    values: dict[str, Array],
    sampler: Sampler,
    attributes: dict[str, Any],
    sample_stats: Any,
) -> DataTree:
    from arviz_base import from_dict
    from xarray import DataTree

    dims = {
        "slope": ["term"],
        "between": ["term"],
        "coef": ["term"],
        "entity_effect": [statistics.entity_name],
        "time_effect": [statistics.time_name],
        "sd_slope": ["varying"],
        "slope_offset": ["varying", "group"],
        "coef_by": ["varying", "group"],
    }
    coords: dict[str, Any] = {
        "term": list(statistics.terms),
        statistics.entity_name: list(statistics.entities),
        statistics.time_name: list(statistics.times),
        "varying": list(statistics.varying),
        "group": list(statistics.groups),
    }
    shape = (sampler.chains, sampler.draws)
    chains = {name: value.reshape(shape + value.shape[1:]) for name, value in values.items()}
    used = {name: axes for name, axes in dims.items() if name in chains}
    kept = {axis: coords[axis] for axes in used.values() for axis in axes}
    tree = from_dict({"posterior": chains}, dims=used, coords=kept)
    if sample_stats is not None:
        tree["sample_stats"] = DataTree(sample_stats)
    tree.attrs = attributes
    return tree
