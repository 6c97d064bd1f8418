"""A second law of errors beside the default one: when it is fitted, and what it does to a verdict."""

from dataclasses import replace

import pytest

import posterity as po
from posterity.analyses.judge.records import record
from posterity.analyses.run.results import Widening

from ...papers import HEADER
from ...there import there
from .stubs import column, fit_of, reproducing, tree


def judged(folder, mean, printed=0.5, **changes):
    """A column of mean 0.5 with sd 0.1 whose other law has another mean."""
    rho = {"x1": mean, "x2": -0.2, "_cons": 1.0}
    drawn = tree(rho)
    drawn["posterior"]["rho_error"] = 0 * drawn["posterior"]["constant"] + 0.8
    one = column(folder, least_squares=reproducing(x1=(printed, 0.1)))
    one = replace(one, other_law=replace(one, tree=drawn), **changes)
    return record(fit_of(one), one, one.printed[0])


@pytest.mark.parametrize(
    ("mean", "verdict", "flag"),
    [
        (0.5, "holds", ""),
        (0.41, "holds", ""),  # less than a quarter of the judged interval, 0.098, away
        (
            0.39,
            "holds",
            "moves with the law of errors: 0.5 with independent errors, with AR(1) errors (ρ",
        ),
        (
            0.1,
            "uncertain",
            "rests on the law of errors: 0.5 with independent errors, with AR(1) errors (ρ",
        ),
        (-0.5, "uncertain", "rests on the law of errors"),
    ],
)
def test_an_effect_is_settled_where_both_laws_say_so(tmp_path, mean, verdict, flag):
    found = judged(tmp_path, mean)
    assert found["verdict"] == verdict
    said = [f for f in found["flags"] if "law of errors" in f]
    assert len(said) == bool(flag)
    assert all(f.startswith(flag) for f in said)
    other = found["other_law"]
    assert other["mean"] == pytest.approx(mean, abs=1e-6)
    assert other["judged"]["law"] == "ar1"
    assert other["parameters"] == {"rho_error": pytest.approx(0.8)}


def test_the_second_laws_own_widening_is_used(tmp_path):
    """Its sd is 0.1 and its mean 0.5: an interval 3 times as wide with t(4) holds 0."""
    one = column(tmp_path, least_squares=reproducing(x1=(0.5, 0.1)))
    drawn = one.tree.copy()
    drawn["posterior"]["rho_error"] = 0 * drawn["posterior"]["constant"] + 0.8
    other = replace(one, tree=drawn, widening={"x1": Widening(1.0, 3.0, 5)})
    found = record(fit_of(one), replace(one, other_law=other), one.printed[0])
    assert found["other_law"]["judged"]["df"] == 4
    assert (found["other_law"]["verdict"], found["verdict"]) == ("uncertain", "uncertain")


@pytest.mark.parametrize(("error", "beyond"), [(0.035, True), (0.037, False), (None, False)])
def test_a_contrast_of_the_laws_has_its_own_interval(tmp_path, error, beyond):
    """Means 0.5 and 0.4, and t(4): 0.1 is 2.776 times 0.036."""
    one = column(tmp_path, least_squares=reproducing(x1=(0.5, 0.1)))
    drawn = tree({"x1": 0.4, "x2": -0.2, "_cons": 1.0})
    drawn["posterior"]["rho_error"] = 0 * drawn["posterior"]["constant"] + 0.8
    contrast = {} if error is None else {"x1": error}
    other = replace(one, tree=drawn, widening={"x1": Widening(1.0, 1.0, 5)}, contrast=contrast)
    found = record(fit_of(one), replace(one, other_law=other), one.printed[0])
    told = found["other_law"]["contrast"]
    if error is None:
        assert told is None
    else:
        expected = {
            "mean": -0.1,
            "std_error": error,
            "q2.5": -0.1 - 2.7764 * error,
            "q97.5": -0.1 + 2.7764 * error,
        }
        assert told == pytest.approx(expected, abs=1e-5)
    assert any("disagree beyond chance: by -0.1 [" in flag for flag in found["flags"]) == beyond


def test_a_law_that_the_study_names_stands_alone(simulate, tmp_path):
    panel = po.Panel.of(simulate(n_entity=8, n_time=6), entity="city", time="year", source="SYNTHETIC panel")
    found = {}
    for law in (None, "gaussian", "ar1"):
        folder = tmp_path / str(law)
        folder.mkdir()
        errors = f'errors = "{law}"\n' if law else ""
        (folder / "study.toml").write_text(
            '[study]\nname = "laws"\ntitle = "SYNTHETIC"\nentity = "city"\ntime = "year"\n'
            'published = "published.csv"\n'
            f'[spec."T1.1"]\nformula = "y ~ x1 + x2 | city"\n{errors}'
        )
        (folder / "published.csv").write_text(f"{HEADER}T1,1,x1,0.5,0.1,,,,,,,,,\n")
        one = po.fit(po.load(folder), panel, draws=200).specs["T1.1"]
        found[law] = one.other_law
    assert found["gaussian"] is None
    assert found["ar1"] is None
    assert float(there(found[None]).tree["posterior"]["rho_error"].mean()) < 0.9


MEDIATION = '[spec."T1.1"]\nformula = "y ~ x1 + x2 | city"\nmediator = "x2"\n'


def law_of(one, mean, sd=0.1, term="indirect"):
    """The same column under AR(1) errors, where a path has another posterior."""
    drawn = tree({"x1": 0.5, "x2": -0.2, term: mean}, sd)
    for name, value in (("rho_error", 0.8), ("rho_error_mediator", 0.65)):
        drawn["posterior"][name] = 0 * drawn["posterior"]["coef"].sel(term="x1", drop=True) + value
    return replace(one, tree=drawn)


def indirect(folder, at_zero, under_prior, sd=0.1):
    """A printed indirect effect of 0.5: its means at rho = 0 and under the prior, each by both laws."""
    rows = "T1,1,indirect,0.50,0.10,,***,,,,84,,y,\n"
    one = column(folder, MEDIATION, rows, least_squares=reproducing(indirect=(0.5, 0.1)))
    first, second = (
        replace(law_of(one, a, width), other_law=law_of(one, b, width))
        for (a, b), width in ((at_zero, 0.1), (under_prior, sd))
    )
    one = replace(first, under_prior=second)
    return record(fit_of(one), one, one.printed[0])


@pytest.mark.parametrize(
    ("means", "verdict"),
    [((0.5, 0.5), "holds"), ((0.5, 0.1), "uncertain"), ((0.1, 0.5), "uncertain"), ((0.5, -0.5), "uncertain")],
)
def test_an_indirect_effect_that_one_law_alone_settles_is_uncertain(tmp_path, means, verdict):
    found = indirect(tmp_path, means, means)
    assert found["verdict"] == verdict
    said = [flag for flag in found["flags"] if flag.startswith("rests on the law of errors")]
    assert len(said) == (verdict == "uncertain")
    between = "with AR(1) errors (ρ = 0.80, 0.65 in the equation of the mediator)"
    assert all(between in flag for flag in said)
    assert found["other_law"]["parameters"] == {
        "rho_error": pytest.approx(0.8),
        "rho_error_mediator": pytest.approx(0.65),
    }


@pytest.mark.parametrize(
    ("at_zero", "under_prior", "sd", "exact", "flagged"),
    [
        ((0.5, 0.5), (0.5, 0.5), 0.4, "holds", True),  # the prior of rho alone unsettles both laws
        ((0.5, 0.5), (0.5, 0.1), 0.1, "holds", True),  # it unsettles the second law
        ((0.5, 0.1), (0.5, 0.1), 0.1, "uncertain", False),  # rho = 0 does not settle it either
        ((0.5, 0.5), (0.5, 0.5), 0.1, "holds", False),
    ],
)
def test_what_holds_only_if_rho_is_0_holds_there_under_both_laws(
    tmp_path, at_zero, under_prior, sd, exact, flagged
):
    found = indirect(tmp_path, at_zero, under_prior, sd)
    assert found["exact"]["verdict"] == exact
    assert ("holds only if rho = 0 exactly" in found["flags"]) == flagged
