"""Other choices that an analyst could have made in a column: effects, controls, prior, sample."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from ...data.errors import InputError
from ...data.panel.panel import Panel
from ...data.sample.design import Design, subset
from ...data.sample.estimable import check_estimable
from ...data.sample.steps.select import without_keep
from ...data.study.spec import Form, Spec
from ..view import SpecView

ALL_SUBSETS = 3
PRIOR_SCALES = {"as stated": 1.0, "scale × 1/4": 0.25, "scale × 4": 4.0}


class Effects(NamedTuple):
    """A form of effects (None: no effects), and whether entities and times have them."""

    form: Form | None
    entity: bool
    time: bool


def focal_terms(view: SpecView) -> tuple[str, ...]:
    """The regressors in question: those that come first in this column or in another of the same outcome."""
    formula = view.spec.parsed
    leaders = {
        str(other.parsed.terms[0])
        for other in view.file.spec.values()
        if other.parsed.outcome == formula.outcome and other.rules.one_equation
    }
    return tuple(str(t) for t in formula.terms if str(t) in leaders)


def own_effects(view: SpecView, design: Design, form: Form | None) -> Effects:
    if not view.spec.parsed.effects:
        return Effects(None, False, False)
    return Effects(form or view.form, design.entity_effects, design.time_effects)


def effects_choices(design: Design, own: Effects) -> dict[str, Effects]:
    """By label, the column's own first; those that the data cannot estimate are left out."""
    listed = [own, Effects(None, False, False)]
    for entity, time in ((True, False), (False, True), (True, True)):
        forms: tuple[Form, ...] = ("fixed", "random", "mundlak") if entity else ("fixed", "random")
        listed += [Effects(form, entity, time) for form in forms]
    found = {}
    for effects in listed:
        if estimable(replace(design, entity_effects=effects.entity, time_effects=effects.time)):
            found[_label(design, effects)] = effects
    return found


def _label(design: Design, effects: Effects) -> str:
    if effects.form is None:
        return "none"
    names = [design.entity_name] * effects.entity + [design.time_name] * effects.time
    return f"{effects.form}: {' + '.join(names)}"


def control_choices(terms: tuple[str, ...], focal: str) -> dict[str, tuple[str, ...]]:
    """By label, the controls left out: none, each in turn, all; all subsets where there are at most three."""
    others = tuple(term for term in terms if term != focal)
    few = len(others) <= ALL_SUBSETS
    sizes = range(len(others) + 1) if few else (0, 1, len(others))
    found: dict[str, tuple[str, ...]] = {}
    for size in sizes:
        for out in combinations(others, size):
            name = "all" if not out else "none" if size == len(others) else f"without {', '.join(out)}"
            found[name] = out
    return found


def sample_choices(view: SpecView, panel: Panel, variants: dict[str, Spec]) -> dict[str, Design]:
    """By label, the column's own rows, its early and late half, and the samples of its variants."""
    design = plain(view.design(panel))
    early = design.time < len(design.times) // 2
    found = {"own": design}
    for name, rows in (("first half", early), ("second half", ~early)):
        found[f"{name} of {design.time_name}s"] = subset(design, rows)
    for name, spec in variants.items():
        if spec.parsed.outcome == view.spec.parsed.outcome and spec.steps != view.spec.steps:
            steps = view.spec.model_copy(update={"steps": spec.steps})
            found[f"as in {name}"] = plain(replace(view, spec=steps).design(panel))
    return {name: one for name, one in found.items() if name == "own" or estimable(one)}


def width(view: SpecView) -> int:
    """The most regressors of any effects or pooled column of the study."""
    specs = [s for s in view.file.spec.values() if s.rules.one_equation]
    return max(len(s.parsed.terms) for s in specs)


def fullest(view: SpecView) -> bool:
    """Whether no column of the same outcome has more regressors than this one.

    False for columns that are a variant of another, or that use a part of the sample.
    """
    alike = [s for s in view.file.spec.values() if s.parsed.outcome == view.spec.parsed.outcome]
    most = max(len(s.parsed.terms) for s in alike if s.rules.one_equation)
    whole = view.spec.variant_of is None and without_keep(view.spec.steps) == view.spec.steps
    return whole and len(view.spec.parsed.terms) == most


def variants_of(view: SpecView) -> dict[str, Spec]:
    """The columns that the study file calls variants of this one."""
    return {name: spec for name, spec in view.file.spec.items() if spec.variant_of == view.id}


def plain(design: Design) -> Design:
    """Without slopes that vary."""
    return replace(design, varying=None)


def estimable(design: Design) -> bool:
    """Whether rows and effects can tell the coefficients apart."""
    try:
        check_estimable(design)
    except InputError:
        return False
    return True


def rounded(value: float) -> float:
    """To five digits, as records keep it."""
    return float(f"{value:.5g}")
