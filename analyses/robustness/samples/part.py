"""Influence of parts of the sample, predictive accuracy, and checks of the law of errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....data.panel.panel import Panel
from ....data.sample.both_effects import with_both_effects
from ....data.sample.design import Design
from ....data.study.spec import Form
from ....models.engine.collapsed import collapsible
from ....models.errors import LAWS
from ...judge.claim import claim_of
from ...judge.interval import judged_slopes
from ...run.results import Request, SpecFit
from .checks import checks
from .influence import influence
from .prediction import predictions


def samples(one: SpecFit, panels: Sequence[Panel], request: Request) -> dict[str, Any] | None:
    """Influence, predictive accuracy and checks of the model that the verdict judges.

    None at tables evidence, where errors are not Gaussian, for other kinds than effects and pooled, where the
    intercept's prior is not normal, and where nothing can be left out.
    """
    if not panels or not LAWS[one.view.errors].additive or not collapsible(one.priors):
        return None
    claims = {p.term: claim_of(one, p) for p in one.printed if p.std_error is not None}
    designs, form = judged(one, panels)
    if not any(term in claims for term in designs[0].terms):
        return None
    seed = request.sampler.seed  # of every column, so that one model has one answer
    groups = {
        kind: {
            name: [panels[0].labelled(entity) for entity in entities] for name, entities in members.items()
        }
        for kind, members in one.view.file.groups.items()
    }
    found = influence(designs, form, one.priors, claims, groups, seed, judged_slopes(one).widening)
    if found is None:
        return None
    return {
        "outcome": designs[0].outcome,
        "entity": designs[0].entity_name,
        "time": designs[0].time_name,
        "entity_effects": form is not None and designs[0].entity_effects,
        "panels": len(designs),
        "synthetic": designs[0].synthetic,
        "influence": found,
        "predictions": predictions(designs, form, one.priors, seed),
        "checks": checks(designs, seed),
    }


def judged(one: SpecFit, panels: Sequence[Panel]) -> tuple[list[Design], Form | None]:
    """The design on each panel and the form of the model on which the verdict is based.

    For a column pooled across entities that is the model with effects, less the regressors that they absorb.
    """
    designs = [one.view.design(panel) for panel in panels]
    if one.with_effects is None:
        return designs, one.form
    return [with_both_effects(design) for design in designs], one.with_effects.form
