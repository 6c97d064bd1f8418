"""Mediation columns under two laws of errors: what is fitted, widened, recorded, stored and shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import posterity as po
from posterity.analyses.judge.records import comparison
from posterity.analyses.kinds.mediation.record import tree_of
from posterity.analyses.kinds.mediation.widening import of_product, of_total, path_widening, under_prior
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request, Widening
from posterity.data.panel.panel import Panel
from posterity.data.published import NORMAL_95
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.bootstrap import bootstrap
from posterity.models.kinds.mediation import equations
from posterity.models.mechanisms.paths import mediation_posterior
from posterity.models.priors import DEFAULTS
from posterity.reports.kinds import section_of
from posterity.reports.page.page import page
from posterity.reports.rows import rows_of

from ...models.error_panels import mediated
from ...papers import HEAD, write_paper
from ...there import there

SPEC = """
[spec."T1.1"]
formula = "y ~ x1 + m + x2 | {effects}"
mediator = "m"
"""
TERMS = ("x1", "m", "x2", "direct", "indirect", "total")
JUDGED_UNDER_PRIOR = TERMS[:2] + TERMS[3:5]
FIT = Sampler(draws=250, seed=5)


def opened(folder, effects="city + year", model=""):
    rows = "".join(f"T1,1,{term},0.3,0.1,,***,,,,,,y,\n" for term in TERMS)
    return po.load(write_paper(folder, SPEC.format(effects=effects), rows, HEAD + model))


@pytest.fixture(scope="module")
def frame():
    design = mediated(20, 6, 0.8, 0.0)
    columns = dict(zip(design.terms, design.X.T, strict=True))
    return pd.DataFrame(
        {
            "city": np.array(design.entities)[design.entity],
            "year": 2000 + design.time,
            "y": design.y,
            **columns,
        }
    )


@pytest.fixture(scope="module")
def panel(frame):
    return Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)


@pytest.fixture(scope="module")
def stored(panel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mediation-laws")
    request = Request("panel", FIT, posteriors=folder / "out")
    return run(opened(folder), panel, None, request), request, folder


def test_every_path_has_its_interval_under_both_laws(stored, panel):
    fit, request, folder = stored
    found = {one["term"]: one for one in comparison(fit)["estimates"]}
    one = fit.specs["T1.1"]
    other = there(one.other_law)
    for term in TERMS:
        beside = found[term]["other_law"]
        assert set(beside["parameters"]) == {"rho_error", "rho_error_mediator"}
        assert beside["judged"]["law"] == "ar1"
        assert found[term]["judged"]["law"] == "gaussian"
        rests_on = there(other_of(one, term))
        draws = rests_on.tree["posterior"]["coef"].sel(term=term).to_numpy().ravel()
        assert beside["mean"] == pytest.approx(draws.mean())
    under, at_zero = other_of(one, "indirect"), other
    assert found["indirect"]["other_law"]["mean"] == pytest.approx(
        float(there(under).tree["posterior"]["coef"].sel(term="indirect").mean())
    )
    product = at_zero.tree["posterior"]["a"] * at_zero.tree["posterior"]["b"]
    np.testing.assert_allclose(at_zero.tree["posterior"]["indirect"], product)
    of_y, of_m = (
        at_zero.tree[f"{name}_equation"]["rho_error"].mean().item() for name in ("outcome", "mediator")
    )
    assert found["m"]["other_law"]["parameters"] == {
        "rho_error": pytest.approx(of_y), "rho_error_mediator": pytest.approx(of_m),
    }  # fmt: skip
    record = comparison(fit)["mechanisms"]["T1.1"]["other_law"]
    assert record["rho_error"] == {"outcome": pytest.approx(of_y), "mediator": pytest.approx(of_m)}
    assert (of_y, of_m) == (pytest.approx(0.8, abs=0.25), pytest.approx(0.8, abs=0.25))
    assert record["indirect"]["mean"] == pytest.approx(float(product.mean()))

    assert (folder / "out" / "T1.1-ar1.nc").exists()
    again = run(opened(folder), panel, None, request)
    assert there(again.specs["T1.1"].other_law).resumed
    assert comparison(again)["estimates"][4]["other_law"] == found["indirect"]["other_law"]


def other_of(one, term):
    return there(one.under_prior).other_law if term in JUDGED_UNDER_PRIOR else one.other_law


def test_the_judged_intervals_are_those_of_the_clusters(stored):
    """mean ± t(19) × factor × sd; of products each end by itself; what rho's prior adds is not widened."""
    fit, _, _ = stored
    found = {one["term"]: one for one in comparison(fit)["estimates"]}
    one = fit.specs["T1.1"]
    assert max(w.factor for w in one.widening.values()) > 1.2
    for term in TERMS:
        widening = (there(one.under_prior) if term in JUDGED_UNDER_PRIOR else one).widening[term]
        part = found[term]["under_prior"] or found[term]["posterior"]
        judged = found[term]["judged"]
        ends = part["q2.5"], part["q97.5"]
        if widening.factor > 1:
            times = stats.t(19).ppf(0.975) * widening.factor / NORMAL_95
            times = np.sqrt(1 - widening.share + widening.share * times**2)
            half = (times * NORMAL_95 * part["sd"],) * 2
            if term in ("indirect", "total"):
                half = times * (part["mean"] - ends[0]), times * (ends[1] - part["mean"])
            ends = part["mean"] - half[0], part["mean"] + half[1]
        assert (judged["q2.5"], judged["q97.5"]) == pytest.approx(ends, rel=1e-6), term
        assert judged["factor"] == pytest.approx(widening.factor)
        assert (0 < widening.share < 1) == (term in JUDGED_UNDER_PRIOR), term


def test_the_page_shows_both_laws_and_says_what_has_one_only(stored):
    fit, _, _ = stored
    rows = rows_of(fit)
    shown = there(section_of("mediation", fit, rows))
    assert "posterior, AR(1) errors" in shown.body
    assert "independent errors" in shown.body
    html = page(fit, rows, [], sections=[shown])
    assert html.count("AR(1) ") >= len(TERMS)


@pytest.mark.parametrize(
    ("effects", "model", "times", "there_is"),
    [
        ("city + year", "", 3, True),
        ("city + year", "", 2, False),
        ("year", "", 6, True),
        (None, "", 6, False),
        ("city + year", '[model]\nerrors = "gaussian"\n', 6, False),
        ("city + year", '[model]\nerrors = "ar1"\n', 6, True),  # which this kind does not take
    ],
)
def test_when_there_is_a_second_law(frame, tmp_path, effects, model, times, there_is):
    few = frame[frame["year"] < 2000 + times]
    panel = Panel.of(few, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)
    study = opened(tmp_path, effects or "city", model)
    if effects is None:
        text = (tmp_path / "study.toml").read_text().replace(" | city", "")
        (tmp_path / "study.toml").write_text(text)
        study = po.load(tmp_path)
    one = po.fit(study, panel, draws=50).specs["T1.1"]
    assert (one.other_law is not None) == there_is
    assert (there(one.under_prior).other_law is not None) == there_is
    assert (there(one.mechanism)["other_law"] is not None) == there_is


def test_paths_of_the_joint_model_are_widened_as_those_of_separate_equations(stored):
    """NUTS draws both equations at once, whose variables then carry the name of the equation."""
    fit, _, _ = stored
    one = fit.specs["T1.1"]
    first, last = equations(there(one.design), ("m",))
    joint = xr.merge(
        [
            one.tree[f"{name}_equation"]
            .to_dataset()[["sigma", "sd_entity", "sd_time"]]
            .rename({v: f"{name}_{v}" for v in ("sigma", "sd_entity", "sd_time")})
            for name in ("mediator", "outcome")
        ]
    )
    tree = xr.DataTree.from_dict({"posterior": one.tree["posterior"].to_dataset(), "joint": joint})
    found = path_widening(tree, (first, last), "x1", one.priors, one.form, "gaussian")
    assert found == one.widening
    assert found["m"] != found["x1"]


@pytest.mark.parametrize("clusters", [None, 20])
def test_robust_errors_of_paths_are_those_of_the_cluster_bootstrap(clusters):
    """Least squares of 60 entities whose errors are correlated over time; CR2 and bootstrap within 12%."""
    design = mediated(60, 8, 0.8, 0.0)
    groups = design.entity if clusters is None else design.entity % clusters
    design = replace(design, clusters=None if clusters is None else groups)
    found = mediation_posterior(design, "x1", ("m",), DEFAULTS, "mundlak", FIT)
    tree = tree_of(design, found, DEFAULTS, FIT)
    first, last = equations(design, ("m",))
    widening = path_widening(tree, (first, last), "x1", DEFAULTS, "mundlak", "gaussian")
    replicates = bootstrap(design, "x1", "m", groups, 1, 2000)
    unit = last.y.std() / last.X.std(axis=0)
    for term, values, scale in (
        ("indirect", replicates.indirect, 1.0),
        ("total", replicates.indirect + replicates.direct, 1.0),
        ("direct", replicates.direct, unit[0]),
        ("m", replicates.b, unit[1]),
    ):
        assert widening[term].robust * scale == pytest.approx(values.std(), rel=0.12), term
        assert widening[term].clusters == groups.max() + 1
    for term in ("indirect", "total"):
        assert widening[term].model == pytest.approx(float(tree["posterior"][term].std()), rel=0.07), term
        assert widening[term].skewed
    assert widening["indirect"].factor > 1.1
    assert not widening["m"].skewed


def test_the_standard_error_of_a_product_is_that_of_its_draws():
    """Goodman 1960: a = 2 (0.5), b = 0.3 (0.1), and c' = -1 (0.4) that has correlation -0.5 with b."""
    rng = np.random.default_rng(1)
    a = rng.normal(2, 0.5, 1_000_000)
    b, direct = rng.multivariate_normal([0.3, -1], [[0.01, -0.02], [-0.02, 0.16]], 1_000_000).T
    given_a = np.sqrt(4 * 0.01 + 0.16 + 2 * 2 * -0.02)
    for found, draws in (
        (of_product(2, 0.3, (0.5, 0.5), (0.1, 0.1)), a * b),
        (of_total(0.3, (0.5, 0.5), (0.1, 0.1), (given_a, given_a)), direct + a * b),
    ):
        assert found == pytest.approx((draws.std(), draws.std()), rel=5e-3)
    assert of_product(0, 0, (1, 2), (1, 3)) == (1, 6)


def test_what_a_prior_adds_to_the_variance_is_left_as_it_is():
    """Variance 1 at rho = 0 and 4 under the prior: a quarter is of sampling; never more than all of it."""
    z = stats.norm.ppf((np.arange(4000) + 0.5) / 4000).reshape(4, 1000)
    at_zero = {"b": (("chain", "draw"), z), "direct": (("chain", "draw"), 2 * z)}
    under = {"b": (("chain", "draw"), 2 * z), "direct": (("chain", "draw"), z)}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(at_zero), "prior_on_rho": xr.Dataset(under)})
    one = Widening(1.0, 2.0, 8)
    found = under_prior({"m": one, "x1": one, "x2": one}, tree, {"x1": "direct", "m": "b"})
    assert set(found) == {"m", "x1"}
    assert found["m"].share == pytest.approx(0.25)
    assert found["x1"].share == 1.0
    assert found["m"].factor == 2.0
