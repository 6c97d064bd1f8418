"""What tables evidence reads off a printed row: standard error, degrees of freedom, prior scale."""

import re
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

import posterity as po
from posterity.analyses.judge.reference import degrees_of_freedom
from posterity.analyses.run.tables import tables_inputs, unit_of
from posterity.data.published import NUMBERS, Printed
from posterity.data.study.spec import Spec

from ...papers import write_paper


def printed(**numbers):
    text = {**dict.fromkeys(NUMBERS, ""), **numbers}
    return Printed(table="T5", column="1", term="NQP", stars="", outcome="CO", note="", text=text)


def test_standard_error_from_an_interval():
    """95% interval -0.100 to 0.292: half its width is 0.196, so the normal standard error is 0.1000018."""
    row = printed(estimate="0.096", ci_low="-0.100", ci_high="0.292")
    assert row.std_error == pytest.approx(0.196 / 1.959964, rel=1e-6)
    assert row.std_error_interval() == pytest.approx((0.1955 / 1.959964, 0.1965 / 1.959964), rel=1e-6)
    assert row.std_error_source == "interval"


@pytest.mark.parametrize(
    ("numbers", "std_error", "source"),
    [
        ({"std_error": "0.041", "t_value": "9", "ci_low": "0", "ci_high": "9"}, 0.041, "printed"),
        ({"t_value": "-4.0", "ci_low": "0", "ci_high": "9"}, 0.05, "t-value"),
        ({}, None, None),
    ],
)
def test_standard_error_from_what_is_printed_first(numbers, std_error, source):
    row = printed(estimate="0.2", **numbers)
    assert row.std_error == (None if std_error is None else pytest.approx(std_error))
    assert row.std_error_source == source


# liu-li 2025, Table 3, standard deviations: Cp 0.078, Cp1 0.145, NqP 0.067, Urban 0.117.
@pytest.mark.parametrize(
    ("spec", "term", "unit"),
    [
        ("T4.1", "NqP", 0.078 / 0.067),
        ("T4.2", "Urban", 0.078 / 0.117),
        ("T4.3", "NqP", 0.145 / 0.067),
        ("T12.1", "NqP_regime2", 0.145 / 0.067),
        ("T10.RD-Cp", "direct", 0.078 / 0.067),
        ("T4.1", "_cons", None),
    ],
)
def test_unit_is_sd_of_outcome_over_sd_of_regressor(spec, term, unit):
    view = po.load("liu-li-2025").spec(spec)
    (row,) = (p for p in view.file.printed(spec) if p.term == term)
    expected = None if unit is None else pytest.approx(unit)
    assert unit_of(view, row) == expected
    (read,) = (p for p in tables_inputs(view) if p.term == term)
    assert read.unit == expected


@pytest.mark.parametrize(
    ("effects", "df"),
    [("", 110 - 3), ("| city", 110 - 2 - 11), ("| year", 110 - 2 - 10), ("| city + year", 110 - 2 - 20)],
)
def test_degrees_of_freedom_count_absorbed_effects(effects, df):
    """n - regressors - constant or effects; bashlai has 11 cities and 10 years."""
    spec = Spec(formula=f"CO ~ NQP + TRADE {effects}")
    row = printed(estimate="0.8", t_value="18.08", n="110")
    assert degrees_of_freedom(po.load("bashlai-2026").file, spec, row) == df


GROUPED = """
[groups.region]
north = ["a"]
middle = ["b"]
south = ["c"]
[spec."T1.1"]
formula = "y ~ x | city + year"
vcov = { cluster = "region" }
[spec."T1.2"]
formula = "y ~ x | city + year"
vcov = { cluster = "city" }
"""


def test_clusters_are_counted_where_the_study_file_tells_of_them(tmp_path):
    """Three regions: t with 2 degrees of freedom. How many cities there are is not told, and that is said."""
    rows = "".join(f"T1,{column},x,0.5,0.1,,**,,,,60,,y,\n" for column in (1, 2))
    fit = po.fit(po.load(write_paper(tmp_path, GROUPED, rows)), priors={"slope": "normal(0, 1000)"})
    table = po.compare(fit)
    table.index = pd.Index([*fit.specs])
    assert table.loc["T1.1", "posterior_q97.5"] == pytest.approx(0.5 + stats.t.ppf(0.975, 2) * 0.1, abs=0.02)
    assert "few clusters: t with 2" in table.loc["T1.1", "flags"]
    assert "number of clusters not known" in table.loc["T1.2", "flags"]
    assert "number of clusters" not in table.loc["T1.1", "flags"]


def test_an_inferred_kind_is_compared_as_a_stated_one(tmp_path):
    """liu-li-2025 that states no kinds: mediations keep their units, direct effects their Bayes factors."""
    stated = po.load("liu-li-2025")
    text = stated.file.path.read_text(encoding="utf-8")
    bare = "".join(line for line in text.splitlines(keepends=True) if line.strip() != 'kind = "mediation"')
    assert bare != text
    shutil.copy(stated.file.published_path, tmp_path)
    for key in ("published", "indicators"):
        bare = re.sub(rf"^{key} = .*$", f'{key} = "published.csv"', bare, flags=re.MULTILINE)
    (tmp_path / "study.toml").write_text(bare, encoding="utf-8")
    columns = [view.id for view in stated.specs() if view.kind == "mediation"]
    tables = [
        po.compare(po.fit(study, only=columns, evidence="tables")).drop(columns="seconds")
        for study in (stated, po.load(tmp_path))
    ]
    pd.testing.assert_frame_equal(*tables)
    direct = tables[1].set_index("id").loc["T10.RD-Cp.direct"]
    assert "flat prior" not in direct["flags"]
    assert direct["bayes_factor_10"] > 0


@pytest.mark.parametrize(("outcome", "sd"), [("", 0.078), ("Cp", 0.078), ("Cp1", 0.145), ("no such", None)])
def test_the_outcome_of_a_row_comes_before_that_of_the_formula(outcome, sd):
    """liu-li 2025, Table 3, as above: Cp is the outcome of the formula."""
    view = po.load("liu-li-2025").spec("T4.1")
    (row,) = (p for p in view.file.printed("T4.1") if p.term == "NqP")
    expected = None if sd is None else pytest.approx(sd / 0.067)
    assert unit_of(view, replace(row, outcome=outcome)) == expected
