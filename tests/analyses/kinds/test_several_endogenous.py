"""What is recorded and shown of several endogenous regressors; draws are made by hand, nothing is sampled."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from posterity.analyses.kinds.draws import laid_out
from posterity.analyses.kinds.instrument.record import assumption_flags, frequentist, mechanism
from posterity.data.study.spec import Cluster
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.iv import InstrumentDesign, VCov
from posterity.models.kinds.instrument import exclusions
from posterity.models.priors import DEFAULTS
from posterity.reports.kinds.instrument.section import section

from ...models.frequentist.test_weak_instruments import wages
from ...models.instrument_panels import crime
from ...there import there

SAMPLER = Sampler(draws=100)


def recorded(data: InstrumentDesign, vcov: VCov = "iid") -> dict[str, Any]:
    rng = np.random.default_rng(1)
    draws = 0.5 + 0.1 * rng.normal(size=(400, 2))
    names = list(data.endogenous)
    values = {"coef": draws, "endogeneity": draws}
    own = laid_out(values, SAMPLER, {"coef": "term", "endogeneity": "endogenous"},
                   {"term": names, "endogenous": names})  # fmt: skip
    both = {"coef": "endogenous", "endogeneity": "endogenous"}
    loose = laid_out(values, SAMPLER, both, {"endogenous": names})
    tree = xr.DataTree.from_dict({"posterior": own, "prior_on_exclusion": loose})
    tree["frequentist"] = frequentist(data, vcov)
    return mechanism(tree, data, exclusions(data, DEFAULTS))


def test_crime_is_weak_although_each_first_stage_is_strong():
    found = recorded(crime())
    json.dumps(found, allow_nan=False)
    assert found["cragg_donald"] == pytest.approx(0.25, abs=0.005)
    assert found["kleibergen_paap"] == pytest.approx(found["cragg_donald"])
    assert (found["effective_f"], found["anderson_rubin"]) == (None, None)
    for name, f in (("lprbarr", 22.3), ("lpolpc", 13.2)):
        part = found["endogenous"][name]
        assert part["conditional_f"] == pytest.approx(0.5, abs=0.01)
        assert part["anderson_rubin"] == [[None, None]]
        flags = assumption_flags(found)[name]
        assert (
            "weak instruments: F given the other endogenous regressors 0.5 is below 10, "
            f"though the first-stage F is {f}"
        ) in flags
        assert "Anderson-Rubin interval is unbounded" in flags


def test_each_regressor_has_its_own_flags_and_interval():
    """ivreg2 says 6.69 for education and 81.81 for experience; the first-stage F of education is 4.47."""
    found = recorded(wages())
    flags = assumption_flags(found)
    assert "weak instruments: F given the other endogenous regressors 6.7 is below 10" in flags["educ"]
    assert not [flag for flag in flags["exper"] if flag.startswith("weak")]
    ((low, high),) = found["endogenous"]["exper"]["anderson_rubin"]
    assert (low, high) == pytest.approx((-0.00401, 0.03635), abs=1e-5)
    assert found["anderson_rubin_p"] == pytest.approx(0.1025, abs=5e-5)


def test_too_few_clusters_leave_what_needs_more_of_them_empty():
    found = recorded(wages(groups=3), Cluster(cluster="group"))
    json.dumps(found, allow_nan=False)
    part = found["endogenous"]["educ"]
    assert (part["conditional_f"], part["anderson_rubin"], found["anderson_rubin_p"]) == (None, None, None)
    assert not [f for flags in assumption_flags(found).values() for f in flags if "F given" in f]


def test_the_page_shows_them(monkeypatch):
    one: Any = SimpleNamespace(id="T2.1", mechanism=recorded(crime()), tree=SimpleNamespace(children={}))
    fit: Any = SimpleNamespace(evidence_label="panel")
    body = there(section(fit, [one], [])).body
    assert "Several endogenous regressors at once" in body
    assert "22.3 (0.5)<br><b>weak</b>" in body
    assert body.count(">0.25<") == 2
    assert "0.756" in body
