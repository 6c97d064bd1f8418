"""Predictions of rows and entities left out, against ArviZ."""

import numpy as np
import pytest

from posterity.analyses.robustness.samples import prediction as sample_predict

from .conftest import panel_of


def test_predictions_compare_the_structures_of_effects(fit):
    found = fit.robustness["T1.1"]["samples"]["predictions"]
    assert found["own"] == "city + year, fixed"
    assert {r["model"] for r in found["rows"]} == {
        "pooled",
        "city, fixed",
        *(f"city + year, {form}" for form in ("fixed", "random", "mundlak")),
    }
    for way in ("rows", "entities"):
        assert sum(r["weight"] for r in found[way]) == pytest.approx(1)
        best = max(found[way], key=lambda r: r["elpd"])
        assert best["difference"] == 0
        assert all(r["difference"] == pytest.approx(r["elpd"] - best["elpd"]) for r in found[way])
    rows = {r["model"]: r["elpd"] for r in found["rows"]}
    assert (
        rows["city + year, mundlak"] > rows["pooled"] + 20
    )  # effects of s.d. 1 and 0.5 beside errors of 0.4


def test_weights_are_those_of_arviz(study, frame):
    """`az.compare` on the draws themselves, with ArviZ's own smoothing."""
    import arviz as az

    design, priors = study.spec("T1.1").design(panel_of(frame)), study.spec("T1.1").priors()
    models = sample_predict.candidates(design, "fixed")[1]
    trees, mine = {}, {}
    for name, (like, form) in models.items():
        scales = sample_predict.scale_draws(like, form, priors, 500, 1)
        values = sample_predict.predictive(like, form, priors, scales).by_row
        log_likelihood = {"y": values[None]}
        trees[name] = az.from_dict({"posterior": {"x": np.zeros((1, 500))}, "log_likelihood": log_likelihood})
        mine[name] = sample_predict.Pointwise(*sample_predict.leave_out_elpd(values))
        theirs = az.loo(trees[name], pointwise=True, reff=1.0)
        np.testing.assert_allclose(mine[name].elpd, theirs.elpd_i, atol=1e-8)
        np.testing.assert_allclose(mine[name].k_hat, theirs.pareto_k, atol=1e-8)
    found = sample_predict._compared(mine)
    expected = az.compare({n: az.loo(t, pointwise=True, reff=1.0) for n, t in trees.items()}, round_to="none")
    for name in models:
        assert found[name]["weight"] == pytest.approx(expected.loc[name, "weight"], abs=2e-3)
        assert found[name]["error"] == pytest.approx(expected.loc[name, "dse"], abs=1e-8)
        assert found[name]["elpd"] == pytest.approx(expected.loc[name, "elpd"], abs=1e-8)
