"""Draws of a fitted column as data sets and as records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...models.engine.sampling import Sampler
from ...models.scale import Array

if TYPE_CHECKING:
    from xarray import DataArray, Dataset, DataTree

SUMMARY = ("mean", "q2.5", "q97.5")


def laid_out(
    values: dict[str, Array],
    sampler: Sampler,
    dims: dict[str, str] | None = None,
    coords: dict[str, Any] | None = None,
) -> Dataset:
    """Draws (S,) or (S, k) as chains of draws."""
    import xarray as xr

    shape, named = (sampler.chains, sampler.draws), dims or {}
    return xr.Dataset(
        {
            name: (
                ("chain", "draw", *([named[name]] if name in named else [])),
                v.reshape(shape + v.shape[1:]),
            )
            for name, v in values.items()
        },
        {"chain": np.arange(shape[0]), "draw": np.arange(shape[1]), **(coords or {})},
    )


def of_coefficients(draws: dict[str, DataArray]) -> DataTree:
    """A fit of these coefficients alone, from the draws (chain, draw) of each."""
    import xarray as xr

    coef = np.stack([one.transpose("chain", "draw").to_numpy() for one in draws.values()], axis=-1)
    coords = {"chain": np.arange(coef.shape[0]), "draw": np.arange(coef.shape[1]), "term": list(draws)}
    dims = ("chain", "draw", "term")
    return xr.DataTree.from_dict({"posterior": xr.Dataset({"coef": (dims, coef)}, coords)})


def attributes(fits: list[DataTree]) -> dict[str, Any]:
    """The attributes of a fit that consists of several.

    Drawn by importance sampling only if all are; the largest k-hat and the smallest effective size.
    """
    methods = {fit.attrs.get("method", "nuts") for fit in fits}
    found: dict[str, Any] = {"engine": fits[0].attrs.get("engine", "nuts")}
    found["method"] = "importance" if methods == {"importance"} else "nuts"
    for name, worst in (("k_hat", max), ("ess", min)):
        values = [fit.attrs[name] for fit in fits if name in fit.attrs]
        if values:
            found[name] = float(worst(values))
    return found


def described(draws: DataArray) -> dict[str, float]:
    """Mean, central 95% interval and probability of being positive."""
    values = np.ravel(draws.to_numpy())
    low, high = np.quantile(values, [0.025, 0.975])
    return {
        "mean": float(values.mean()),
        "q2.5": float(low),
        "q97.5": float(high),
        "prob_positive": float((values > 0).mean()),
    }


def changes_at(at: Array, bands: Array) -> float | None:
    """The value nearest 0 at which an interval starts, or ceases, to contain 0; None where it never does.

    Parameters
    ----------
    at : (G,) increasing, 0 within
    bands : (G, 3) mean and ends of the interval; not a number where there is none
    """
    nearest = None
    for way in (1, -1):
        values, low, high = at[::way], bands[::way, 1], bands[::way, 2]
        ahead = (values * way >= 0) & np.isfinite(low)
        values, inside = values[ahead], np.maximum(low[ahead], -high[ahead])  # above 0: 0 is outside
        if not values.size:
            continue
        flips = np.nonzero(np.sign(inside[1:]) != np.sign(inside[0]))[0]
        if flips.size:
            i = int(flips[0])
            found = values[i] + (values[i + 1] - values[i]) * inside[i] / (inside[i] - inside[i + 1])
            if nearest is None or abs(found) < abs(nearest):
                nearest = float(found)
    return nearest
