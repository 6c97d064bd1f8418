"""Composite indices as array functions: standardisation, weights, scores; for one table or D draws of it.

Indicators are (n, k), or (D, n, k) where they are drawn themselves. An optional mass (D, n) weights the
rows in each draw, as a Bayesian bootstrap does; without it all rows weigh the same. Masses act as counts:
a row of mass 2 is that row twice.

Entropy weights are Theil's inequality in other clothes. With shares p = x / sum(x) and m rows,

    1 - e = 1 + sum(p ln p) / ln m = T / ln m,    T = mean(f ln f),  f = x / mean(x),

so the normalising constant ln m cancels from the weights, and the weighted mean gives the weighted
estimator. Divided by the logarithm of the number of years, ln Y, as some theses do,

    1 - e = (T - ln(m / Y)) / ln Y,

which is negative for every T below the logarithm of the number of entities: the most even indicator
then weighs most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .scores import Distance, column_mean, topsis, weighted_sum

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

Weighting = Literal["entropy", "equal", "pca"]
Score = Literal["sum", "topsis"]
Standard = Literal["minmax", "z", "none"]
Scope = Literal["pooled", "within"]
Constant = Literal["rows", "years"]
CHUNK = 4_000_000


@dataclass(frozen=True)
class Convention:
    """How an index is computed; every choice that papers leave unsaid has a name.

    Attributes
    ----------
    weighting : entropy weights, equal weights, or loadings of the first principal component (which
        needs `standard` z)
    score : weighted sum, or TOPSIS: nearness to the best against the worst row
    standard : minmax, (x - min) / (max - min), reversed for negative directions; z, signed
        standard scores moved up so that the smallest is 0; none, values as they are
    scope : standardise over the whole panel (pooled) or within each year
    constant : entropy is divided by ln of the number of rows, or of the number of years: a mistake
        that is found in print, kept as an alternative and never a default
    offset : added to standardised values before their entropy is taken; 0 takes 0 ln 0 = 0, its limit
    distance : how TOPSIS normalises standardised columns again: none, by their Euclidean length
        (vector), or to [0, 1] (minmax)
    """

    weighting: Weighting = "entropy"
    score: Score = "sum"
    standard: Standard = "minmax"
    scope: Scope = "pooled"
    constant: Constant = "rows"
    offset: float = 0.0
    distance: Distance = "none"

    def __post_init__(self) -> None:
        if self.weighting == "pca" and (self.standard, self.score) != ("z", "sum"):
            raise InputError("a first principal component is a weighted sum of z-scores: use standard z.")
        if not 0 <= self.offset < 1:
            raise InputError(f"offset {self.offset:g} must lie in [0, 1), on the standardised scale.")

    @property
    def label(self) -> str:
        """The choices in words, in a fixed order."""
        words: list[str] = [self.weighting]
        if self.score == "topsis":
            words.append("TOPSIS" + ("" if self.distance == "none" else f" ({self.distance})"))
        words += [self.standard, self.scope]
        if self.weighting == "entropy":
            words += [f"ln {self.constant}", f"offset {self.offset:g}"]
        return ", ".join(words)


class Index(NamedTuple):
    """Weights (k,) and values (n,) of an index, or (D, k) and (D, n) where there are draws."""

    weights: Array
    values: Array


def composite(
    X: Array,
    negative: NDArray[np.bool_],
    convention: Convention = Convention(),
    times: Codes | None = None,
    mass: Array | None = None,
) -> Index:
    """An index of complete indicators.

    Parameters
    ----------
    X : (n, k) or (D, n, k) indicators on their own scales
    negative : (k,) whether more of it is worse
    times : (n,) codes of years; needed where the convention names years
    mass : (D, n) draws of row weights

    Raises
    ------
    InputError
        Where every indicator is constant, or values that entropy or direction cannot take remain.
    """
    if times is None and (convention.scope == "within" or convention.constant == "years"):
        raise InputError(f"the convention '{convention.label}' needs the year of each row.")
    if X.ndim == 2 and (mass is None or convention.standard != "z"):
        return _composite(X, negative, convention, times, mass)
    draws = len(X) if mass is None else len(mass)
    step = max(1, CHUNK // (X.shape[-2] * X.shape[-1]))
    parts = [
        _composite(
            X[i : i + step] if X.ndim == 3 else X,
            negative,
            convention,
            times,
            None if mass is None else mass[i : i + step],
        )
        for i in range(0, draws, step)
    ]
    return Index(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _composite(
    X: Array, negative: NDArray[np.bool_], convention: Convention, times: Codes | None, mass: Array | None
) -> Index:
    groups = times if convention.scope == "within" else None
    Z = standardise(X, negative, convention.standard, groups, mass)
    if convention.weighting == "entropy":
        years = len(np.unique(times)) if times is not None and convention.constant == "years" else None
        weights = entropy_weights(Z, mass, years, convention.offset)
    elif convention.weighting == "pca":
        weights = pca_weights(Z, mass)
    else:
        draws = Z.shape[:-2] if mass is None else mass.shape[:1]
        weights = np.full((*draws, Z.shape[-1]), 1 / Z.shape[-1])
    if convention.score == "topsis":
        return Index(weights, topsis(Z, weights, distance=convention.distance, mass=mass))
    return Index(weights, weighted_sum(Z, weights))


def standardise(
    X: Array,
    negative: NDArray[np.bool_],
    standard: Standard = "minmax",
    groups: Codes | None = None,
    mass: Array | None = None,
) -> Array:
    """Indicators on one scale, in the positive direction, the smallest at 0; constant columns become 0.

    Ranges do not move with the mass, which is positive everywhere; means and standard deviations do.

    Parameters
    ----------
    X : (n, k) or (D, n, k)
    groups : (n,) codes of the sets of rows to standardise within; all rows where omitted

    Returns
    -------
    (n, k) or (D, n, k); the latter also for z-scores under a mass
    """
    if standard == "none":
        if negative.any():
            raise InputError("unstandardised indicators have no reversed direction; use minmax or z.")
        return X
    signed = np.where(negative, -X, X)
    if groups is not None:
        drawn = X.ndim == 2 and standard == "z" and mass is not None
        Z = np.empty((len(mass), *X.shape) if drawn and mass is not None else X.shape)
        for code in np.unique(groups):
            rows = groups == code
            part = None if mass is None else mass[:, rows]
            Z[..., rows, :] = _scaled(signed[..., rows, :], standard, part)
    else:
        Z = _scaled(signed, standard, mass)
    return Z - Z.min(axis=-2, keepdims=True) if standard == "z" else Z


def _scaled(signed: Array, standard: Standard, mass: Array | None) -> Array:
    low, high = signed.min(axis=-2, keepdims=True), signed.max(axis=-2, keepdims=True)
    flat = low == high
    if standard == "minmax":
        return (signed - low) / np.where(flat, 1.0, high - low)
    mean = column_mean(signed, mass)[..., None, :]
    centred = signed - mean
    variance = (centred**2).mean(axis=-2) if mass is None else column_mean(centred**2, mass)
    return centred / np.where(flat, 1.0, np.sqrt(variance)[..., None, :])


def theil(Z: Array, mass: Array | None = None) -> Array:
    """Theil's T of each column, mean(f ln f) with f = x / mean(x); 0 for a constant column.

    Parameters
    ----------
    Z : (n, k) or (D, n, k), at least 0; 0 ln 0 = 0

    Returns
    -------
    (k,), or (D, k) under a mass
    """
    if (Z < 0).any():
        column = int(np.argwhere(Z < 0)[0][-1])
        raise InputError(
            f"indicator {column + 1} has negative values ({Z[..., column].min():g}), which have no entropy; "
            "standardise by minmax, or correct them."
        )
    level = Z.mean(axis=-2, keepdims=True)
    f = Z / np.where(level == 0, 1.0, level)
    f_log_f = f * np.log(np.where(f > 0, f, 1.0))
    mean, mixed = column_mean(f, mass), column_mean(f_log_f, mass)
    flat = Z.max(axis=-2) == Z.min(axis=-2)
    mean = np.where(flat, 1.0, mean)
    return np.where(flat, 0.0, mixed / mean - np.log(mean))


def entropy_weights(
    Z: Array, mass: Array | None = None, years: int | None = None, offset: float = 0.0
) -> Array:
    """Entropy weights: each indicator by 1 less its normalised entropy, adding up to 1.

    Parameters
    ----------
    Z : (n, k) or (D, n, k), at least 0
    years : the number by whose logarithm entropy is divided, where that is not the number of rows
    offset : added to Z first

    Returns
    -------
    (k,), or (D, k) under a mass; a constant indicator weighs 0 (not so with `years`)

    Raises
    ------
    InputError
        Where all indicators are constant: entropy then tells nothing apart.
    """
    inequality = theil(Z + offset, mass)
    if not (inequality > 0).any(axis=-1).all():
        raise InputError(
            "every indicator is constant, so that entropy gives none a weight; check the columns."
        )
    log_rows = np.log(Z.shape[-2] if mass is None else mass.sum(axis=1, keepdims=True))
    divergence = inequality if years is None else (inequality - log_rows + np.log(years)) / np.log(years)
    return divergence / divergence.sum(axis=-1, keepdims=True)


def pca_weights(Z: Array, mass: Array | None = None) -> Array:
    """Loadings of the first principal component of the correlations, so that their sizes add up to 1.

    The sign is that in which loadings add up to more than 0. Constant columns weigh 0.
    """
    share = 1 / Z.shape[-2] if mass is None else (mass / mass.sum(axis=1, keepdims=True))[..., None]
    scaled = (Z - column_mean(Z, mass)[..., None, :]) * np.sqrt(share)
    covariance = np.swapaxes(scaled, -1, -2) @ scaled
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    flat = np.broadcast_to(Z.max(axis=-2) == Z.min(axis=-2), sd.shape)
    if flat.all(axis=-1).any():
        raise InputError("every indicator is constant, so that there is no principal component.")
    unit = np.where(flat, 0.0, 1 / np.where(flat, 1.0, sd))
    vectors = np.linalg.eigh(covariance * unit[..., None] * unit[..., None, :])[1][..., -1]
    vectors = np.where(flat, 0.0, vectors)
    vectors *= np.where(vectors.sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    vectors /= np.abs(vectors).sum(axis=-1, keepdims=True)
    return vectors
