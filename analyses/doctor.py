"""What this machine has, and whether sampling works on it."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import numpy as np

from .run.store import versions


def examine() -> dict[str, Any]:
    """Versions, devices and two small checks; a check is (works, words)."""
    import jax

    from ..models.engine.sampling import Sampler, prepare

    checks: dict[str, tuple[bool, str]] = {}
    devices = ", ".join(f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices())
    prepare("gpu" if any(d.platform == "gpu" for d in jax.devices()) else "cpu")
    for name, check in (("sampling", _samples), ("64 bits", _double)):
        try:
            start = time.perf_counter()
            checks[name] = check(Sampler(draws=200, tune=200))
            checks[name] = (checks[name][0], f"{checks[name][1]} ({time.perf_counter() - start:.1f} s)")
        except Exception as error:
            checks[name] = (False, f"{type(error).__name__}: {error}")
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "devices": devices,
    }
    return {"versions": versions(), "machine": machine, "checks": checks}


def _samples(sampler: Any) -> tuple[bool, str]:
    import pymc as pm

    from ..models.engine.sampling import nuts

    with pm.Model() as model:
        pm.Normal("x", 3.0, 1.0)
    mean = float(nuts(model, sampler)["posterior"]["x"].mean())
    return abs(mean - 3.0) < 0.3, f"mean of a Normal(3, 1): {mean:.2f}"


def _double(_: Any) -> tuple[bool, str]:
    import jax

    kind = jax.numpy.asarray(np.ones(1)).dtype
    return kind == np.float64, str(kind)
