"""Each kind of specification has all that a report asks of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from posterity.data.study.kinds import KINDS as OF_STUDY_FILES
from posterity.models.priors import PARAMETERS
from posterity.reports.kinds import KINDS, PRINTED_NUMBERS, model_of
from posterity.reports.kinds.model import FORM_EQUATIONS, FORM_MEANING, FORM_PRIORS, form_of
from posterity.reports.page.equations import equation_svg


def test_every_kind_of_a_study_file_is_shown():
    assert set(KINDS) == set(OF_STUDY_FILES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_a_model_has_a_picture_a_meaning_and_priors_that_are_explained(panel_fit, kind, form):
    model = KINDS[kind].model(replace(panel_fit.specs["T1.1"], form=form))
    assert equation_svg(model.latex).startswith(b"<?xml")
    assert model.meaning.endswith(".")
    assert set(model.priors) <= set(PARAMETERS)


def test_a_model_is_named_by_its_kind_and_the_form_of_its_effects(panel_fit):
    one = replace(panel_fit.specs["T1.1"], form="random")
    names = {name: kind.model(one).name for name, kind in KINDS.items()}
    assert names == {
        "effects": "random",
        "random": "random",
        "pooled": "random",
        "instrument": "instrument",
        "mediation": "mediation, random",
        "threshold": "threshold, random",
    }
    assert form_of(replace(one, form=None)) == "pooled"


def test_printed_numbers_have_one_model_whatever_the_kind(tables_fit):
    assert {model_of(tables_fit, one) for one in tables_fit.specs.values()} == {PRINTED_NUMBERS}


def test_forms_of_effects_are_the_same_in_equations_words_and_priors():
    assert set(FORM_EQUATIONS) == set(FORM_MEANING) == set(FORM_PRIORS)
    assert {name for names in FORM_PRIORS.values() for name in names} <= set(PARAMETERS)


@pytest.mark.parametrize(
    ("term", "slope"),
    [("x", True), ("x_regime1", True), ("x_regime2", False), ("x_regime10", False)],
)
def test_only_the_slope_of_the_first_regime_has_the_prior_of_slopes(term, slope):
    assert KINDS["threshold"].has_slope_prior(term) is slope


def test_terms_that_a_kind_prints_beside_those_of_its_formula(panel_fit):
    one = panel_fit.specs["T1.1"]
    assert [name for name, kind in KINDS.items() if kind.further_terms(one, "indirect")] == ["mediation"]
    assert not any(kind.further_terms(one, "R2") for kind in KINDS.values())
