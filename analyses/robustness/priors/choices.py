"""The priors that are tried: of the slope in question, of one slope at a time, and of all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....data.study.spec import Belief
from ....models.engine.statistics import Statistics
from ....models.priors import Prior, Priors
from ....models.slopes.multiverse import rescaled

NARROWER, WIDER = 0.25, 4.0
WIDTHS = (0.1, NARROWER, 0.5, 2.0, WIDER, 10.0)
BEYOND = 1.6448536269514722  # a normal exceeds this many standard deviations with probability 0.05
SPREADS = ("sigma", "sd_entity", "sd_time", "sd_slope", "effect")


@dataclass(frozen=True)
class Choice:
    """One prior of one slope, standardised; None is flat.

    Attributes
    ----------
    group : run, width, tail, centre, flat or belief
    reasonable : whether a change of verdict under it says that the prior decides
    """

    group: str
    label: str
    prior: Prior | None
    reasonable: bool = False


def own_choices(run: Prior | None, published: float, beliefs: Mapping[str, Prior]) -> list[Choice]:
    """Priors of a slope, `published` (standardised) being its printed estimate.

    Scale, tail and centre are varied about the run's prior; where that is flat, only beliefs are left. The
    sceptic's is normal about 0 with 5% beyond the published estimate, the enthusiast's as wide and centred
    there (Spiegelhalter, Freedman and Parmar 1994, doi:10.2307/2983527). Both are made of the estimate that
    they judge: devices, not beliefs that anybody could have held beforehand.
    """
    found = [Choice("run", "this run's", run, run is not None)]
    if run is not None:
        *rest, scale = run.arguments
        centre = rest[-1]
        for factor in WIDTHS:
            wide = Prior(run.family, (*rest, scale * factor))
            found.append(Choice("width", str(wide), wide, factor in (NARROWER, WIDER)))
        for tail in (
            Prior("normal", (centre, scale)),
            Prior("student_t", (3.0, centre, scale)),
            Prior("cauchy", (centre, scale)),
            Prior("laplace", (centre, scale)),
        ):
            if tail.family != run.family:
                found.append(Choice("tail", str(tail), tail, True))
        for shift in (-0.5, 0.5):
            moved = Prior(run.family, (*rest[:-1], centre + shift * scale, scale))
            found.append(Choice("centre", str(moved), moved))
        found.append(Choice("flat", "flat", None))
    if published:
        sd = abs(published) / BEYOND
        found.append(Choice("belief", "sceptic's", Prior("normal", (0.0, sd))))
        found.append(Choice("belief", "enthusiast's", Prior("normal", (published, sd))))
    return found + [Choice("belief", name, prior) for name, prior in beliefs.items()]


def beliefs_of(beliefs: Sequence[Belief], term: str) -> dict[str, Prior]:
    """Normal priors of a slope that the study file takes from other papers, on this paper's scale."""
    return {b.source: Prior("normal", (b.estimate, b.std_error)) for b in beliefs if b.term == term}


def around(statistics: Statistics, priors: Priors) -> dict[str, Priors]:
    """Other priors of everything but one slope, each by a label of what is changed."""
    fixed = statistics.form == "fixed"
    used = {
        "sigma": True,
        "sd_entity": statistics.entity_effects and not fixed,
        "sd_time": statistics.time_effects and not fixed,
        "sd_slope": bool(statistics.varying),
        "effect": fixed,
    }
    spreads = [name for name in SPREADS if used[name]]
    found: dict[str, Priors] = {}
    for word, factor in (("narrower", NARROWER), ("wider", WIDER)):
        changed = priors
        for name in spreads:
            changed = rescaled(changed, name, factor)
        found[f"errors and effects 4 times {word}"] = changed
    heavy = {
        name: Prior("half_cauchy", priors[name].arguments)
        for name in spreads
        if priors[name].family == "half_normal"
    }
    if heavy:
        found["errors and effects half_cauchy"] = {**priors, **heavy}
    groups = {"all slopes": "slope"} | ({"entity means": "between"} if statistics.n_between else {})
    for what, name in groups.items():
        for word, factor in (("narrower", NARROWER), ("wider", WIDER)):
            found[f"{what} 4 times {word}"] = rescaled(priors, name, factor)
    return found
