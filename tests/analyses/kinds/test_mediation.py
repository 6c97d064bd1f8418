"""Mediation columns of a study: reproduced, fitted, stored, judged, shown; and bad input in one sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
import statsmodels.formula.api as smf

import posterity as po
from posterity.analyses.judge.frame import compare
from posterity.analyses.judge.records import comparison
from posterity.analyses.kinds.draws import changes_at
from posterity.analyses.kinds.mediation.printed_paths import paths_of
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.models.engine.sampling import Sampler
from posterity.models.printed.indirect_effect import correlations, indirect_effect
from posterity.models.printed.tables import PrintedEstimate
from posterity.reports.kinds import section_of
from posterity.reports.page.page import page
from posterity.reports.rows import rows_of

from ...papers import write_paper
from ...there import there

SPEC = """
[spec."{id}"]
formula = "{formula}"
kind = "mediation"
mediator = "{mediator}"
{more}
"""
FIT = Sampler(draws=200, seed=5)


def study(folder, specs: str, rows: str):
    return po.load(write_paper(folder, specs, rows))


@pytest.fixture
def mediated(simulate):
    frame = simulate(20, 6)
    rng = np.random.default_rng(1)
    frame["m"] = 0.6 * frame["x1"] + rng.normal(size=len(frame))
    frame["m2"] = -0.5 * frame["x1"] + 0.3 * frame["m"] + rng.normal(size=len(frame))
    frame["y"] = frame["y"] + 0.4 * frame["m"] + 0.3 * frame["m2"]
    return frame


@pytest.fixture
def ready(tmp_path, mediated):
    """A study of two columns whose printed numbers come from statsmodels with explicit dummies."""
    specs, rows = "", ""
    dummies = " + C(city) + C(year)"
    for column, mediator in (("1", "m"), ("2", "m2")):
        specs += SPEC.format(
            id=f"T1.{column}", formula=f"y ~ x1 + {mediator} + x2 | city + year", mediator=mediator,
            more='treatment = "x1"\nvcov = { cluster = "region" }',
        )  # fmt: skip
        first = smf.ols(f"{mediator} ~ x1 + x2{dummies}", mediated).fit()
        last = smf.ols(f"y ~ x1 + {mediator} + x2{dummies}", mediated).fit()
        a, b, direct = first.params["x1"], last.params[mediator], last.params["x1"]
        for term, value in (("x1", direct), (mediator, b), ("direct", direct), ("indirect", a * b)):
            rows += f"T1,{column},{term},{value:.4f},0.1,,***,,,,120,,y,\n"
    panel = Panel.of(mediated, entity="city", time="year", source="mine.csv", synthetic=True)
    return study(tmp_path, specs, rows), panel


def test_columns_reproduce_and_say_what_rests_on_rho(ready, tmp_path):
    opened, panel = ready
    request = Request("panel", FIT, posteriors=tmp_path / "out")
    fit = run(opened, panel, None, request)
    table = compare(fit).set_index("id")
    assert table["reproduced_within_rounding"].all()
    assert (table["kind"] == "mediation").all()
    for name in ("T1.1.x1", "T1.1.m", "T1.1.direct", "T1.1.indirect"):
        assert "judged under rho ~ normal(0, 0.2)" in table.loc[name, "flags"], name
    assert table.loc["T1.1.x1", "posterior_mean"] == table.loc["T1.1.direct", "posterior_mean"]

    found = comparison(fit)["mechanisms"]["T1.1"]
    json.dumps(found)
    assert set(found["bootstrap"]) == {"row", "city", "region"}
    assert set(found["together"]["indirect"]) == {"m", "m2"}
    assert found["proportion"]["stable"]
    assert 0 < found["changes_at"]["indirect"] < found["vanishing_rho"]["mean"] < 1
    assert found["prior_on_rho"]["indirect"]["q2.5"] < found["indirect"]["q2.5"]
    posterior = fit["T1.1"]["posterior"]
    parts = posterior["direct"] + posterior["indirect"]
    np.testing.assert_allclose(parts, posterior["total"], rtol=1e-9)
    np.testing.assert_allclose(
        posterior["coef"].sel(term="indirect"), posterior["a"] * posterior["b"], rtol=1e-9
    )

    under = fit["T1.1"]["prior_on_rho"]
    np.testing.assert_allclose(under["indirect"], posterior["a"] * under["b"], rtol=1e-9)
    judged = {one["term"]: one for one in comparison(fit)["estimates"] if one["column"] == "1"}
    for term, name in (("x1", "direct"), ("direct", "direct"), ("m", "b"), ("indirect", "indirect")):
        ends = np.quantile(under[name], [0.025, 0.975])
        part, exact = judged[term]["under_prior"], judged[term]["exact"]
        assert [part[end] for end in ("q2.5", "q97.5")] == pytest.approx(ends)
        assert exact["q2.5"] <= judged[term]["posterior"]["q2.5"]
        assert exact["q97.5"] >= judged[term]["posterior"]["q97.5"]
        assert judged[term]["exact"]["assumption"] == "rho = 0 exactly"
        assert judged[term]["under_prior"]["bayes_factor_10"] is None
    assert not [flag for flag in judged["x1"]["flags"] if flag.startswith("judged with")]

    again = run(opened, panel, None, request)
    assert all(one.resumed for one in again.specs.values())
    assert comparison(again)["mechanisms"] == comparison(fit)["mechanisms"]

    rows = rows_of(fit)
    shown = there(section_of("mediation", fit, rows))
    assert [p.name for p in shown.figure_files] == ["mediation-T1"]
    assert "SYNTHETIC" in shown.figure_files[0].alt
    html = page(fit, rows, [], sections=[shown])
    assert "bootstrap by region" in html
    assert "mediators m and m2 at once" in html


def test_a_narrow_prior_on_rho_is_rho_0(ready):
    opened, panel = ready
    fit = po.fit(opened, panel, only="T1.1", draws=200, priors={"rho": "normal(0, 0.0001)"})
    found = there(fit.specs["T1.1"].mechanism)
    assert found["prior_on_rho"]["indirect"] == pytest.approx(found["indirect"], rel=2e-3)


def test_the_model_can_be_looked_at(ready):
    opened, panel = ready
    model = opened.spec("T1.1").model(panel)
    assert {"rho", "direct", "indirect", "total"} <= set(model.named_vars)


def test_twins_tell_the_range_of_rho(ready, mediated):
    opened, panel = ready
    other = mediated.assign(y=mediated["y"] + 0.2 * mediated["m"])
    twins = [panel, Panel.of(other, entity="city", time="year", source="other", synthetic=True)]
    fit = po.fit(opened, twins, only="T1.1", evidence="twin", draws=200)
    one = fit.specs["T1.1"]
    (flag,) = one.assumption_flags["indirect"]
    low, high = sorted(part["vanishing_rho"]["mean"] for part in there(one.mechanism)["twins"])
    there_at = f"vanishes at rho = {low:.2g} to {high:.2g} in 2 of 2 twins"
    assert flag == f"judged under a prior of rho; indirect effect {there_at}"
    assert "Mediation over twins" in there(section_of("mediation", fit, rows_of(fit))).body


BAD = {
    "the outcome itself": ('y ~ x1 + x2 | city', "y", "", "is the outcome itself"),
    "no regressor": ('y ~ x1 + x2 | city', "m", "", "mediator 'm' is not a regressor"),
    "nothing beside it": ('y ~ m | city', "m", "", "no regressor beside the mediator"),
    "treatment absent": ('y ~ x1 + m | city', "m", 'treatment = "z"', "treatment 'z' is not a regressor"),
    "treatment twice": ('y ~ x1 + m | city', "m", 'treatment = "m"', "treatment and mediator are both 'm'"),
    "constant within": ('y ~ x1 + flat | city', "flat", "", "'flat' does not vary within the effects"),
    "a function of the treatment": (
        'y ~ x1 + double | city', "double", "", "'double' is a linear combination"),
    "a name that is taken": ('y ~ direct + m | city', "m", "", "'direct' is the name of an effect"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case, tmp_path, mediated):
    formula, mediator, more, words = BAD[case]
    frame = mediated.assign(double=2 * mediated["x1"] + 1, direct=mediated["x1"])
    frame["flat"] = frame.groupby("city")["x2"].transform("mean")
    opened = study(
        tmp_path,
        SPEC.format(id="T1.1", formula=formula, mediator=mediator, more=more),
        "T1,1,x1,1,1,,,,,,,,y,\n",
    )
    panel = Panel.of(frame, entity="city", time="year", source="mine.csv")
    with pytest.raises(InputError, match=words) as caught:
        po.fit(opened, panel)
    assert "\n" not in str(caught.value)


def test_where_an_interval_starts_or_ceases_to_hold_0():
    at = np.linspace(-1, 1, 5)
    bands = np.column_stack([np.zeros(5), [3, 2, 1, -1, -3], [4, 3, 2, 1, -1]])
    assert changes_at(at, bands) == pytest.approx(0.25)
    assert changes_at(at, bands[::-1]) == pytest.approx(-0.25)
    assert changes_at(at, np.column_stack([np.zeros(5), np.full(5, -1.0), np.ones(5)])) is None
    assert changes_at(at, np.where(np.arange(5)[:, None] < 3, bands, np.nan)) is None


# tables evidence


def estimate(value: float, error: float, df: float = 1e6) -> PrintedEstimate:
    return PrintedEstimate("x", value, (error * 0.99, error * 1.01), df, None)


def test_product_of_independent_normals():
    """Mean a b; variance a^2 s_b^2 + b^2 s_a^2 + s_a^2 s_b^2 (Aroian 1947, doi:10.1214/aoms/1177730442)."""
    found = indirect_effect(
        estimate(2.0, 0.5),
        estimate(0.3, 0.1),
        None,
        None,
        po.load("liu-li-2025").spec("T9.2").priors()["slope"],
        40_000,
        1,
    )
    assert found.with_total is None
    assert found.independent.mean() == pytest.approx(0.6, abs=0.005)
    assert found.independent.std() == pytest.approx(np.sqrt(0.2**2 + 0.15**2 + 0.05**2), rel=0.02)


def test_a_total_error_that_only_one_correlation_allows():
    """var(total) = (b s_a + a s_b + s_c)^2 only if all is perfectly correlated; nothing allows more."""
    a, b, direct = estimate(1.0, 0.2), estimate(1.0, 0.2), estimate(0.5, 0.2)
    rng = np.random.default_rng(2)
    total = PrintedEstimate("x", 1.5, (0.57, 0.61), 1e6, None)
    found = there(correlations(a, b, direct, total, 500, rng))
    assert found.min() > 0.6
    assert correlations(a, b, direct, PrintedEstimate("x", 1.5, (0.7, 0.8), 1e6, None), 500, rng) is None
    middling = there(correlations(a, b, direct, estimate(1.5, np.sqrt(3) * 0.2), 4000, rng))
    assert middling.sum(axis=1).mean() == pytest.approx(0, abs=0.05)


def test_dependence_changes_spread_by_what_it_must():
    """Of normals, var(ab) = a^2 s_b^2 + b^2 s_a^2 + 2 a b r s_a s_b + (1 + r^2) s_a^2 s_b^2."""
    a, b, direct = estimate(1.0, 0.2), estimate(1.0, 0.2), estimate(0.5, 0.2)
    total = PrintedEstimate("x", 1.5, (0.57, 0.61), 1e6, None)
    slope = po.load("liu-li-2025").spec("T9.2").priors()["slope"]
    found = indirect_effect(a, b, direct, total, slope, 40_000, 3)
    one = there(found.correlation)[:, 0]
    r, r2 = one.mean(), (one**2).mean()
    expected = np.sqrt(2 * 0.04 * (1 + r) + 0.04 * 0.04 * (1 + r2))
    assert r > 0.7
    assert there(found.with_total).std() == pytest.approx(expected, rel=0.03)
    assert found.independent.std() == pytest.approx(np.sqrt(2 * 0.04 + 0.0016), rel=0.02)


@pytest.mark.parametrize(
    ("column", "a", "total"),
    [("T9.2", "T9.1", "T4.2"), ("T9.3", "T9.1", "T4.4"), ("T9.5", "T9.4", "T4.2"), ("T9.6", "T9.4", "T4.6")],
)
def test_columns_of_liu_li_are_found(column, a, total):
    """a, b and the total as printed; c' + a b is c within rounding: 0.131 + 2.171 x 0.034 = 0.205."""
    found = there(paths_of(po.load("liu-li-2025").spec(column)))
    assert (found.a_from, found.total_from) == (a, total)
    assert there(found.direct).estimate + found.a.estimate * found.b.estimate == pytest.approx(
        there(found.total).estimate, abs=0.003
    )


def test_indirect_effects_of_liu_li_hold_0_under_the_stars_reference():
    """Three stars in T10 with a normal bootstrap; with t(3), as T9's stars imply, the interval holds 0."""
    fit = po.fit(po.load("liu-li-2025"), only="T9.2", evidence="tables", draws=2000)
    found = there(fit.specs["T9.2"].mechanism)
    assert found["indirect"]["mean"] == pytest.approx(0.034 * 2.171, abs=0.003)
    assert found["indirect"]["q2.5"] < 0 < found["indirect_with_total"]["q97.5"]
    flags = compare(fit).set_index("id")["flags"]
    assert "with T9.1.NqP" in flags["T9.2.RD"]
    assert "not identified by the tables" in flags["T9.2.NqP"]
    assert "as the total allows" in there(section_of("mediation", fit, rows_of(fit))).body
