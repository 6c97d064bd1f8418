"""Three statements of one model: the engines' likelihood, the one with every effect kept, and PyMC's."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from pymc.sampling.jax import get_jaxified_logp

from posterity.data.study.spec import Errors, Form
from posterity.models.engine.sampling import prepare
from posterity.models.errors import LAWS
from posterity.models.errors.inference import kept_effects
from posterity.models.errors.inference.kept_effects import kept_log_likelihood, largest_difference
from posterity.models.kinds.effects import effects_model
from posterity.models.kinds.pooled import pooled_model
from posterity.models.priors import DEFAULTS

from ..dense import panel

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
    monkeypatch.setattr(
        kept_effects,
        "kept_log_likelihood",
        lambda few, *rest: seen.append(few.n) or kept_log_likelihood(few, *rest),
    )
    assert largest_difference(design, DEFAULTS, "mundlak", LAWS["gaussian"], draws) == pytest.approx(
        0, abs=1e-9
    )
    assert 12 <= seen[0] < design.n


def test_a_wrong_engine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_effects, "LOG_2PI", kept_effects.LOG_2PI * (1 + 1e-6))
    assert (largest_difference(panel("both", True), DEFAULTS, "random", LAWS["ar1"], DRAWS) or 0) > 1e-6


def test_laws_without_a_metric_are_not_compared() -> None:
    assert largest_difference(panel("both", True), DEFAULTS, "random", LAWS["student_t"], DRAWS) is None


def integrated(model: Any, at: dict[str, float]) -> float:
    """log p(y | scales) of a PyMC model: the coefficients, whose log-density is quadratic, integrated out."""
    logp = get_jaxified_logp(model)
    start, names = model.initial_point(), [v.name for v in model.value_vars]
    law = {f"{name}_log__": np.log(value) for name, value in at.items() if name != "rho_error"}
    scales = {name: np.asarray(law[name]) for name in names if name in law}
    if "rho_error_interval__" in names:
        scales["rho_error_interval__"] = np.asarray(np.log((1 + at["rho_error"]) / (1 - at["rho_error"])))
    free = [name for name in names if name not in scales]
    flat, back = jax.flatten_util.ravel_pytree({name: np.zeros_like(start[name], float) for name in free})

    def density(point: Any) -> Any:
        values = {**back(point), **scales}
        return logp([values[name] for name in names])

    value, slope, curve = jax.jit(lambda p: (density(p), jax.grad(density)(p), jax.hessian(density)(p)))(flat)
    step = np.linalg.solve(-np.asarray(curve), np.asarray(slope))
    half = 0.5 * (len(flat) * np.log(2 * np.pi) - np.linalg.slogdet(-np.asarray(curve))[1])
    priors = sum(float(v) for v in _of_scales(model, scales))
    return float(value + 0.5 * slope @ step + half - priors)


def _of_scales(model: Any, scales: dict[str, Any]) -> list[Any]:
    """The log-density of each scale's own prior, on the whole line."""
    variables = [model.values_to_rvs[v] for v in model.value_vars if v.name in scales]
    return model.compile_fn(model.logp(vars=variables, sum=False), mode="FAST_COMPILE")(scales)


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
    assert integrated(model, AT) == pytest.approx(
        expected, abs=1e-6
    )  # PyMC keeps some constants in single precision
