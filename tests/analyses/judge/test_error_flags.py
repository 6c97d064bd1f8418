"""Flags on the errors that a model assumes, where they are due and where they are not."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from posterity.analyses.judge.flags import flags_of, precise_null
from posterity.analyses.run.results import Widening

from .stubs import SPECS, column
from .test_flags import WITH_EFFECTS, case, flags


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (
            0.79,
            "judged interval is the model's: the cluster-robust standard error is 0.79 times the model's own",
        ),
        (0.8, None),
        (1.2, None),
        (1.21, "judged interval widened: the cluster-robust standard error is 1.21 times the model's own"),
    ],
)
def test_errors_that_are_not_as_modelled(tmp_path, factor, said):
    one = column(tmp_path, widening={"x1": Widening(1.0, factor, 3000)})
    assert flags(one) == ([said] if said else [])
    assert flags(one, term="x2") == []


@pytest.mark.parametrize(
    ("clusters", "factor", "said"),
    [
        (30, 1.34, ""),
        (30, 1.35, "widened"),
        (30, 0.68, ""),
        (30, 0.67, "is the model's"),
        (5, 1.92, ""),
        (5, 1.94, "widened"),
        (200, 1.2, ""),
        (200, 1.21, "widened"),
    ],
)
def test_few_clusters_show_a_ratio_of_standard_errors_by_chance(tmp_path, clusters, factor, said):
    """By tables of chi-squared: 52.34 and 13.12 with 29 degrees of freedom, 14.86 with 4."""
    one = column(tmp_path, widening={"x1": Widening(1.0, factor, clusters)})
    assert [said in text for text in flags(one)] == ([True] if said else [])


@pytest.mark.parametrize(("rho", "said"), [(0.31, True), (0.29, False), (-0.31, True), (-0.29, False)])
@pytest.mark.parametrize(("vcov", "due"), [("", True), ("hetero", True), ("cluster", False)])
def test_errors_that_persist_where_the_paper_takes_rows_as_independent(tmp_path, rho, said, vcov, due):
    given = {"": "", "hetero": 'vcov = "hetero"\n', "cluster": 'vcov = { cluster = "region" }\n'}[vcov]
    judged = {"q2.5": 0.3, "q97.5": 0.7}
    other = {
        "mean": 0.5,
        "judged": judged,
        "parameters": {"rho_error": rho},
        "parameter_sds": {"rho_error": 0.1},
    }
    one = column(tmp_path, SPECS + given)
    wanted = f"errors are correlated over time (ρ = {rho:.2f}, sd 0.10): printed as if independent"
    found = flags_of(replace(case(one), other_law=other))
    assert (wanted in found) == (said and due)


@pytest.mark.parametrize(("shift", "said"), [(-1.1, "1.1"), (3.53, "3.5"), (1.0, None), (-0.9, None)])
def test_a_prior_that_moves_the_estimate_by_more_than_a_standard_error(tmp_path, shift, said):
    """Of the fit that is judged: of a pooled column, that with effects."""
    there = column(tmp_path, widening={"x1": Widening(1.0, 1.0, 30, shift)})
    for one, rest in ((there, []), (column(tmp_path, with_effects=there), [*WITH_EFFECTS])):
        text = f"prior moves the estimate by {said} standard errors: see robustness to priors"
        assert flags(one) == [*rest, *([text] if said else [])]
        assert flags(one, term="x2") == rest


def test_a_null_is_precise_in_plain_standard_deviations_of_the_rows(tmp_path):
    """0.1 sd of y for one of x1, whatever the unit of the prior: here 0.1 x 2 / 4 = 0.05."""
    made = column(tmp_path, rows="T1,1,x1,0.01,0.10,,,,,,84,,y,\n")
    plain: Any = SimpleNamespace(terms=("x1",), X=np.array([[-4.0], [4.0]]), y=np.array([-2.0, 2.0]))
    for reach, said in ((0.049, True), (0.051, False)):
        one = replace(made, design=plain, units={"x1": 1e6 if not said else 1e-6})
        made_case = case(one)
        near = replace(made_case, interval=replace(made_case.interval, low=-reach, high=reach))
        assert any(text.startswith("precisely") for text in precise_null(near)) == said
