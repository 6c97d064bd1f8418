"""The kind of a specification, stated or inferred, is one everywhere, and refuses what is another kind's."""

from typing import Any

import pytest

from posterity.data.errors import InputError
from posterity.data.study.file import read_study
from posterity.data.study.kinds import KINDS
from posterity.data.study.laws import LAWS
from posterity.data.study.spec import Spec

from ...papers import write_paper

EXAMPLES: dict[str, dict[str, Any]] = {
    "pooled": {"formula": "y ~ x"},
    "effects": {"formula": "y ~ x | city"},
    "random": {"formula": "y ~ x | city", "estimator": "random"},
    "instrument": {"formula": "y ~ w | city | x ~ z"},
    "mediation": {"formula": "y ~ x + m | city", "mediator": "m"},
    "threshold": {"formula": "y ~ x + q | city", "variable": "q", "regime_dependent": "x"},
}


def test_every_kind_that_a_study_can_name_has_its_rules_and_its_own_fields():
    assert set(KINDS) == set(EXAMPLES)
    for rules in KINDS.values():
        assert set(rules.keys) <= Spec.model_fields.keys()
        assert set(rules.needs) <= set(rules.keys)
        assert set(rules.errors) <= set(LAWS)


def test_a_kind_that_is_not_known_is_refused_with_those_that_are():
    with pytest.raises(
        ValueError, match="must be 'effects', 'instrument', 'mediation', 'pooled', 'random' or 'threshold'"
    ):
        Spec(formula="y ~ x", kind="iv")


@pytest.mark.parametrize(("kind", "keys"), EXAMPLES.items())
def test_the_kind_follows_from_formula_and_keys(kind, keys):
    assert Spec(**keys).kind == kind
    assert Spec(**keys, kind=kind).kind == kind


def test_formulas_with_instruments_come_first_then_keys_then_effects():
    with pytest.raises(
        ValueError, match=r"'mediator' belongs to kind 'mediation', and this is of kind 'instrument'"
    ):
        Spec(formula="y ~ m | city | x ~ z", mediator="m")
    with pytest.raises(
        ValueError, match=r"'variable' belongs to kind 'threshold', and this is of kind 'mediation'"
    ):
        Spec(formula="y ~ x + m + q", mediator="m", variable="q", regime_dependent="x")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"formula": "y ~ x | city", "kind": "pooled"},
            "kind 'pooled' has no effects, but the formula names city",
        ),
        (
            {"formula": "y ~ x", "kind": "effects"},
            "kind 'effects' needs effects in the formula: '... | entity + year'",
        ),
        ({"formula": "y ~ x", "kind": "mediation"}, "kind 'mediation' needs 'mediator'"),
        (
            {"formula": "y ~ x", "kind": "threshold", "variable": "q"},
            "kind 'threshold' needs 'variable' and 'regime_dependent'",
        ),
        (
            {"formula": "y ~ x", "kind": "instrument"},
            "kind 'instrument' and a formula part 'endogenous ~ instruments' belong together; give both",
        ),
        (
            {"formula": "y ~ w | city | x ~ z", "kind": "effects"},
            "kind 'instrument' and a formula part 'endogenous ~ instruments' belong together; give both",
        ),
        (
            {"formula": "y ~ x + m", "mediator": "m", "errors": "ar1"},
            "'errors' belong to kinds 'threshold', 'random', 'effects' and 'pooled', not to 'mediation'",
        ),
        (
            {"formula": "y ~ x", "varying": {"by": "region"}},
            "'varying' slopes belong to kind 'effects', with effects in the formula",
        ),
        (
            {"formula": "y ~ x | city", "thresholds": 2},
            "'thresholds' belongs to kind 'threshold', and this is of kind 'effects'; remove it",
        ),
        (
            {"formula": "y ~ x", "estimator": "random"},
            "kind 'random' needs effects in the formula: '... | entity + year'",
        ),
        (
            {"formula": "y ~ x | city", "estimator": "re"},
            "must be 'random', 'random_mle' or 'random_sa'",
        ),
        (
            {"formula": "y ~ x | city", "estimator": "random", "form": "fixed"},
            "estimator = 'random' says that effects are random; remove form = 'fixed'",
        ),
        (
            {"formula": "y ~ x | city", "estimator": "random", "vcov": "hetero"},
            "robust errors of random effects are clustered by the entity",
        ),
    ],
)
def test_what_a_kind_refuses_is_said_in_one_sentence(keys, said):
    with pytest.raises(ValueError, match="Value error") as refused:
        Spec(**keys)
    assert said in str(refused.value)


def test_the_name_of_the_attribute_is_no_key_of_a_study_file(tmp_path):
    """`kind` is the key; the kind that a file states is kept under a name that nobody reads by mistake."""
    rows = "T1,1,x,0.5,0.1,,**,,,,60,,y,\n"
    text = '[spec."T1.1"]\nformula = "y ~ x"\nstated_kind = "pooled"\n'
    with pytest.raises(
        InputError, match=r"key 'stated_kind' is not known\. Known: formula, label, kind, vcov"
    ):
        read_study(write_paper(tmp_path, text, rows) / "study.toml")


@pytest.mark.parametrize(
    ("kind", "term", "regressor"),
    [
        ("threshold", "x_regime2", "x"),
        ("effects", "x_regime2", "x_regime2"),
        ("mediation", "direct", "x"),
        ("effects", "direct", "direct"),
        ("mediation", "m", "m"),
    ],
)
def test_the_regressor_of_which_a_printed_coefficient_tells(kind, term, regressor):
    assert Spec(**EXAMPLES[kind]).regressor_of(term) == regressor
