"""The exact posterior of the number and the locations of thresholds, by enumeration.

Coefficients and effects are integrated out, scales by quadrature. Given the scales, the columns c of the
model without thresholds are projected out of the regime columns h of all candidates once (S = h'V^-1 h and r
= h'V^-1 y after that). A set J of candidates then changes the log marginal likelihood by

    -1/2 log |I + tau^2 S_JJ| + 1/2 tau^2 r_J' (I + tau^2 S_JJ)^-1 r_J,

which takes one small Cholesky factor. The likelihood without thresholds, `models.engine.collapsed`, gives
the weights of the scales. In `fixed` and `mundlak` a regime column has no part between entities or periods,
so that S and r depend on sigma alone. The other scales are then integrated out for each sigma beforehand,
and what is left is a one-dimensional trapezoid rule in log sigma, whose error in a log evidence is below
1e-6 even with 16 rows. In `random` each sigma comes with draws of the other scales. tau is integrated by
Gauss-Legendre nodes in its prior probability. Errors that a law correlates take nodes of their own
(`correlated_nodes`), each with all scales; the rest is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...data.errors import InputError
from ...data.study.spec import Form
from ..engine.collapsed import collapsed_data, scales_of
from ..engine.importance import find_mode, sample
from ..engine.programs import programs
from ..engine.psis import log_sum_exp
from ..engine.statistics import Statistics, padded, statistics_of_design
from ..errors import LAWS
from ..errors.law import Law
from ..frequentist.hansen import search
from ..kinds.threshold import admissible_sets, log_prior_of_sets
from ..priors import DEFAULTS, Prior, Priors
from .blocks import blocks_of, columns_above
from .correlated_nodes import correlated_nodes
from .marginal_likelihood import Blocks, log_marginals
from .metrics import Nodes
from .regimes import Array, Codes, Regimes, room, thinned

INDEPENDENT = LAWS["gaussian"]
NODES = 28
REACH = (7.0, 10.0)  # few degrees of freedom leave log sigma a longer tail above
SMALLEST = 1e-300
OTHERS = 12
INNER_DRAWS = 1000
CHANGES = 8
MOST = {1: 1000, 2: 400, 3: 70, 4: 35}
MOST_RANDOM = {1: 1000, 2: 120, 3: 40, 4: 25}


@dataclass(frozen=True, eq=False)
class Enumerated:
    """The posterior of the number of thresholds and of their locations, exact at the nodes.

    Attributes
    ----------
    law : of the errors
    regimes : for each K >= 1 the candidates used (fewer for larger K)
    sets : for each K the candidate indices (P, K)
    changes : (G,) values of tau; change_weights : (G,) their prior weights
    log_evidence : for each K (G, P) log p(y, set | K, tau), K = 0 included (G, 1)
    """

    form: Form
    law: Law
    regimes: tuple[Regimes, ...]
    sets: tuple[Codes, ...]
    nodes: Nodes
    blocks: tuple[Blocks, ...]
    changes: Array
    change_weights: Array
    log_evidence: tuple[Array, ...]

    @cached_property
    def log_marginal(self) -> Array:
        """(G, K + 1) log p(y | K, tau), of the standardised outcome."""
        return np.stack([log_sum_exp(each) for each in self.log_evidence], axis=1)

    @property
    def probability_by_change(self) -> Array:
        """(G, K + 1) Posterior of K for each tau, every K equally likely beforehand."""
        return _normalised(self.log_marginal)

    @property
    def probability(self) -> Array:
        """(K + 1,) Posterior of K, tau integrated out."""
        joint = self.log_marginal + np.log(self.change_weights)[:, None]
        return _normalised(log_sum_exp(joint.T)[None])[0]

    def weights(self, thresholds: int) -> Array:
        """(G, P) Posterior of tau and set given K."""
        joint = self.log_evidence[thresholds] + np.log(self.change_weights)[:, None]
        return _normalised(joint.reshape(1, -1)).reshape(joint.shape)

    def locations(self, thresholds: int) -> Array:
        """(K, m) Posterior of each threshold, lowest first, over the candidates, given K."""
        weight, found = self.weights(thresholds).sum(axis=0), self.regimes[thresholds - 1]
        return np.stack(
            [np.bincount(column, weight, len(found.candidates)) for column in self.sets[thresholds].T]
        )


def enumerate_thresholds(
    found: Regimes,
    most: int = 3,
    priors: Priors = DEFAULTS,
    form: Form = "mundlak",
    location: Prior | None = None,
    seed: int = 0,
    law: Law = INDEPENDENT,
) -> Enumerated:
    """The posterior of 0, 1, ..., `most` thresholds and of all their locations.

    Where candidates are many, larger numbers of thresholds are sought among some of them (`MOST`): evenly
    spaced ones and those where fewer thresholds are likely to lie, each with the prior of the candidates
    nearest to it.

    Parameters
    ----------
    location
        A prior on where a threshold lies, on the paper's scale; flat over the candidates where None.
    law
        Of the errors: independent ones, or a law that is a `Whitening`.

    Raises
    ------
    InputError
        Where slopes have priors that are not normal, or the panel has no room for so many thresholds.
    """
    limits = MOST_RANDOM if form == "random" else MOST
    _check(found, most, priors, limits)
    if law.additive:
        statistics = padded(statistics_of_design(found.design, form))
        nodes = scale_nodes(found, statistics, priors, most, seed)
    else:
        nodes = correlated_nodes(found, most, priors, form, law, seed)
    changes, change_weights = change_nodes(priors["difference"])
    log_evidence = [np.full((len(changes), 1), log_sum_exp(nodes.log_weight[None])[0])]
    used: list[Regimes] = []
    sets, blocks = [np.zeros((1, 0), np.int64)], list[Blocks]()
    prior = np.ones(len(found.candidates))
    if location is not None:
        log_density = location.frozen().logpdf(found.candidates)
        prior = np.maximum(np.exp(log_density - log_density.max()), SMALLEST)
    likely = prior / prior.sum()
    for thresholds in range(1, most + 1):
        own, share = thinned(found, limits[thresholds], likely, prior)
        if used and len(own.candidates) == len(used[-1].candidates):
            blocks.append(blocks[-1])
        else:
            blocks.append(blocks_of(own, columns_above(own), priors, form, law))
        used.append(own)
        sets.append(admissible_sets(own, thresholds))
        log_prior = log_prior_of_sets(sets[-1], np.log(share))
        log_evidence.append(log_marginals(blocks[-1], nodes, changes, sets[-1]) + log_prior)
        weight = _normalised(log_sum_exp(log_evidence[-1].T)[None])[0]
        at = np.searchsorted(found.candidates, own.candidates)
        likely = likely + np.bincount(at[sets[-1]].ravel(), np.repeat(weight, thresholds), len(likely))
    return Enumerated(
        form,
        law,
        tuple(used),
        tuple(sets),
        nodes,
        tuple(blocks),
        changes,
        change_weights,
        tuple(log_evidence),
    )


def _check(found: Regimes, most: int, priors: Priors, limits: dict[int, int]) -> None:
    for name in ("slope", "between", "intercept"):
        if priors[name].family != "normal":
            raise InputError(
                f"prior {name} = {priors[name]}: thresholds are enumerated with "
                "the coefficients integrated out, "
                "which takes normal priors; state a normal one for this column."
            )
    if not 0 <= most <= max(limits):
        raise InputError(f"{most} thresholds are not enumerated; ask for at most {max(limits)}.")
    if room(found) < most:
        raise InputError(
            f"the threshold variable {found.variable!r} has no room for {most} thresholds that leave "
            f"{found.least} rows in every regime; ask for fewer."
        )


def change_nodes(prior: Prior) -> tuple[Array, Array]:
    """Values of tau and their weights: Gauss-Legendre in the probability of its prior."""
    at, weight = np.polynomial.legendre.leggauss(CHANGES)
    return prior.frozen().ppf((at + 1) / 2), weight / 2


def scale_nodes(found: Regimes, statistics: Statistics, priors: Priors, most: int, seed: int) -> Nodes:
    """Evenly spaced log sigma that covers every model, each with the weight that the other scales give it."""
    names = scales_of(statistics, priors)
    run = programs(statistics, priors)
    data = {name: value[None] for name, value in collapsed_data(statistics, priors).items()}

    def density(points: Array) -> Array:
        flat = points.reshape(1, -1, len(names))
        return run.density(flat, data).reshape(points.shape[:2])

    mode, root = find_mode(density, 1, len(names))
    spread = float(np.sqrt((root[0, 0] ** 2).sum()))
    sse = search(found, most).sse if most else np.ones(1)
    low = mode[0, 0] + 0.5 * np.log(sse.min() / sse[0]) - REACH[0] * spread
    log_sigma = np.linspace(low, mode[0, 0] + REACH[1] * spread, NODES)
    step = np.log(log_sigma[1] - log_sigma[0])
    zero, none = np.zeros(NODES), np.zeros((NODES, 1, 2))
    if len(names) == 1:
        log_weight = density(log_sigma[:, None, None])[:, 0] + step
        return Nodes(np.exp(log_sigma), zero, zero, log_weight, none, {}, grid=True)

    def given_sigma(points: Array) -> Array:
        first = np.broadcast_to(log_sigma[:, None, None], (*points.shape[:2], 1))
        return density(np.concatenate([first, points], axis=2))

    inner = sample(given_sigma, NODES, len(names) - 1, INNER_DRAWS, seed)
    log_weight = inner.log_marginal + step
    others = np.zeros((NODES, OTHERS, 2))
    for j, name in enumerate(names[1:]):
        few = inner.points[:, :: INNER_DRAWS // OTHERS, j][:, :OTHERS]
        others[:, :, ("sd_entity", "sd_time").index(name)] = np.exp(few)
    if statistics.form != "random":
        return Nodes(np.exp(log_sigma), zero, zero, log_weight, others, {}, grid=True)
    each = others.reshape(-1, 2)
    sigma, weight = np.repeat(np.exp(log_sigma), OTHERS), np.repeat(log_weight - np.log(OTHERS), OTHERS)
    return Nodes(sigma, each[:, 0], each[:, 1], weight, each[:, None], {}, grid=False)


def _normalised(log_values: Array) -> Array:
    return np.exp(log_values - log_sum_exp(log_values)[:, None])
