"""Robustness to priors of fitted columns: their records, where importance sampling fails, and the page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import posterity as po
from posterity.analyses.judge.records import estimates
from posterity.analyses.robustness.priors.batch import refits
from posterity.analyses.robustness.priors.part import priors_part
from posterity.analyses.robustness.samples.part import samples
from posterity.analyses.robustness.slopes.part import part as slopes_part
from posterity.analyses.run.results import Request
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.priors import DEFAULTS
from posterity.reports.robustness.priors.section import section
from posterity.reports.rows import rows_of

from ...there import there


@pytest.fixture(scope="module")
def fit():
    study = po.load("munnell-1990")
    return po.fit(study, study.panel(), only=["T1.1", "T1.3"])


@pytest.fixture(scope="module")
def robust(fit):
    made = {name: priors_part(one, fit.panels, Request("panel")) for name, one in fit.specs.items()}
    return replace(fit, robustness={name: {"priors": r} for name, r in made.items() if r})


def test_the_records_agree_with_the_fit_itself(robust):
    """The run's prior, answered from the likelihood, against draws of the fit: 4 Monte Carlo errors."""
    for parts in robust.robustness.values():
        for record in parts["priors"]["terms"].values():
            assert abs(record["check"]) < 4


def test_a_column_with_errors_of_its_own_is_not_answered_by_the_gaussian_model(fit):
    one = fit.specs["T1.3"]
    spec = one.view.spec.model_copy(update={"errors": "ar1"})
    other = replace(one, view=replace(one.view, spec=spec))
    assert other.view.errors == "ar1"
    for part in (priors_part, samples, slopes_part):
        assert part(other, fit.panels, Request("panel")) is None


def test_a_pooled_column_is_tried_with_effects_as_it_is_judged(robust):
    pooled, both = (robust.robustness[name]["priors"]["terms"]["log_pcap"] for name in ("T1.1", "T1.3"))
    assert pooled["run"]["mean"] == pytest.approx(both["run"]["mean"], rel=0.02)
    assert pooled["published"] == 0.155  # Baltagi's table
    assert pooled["tipping"] is None


def test_everything_is_json_and_small(robust):
    assert len(json.dumps(robust.robustness["T1.3"], allow_nan=False)) < 60_000


def test_where_importance_sampling_fails_nuts_takes_over(fit, monkeypatch):
    statistics = padded(statistics_of_design(fit.specs["T1.3"].design, "mundlak"))
    monkeypatch.setattr("posterity.analyses.robustness.priors.batch.MAX_K_HAT", -9.0)
    asked = []

    def nuts(statistics, priors, sampler, method):
        asked.append(method)
        return {"posterior": {"coef": xr.DataArray(np.full((2, 5, 4), 7.0))}}

    monkeypatch.setattr("posterity.analyses.robustness.priors.batch.posterior", nuts)
    found = refits([statistics], [DEFAULTS], 500, Sampler())[0]
    assert (found.how, asked) == ("nuts", ["nuts"])
    assert found.coef.shape == (10, 4)
    two = refits([statistics, statistics], [DEFAULTS], 500, Sampler())[0]
    assert (two.how, asked) == ("none", ["nuts"])


def test_the_flag_of_the_comparison_is_that_of_the_records(fit, robust):
    records: dict[str, Any] = {k: {"priors": {"terms": {}}} for k in robust.robustness}
    own = robust.robustness["T1.3"]["priors"]["terms"]
    records["T1.3"]["priors"]["terms"] = {**own, "unemp": {**own["unemp"], "prior_driven": True}}
    flags = {r["id"]: r["flags"] for r in estimates(replace(fit, robustness=records))}
    assert "prior-driven: see robustness to priors" in flags["T1.3.unemp"]
    assert not any(f.startswith("prior-driven") for f in flags["T1.3.log_pcap"])


def test_the_page(robust):
    found = there(section(robust, rows_of(robust)))
    assert [p.name for p in found.figure_files] == [
        "priors.sensitivity-to-the-prior",
        "priors.the-multiverse-of-priors",
    ]
    assert "tipping prior" in found.body
    assert found.body.count("<li>") == 2
    assert section(replace(robust, robustness={}), []) is None
