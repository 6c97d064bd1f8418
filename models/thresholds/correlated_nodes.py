"""Values of all scales at which sets of thresholds are weighed, where the law of errors has parameters.

Sigma alone no longer decides: with correlated errors the regime columns see rho and the scale of the entity
effects as well. And what these are depends on what the model explains: a change of the slope that is left out
goes into the errors, makes them larger and, if the threshold variable moves quickly, less correlated. The
nodes are therefore points of a mixture of split t distributions (`engine.importance`), one about the mode of
each of the models that are compared: no threshold, Hansen's least-squares thresholds for each number, and the
linear interaction. Each node's weight is p(y, scales) over the density of the mixture. Points are those of a
scrambled Sobol sequence, whose averages are more exact than those of as many random ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import lgamma, log, pi

import numpy as np
from scipy.stats import chi2, norm, qmc

from ...data.sample.design import Design
from ...data.study.spec import Form
from ..engine.importance import NU, Proposal, find_mode, fit_proposal
from ..engine.psis import log_sum_exp
from ..errors.inference.importance_draws import programs
from ..errors.inference.problem import problem, values_of
from ..errors.law import Law
from ..frequentist.hansen import search
from ..priors import Priors
from .metrics import Nodes
from .regimes import Array, Regimes

EACH = 32  # points about each mode; a power of 2, as the sequence of Sobol wants it


def correlated_nodes(found: Regimes, most: int, priors: Priors, form: Form, law: Law, seed: int) -> Nodes:
    """Points of the mixture, with their weights in the model without thresholds."""
    design = found.design
    plan, data = problem(design, priors, form, law)
    run = programs(plan, "cpu")
    d = len(plan.names)
    proposals = []
    for wider in _designs(found, most):
        wide_plan, own = problem(wider, priors, form, law)
        wide_run = programs(wide_plan, "cpu")

        def density(points: Array, run=wide_run, data=own) -> Array:
            return run.density(points[0], data)[None]

        proposals.append(fit_proposal(density, *find_mode(density, 1, d)))
    sobol = qmc.Sobol(d + 1, rng=np.random.default_rng(seed))
    points = np.concatenate([_points(each, sobol.random(EACH)) for each in proposals])
    log_q = log_sum_exp(np.column_stack([_log_density(each, points) for each in proposals]))
    log_weight = run.density(points, data) - log_q - log(EACH)
    log_weight = np.where(np.isfinite(log_weight), log_weight, -np.inf)
    values = values_of(plan, points)
    zero = np.zeros(len(points))
    flat = float(data["effect_sd"]) if form == "fixed" else 0.0
    entity = values.get("sd_entity", zero + flat * design.entity_effects)
    time = values.get("sd_time", zero + flat * design.time_effects)
    errors = {own.name: values[own.name] for own in law.parameters}
    others = np.column_stack([entity, time])[:, None]
    return Nodes(values["sigma"], entity, time, log_weight, others, errors, grid=False)


def _designs(found: Regimes, most: int) -> Iterator[Design]:
    """The design alone, with the columns of the best 1, ..., `most` thresholds, and with x q."""
    columns = [np.zeros((found.design.n, 0))]
    if most:
        places = search(found, most).thresholds
        columns += [np.where(found.q[:, None] > at, found.x[:, None], 0.0) for at in places]
    columns.append((found.x * (found.q - found.q.mean()))[:, None])
    for more in columns:
        more = more[:, more.std(axis=0) > 0]
        names = tuple(f"change {j}" for j in range(more.shape[1]))
        design = found.design
        yield replace(design, terms=(*design.terms, *names), X=np.hstack([design.X, more]), varying=None)


def _points(proposal: Proposal, uniform: Array) -> Array:
    """(S, d) Points of a split t from uniform numbers (S, d + 1)."""
    mode, root, sides = (each[0] for each in proposal)
    u, common = uniform[:, :-1], np.sqrt(NU / chi2.ppf(uniform[:, -1:], NU))
    low = sides[0] / sides.sum(axis=0)
    below = u < low
    share = np.where(below, 1 - u / low, (u - low) / (1 - low))
    move = np.where(below, -sides[0], sides[1]) * norm.ppf((1 + share) / 2) * common
    return mode + move @ root.T


def _log_density(proposal: Proposal, points: Array) -> Array:
    """(S,) Of a split t at points (S, d)."""
    mode, root, sides = (each[0] for each in proposal)
    d = len(mode)
    move = np.linalg.solve(root, (points - mode).T).T
    z = move / np.where(move < 0, sides[0], sides[1])
    log_t = lgamma((NU + d) / 2) - lgamma(NU / 2) - d / 2 * log(NU * pi)
    log_t = log_t - (NU + d) / 2 * np.log1p((z**2).sum(axis=1) / NU)
    return log_t - np.log(sides.sum(axis=0) / 2).sum() - np.linalg.slogdet(root)[1]
