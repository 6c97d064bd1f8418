"""The formula language against its grammar."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posterity.data.errors import InputError
from posterity.data.study.formula import Term, parse


def test_all_three_parts():
    f = parse("y ~ a + log(b) | firm + year | p ~ z1 + z2")
    assert f.outcome == Term("y")
    assert f.regressors == (Term("a"), Term("b", log=True))
    assert f.effects == ("firm", "year")
    assert (f.endogenous, f.instruments) == ((Term("p"),), (Term("z1"), Term("z2")))
    assert f.variables == ("y", "p", "a", "b", "z1", "z2")


def test_only_what_is_instrumented_on_the_right():
    f = parse("y ~ 1 | firm + year | p ~ z")
    assert (f.regressors, f.terms, f.effects) == ((), (Term("p"),), ("firm", "year"))


def test_names_of_any_script_and_in_backticks():
    f = parse("共同富裕 ~ `GDP per head` + naïve | 省份")
    assert [str(t) for t in f.terms] == ["GDP per head", "naïve"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "y",
        "y ~",
        "~ x",
        "y ~ 1",
        "y ~ 1 | firm",
        "y ~ 1 + x | firm | p ~ z",
        "y ~ 12 | firm | p ~ z",
        "y ~ x + 1",
        "y ~ x +",
        "y ~ x | ",
        "y ~ x ~ z",
        "y ~ x + x",
        "y ~ y",
        "y ~ exp(x)",
        "y ~ log(x",
        "y ~ log(log(x))",
        "y ~ __import__('os').system('true')",
        "y ~ x; import os",
        "y ~ x[0]",
        "y ~ x.real",
        "y ~ x * z",
        "y ~ x | log(year)",
        "y ~ x | year | city",
        "y ~ x | city | p + q ~ z",
        "y ~ `x",
        "y ~ " + "x" * 3000,
    ],
)
def test_refused_in_one_sentence(text):
    with pytest.raises(InputError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text):
    with contextlib.suppress(InputError):
        parse(text)
