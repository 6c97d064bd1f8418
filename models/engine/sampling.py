"""NUTS through JAX, on CPU or GPU."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...data.errors import InputError
from .jax_cache import keep_compiled

if TYPE_CHECKING:
    import pymc as pm
    from xarray import DataTree

Device = Literal["cpu", "gpu"]


@dataclass(frozen=True)
class Sampler:
    """Settings of a run: draws and warm-up per chain, chains, seed and device."""

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    seed: int = 20250101
    device: Device = "cpu"


def prepare(device: Device) -> None:
    """Point JAX at a device, in 64 bits, with a compilation cache that outlives the process.

    Raises
    ------
    InputError
        If a GPU is asked for and JAX sees none.
    """
    import jax

    jax.config.update("jax_enable_x64", True)
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    elif not any(d.platform == "gpu" for d in jax.devices()):
        raise InputError(
            "--device gpu: JAX sees no GPU here; install the extra with 'pip install posterity[gpu]' on a "
            "machine that has one, or use --device cpu."
        )
    keep_compiled(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "posterity" / "jax")


def nuts(model: pm.Model, sampler: Sampler) -> DataTree:
    """Sample a model by NUTS in numpyro, chains vectorised; coords and dims are kept."""
    import pymc as pm

    prepare(sampler.device)
    return pm.sample(
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        model=model,
        random_seed=sampler.seed,
        nuts_sampler="numpyro",
        nuts={"chain_method": "vectorized"},
        progressbar=False,
        quiet=True,
        compute_convergence_checks=False,
    )
