"""Three statements of one model: the engines' likelihood, the one with every effect kept, and PyMC's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from posterity.data.sample.design import Design
from posterity.data.study.spec import Errors, Form
from posterity.models.engine.sampling import prepare
from posterity.models.errors import LAWS
from posterity.models.errors.inference import kept_effects
from posterity.models.errors.inference.kept_effects import kept_log_likelihood, largest_difference
from posterity.models.kinds.effects import effects_model
from posterity.models.kinds.pooled import pooled_model
from posterity.models.priors import DEFAULTS

from ..dense import panel
from ..pymc_density import integrated

FORMS: tuple[Form | None, ...] = ("fixed", "random", "mundlak", None)
AT = {"sigma": 0.6, "sd_entity": 0.9, "sd_time": 0.35, "rho_error": -0.4}
SCALES = {"sigma": [0.5, 0.7], "sd_entity": [0.3, 1e-5], "sd_time": [0.4, 0.01], "rho_error": [0.8, -0.3]}
DRAWS = {name: np.array(values) for name, values in SCALES.items()}


@pytest.fixture(autouse=True, scope="module")
def _double_precision() -> None:
    prepare("cpu")


@pytest.mark.parametrize("effects", ["both", "entity", "time"])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("law", ["gaussian", "ar1"])
def test_engines_have_the_likelihood_with_every_effect_kept(
    law: str, form: Form | None, gaps: bool, effects: str
) -> None:
    design = panel(effects if form else "", gaps)
    found = largest_difference(design, DEFAULTS, form, LAWS[law], DRAWS)
    assert found is not None
    assert found < 1e-9


def test_slopes_that_vary_and_the_first_entities_of_a_large_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    design, draws = panel("both", True, varying=(0, 1)), {**DRAWS, "sd_slope": np.array([[0.2, 0.3]] * 2)}
    assert largest_difference(design, DEFAULTS, "mundlak", LAWS["gaussian"], draws) == pytest.approx(
        0, abs=1e-9
    )
    monkeypatch.setattr(kept_effects, "ROWS", 12)
    seen: list[int] = []

    def noted(few: Design, *rest: Any) -> float:
        seen.append(few.n)
        return kept_log_likelihood(few, *rest)

    monkeypatch.setattr(kept_effects, "kept_log_likelihood", noted)
    assert largest_difference(design, DEFAULTS, "mundlak", LAWS["gaussian"], draws) == pytest.approx(
        0, abs=1e-9
    )
    assert 12 <= seen[0] < design.n


def test_a_wrong_engine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_effects, "LOG_2PI", kept_effects.LOG_2PI * (1 + 1e-6))
    assert (largest_difference(panel("both", True), DEFAULTS, "random", LAWS["ar1"], DRAWS) or 0) > 1e-6


def test_laws_without_a_metric_are_not_compared() -> None:
    assert largest_difference(panel("both", True), DEFAULTS, "random", LAWS["student_t"], DRAWS) is None


@pytest.mark.parametrize(
    ("form", "gaps", "effects", "law"),
    [
        ("fixed", True, "both", "gaussian"),
        ("random", False, "both", "ar1"),
        ("mundlak", True, "both", "gaussian"),
        ("mundlak", True, "both", "ar1"),
        ("mundlak", True, "entity", "gaussian"),
        ("fixed", False, "time", "ar1"),
        (None, True, "", "gaussian"),
    ],
)
def test_the_pymc_model_with_its_effects_integrated_out(
    form: Form | None, gaps: bool, effects: str, law: Errors
) -> None:
    design = panel(effects, gaps)
    model = effects_model(design, DEFAULTS, form, law) if form else pooled_model(design, DEFAULTS, law)
    expected = kept_log_likelihood(design, DEFAULTS, form, LAWS[law], AT)
    assert integrated(model, AT)[0][0] == pytest.approx(
        expected, abs=1e-6
    )  # PyMC keeps some constants in single precision
