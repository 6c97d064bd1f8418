"""Strength of the instruments where several regressors are endogenous.

The F statistic of each first stage can be large although the instruments move all endogenous regressors
along one direction only, so that their coefficients cannot be told apart. These statistics look at the
weakest direction: of all endogenous regressors together, or of one given the others.

With one endogenous regressor each of them is its first-stage F.
"""

from __future__ import annotations

import numpy as np

from ...data.study.spec import Cluster
from ..scale import Array
from .iv import InstrumentDesign, VCov, meat, reference_df

# Staiger and Stock 1997, doi:10.2307/2171753: a rule of thumb for the F of one endogenous regressor, which
# Sanderson and Windmeijer's conditional F can be held against too.
RULE_OF_THUMB = 10.0


def on_instruments(data: InstrumentDesign, left: Array, vcov: VCov = "iid") -> tuple[Array, Array]:
    """Slopes (k,) of a left-hand side (n,) on the instruments, and their covariance (k, k)."""
    Z = data.Z
    slopes = np.linalg.lstsq(Z, left, rcond=None)[0]
    bread = np.linalg.inv(Z.T @ Z)
    return slopes, bread @ meat(data, Z, left - Z @ slopes, vcov, Z.shape[1] + data.W.shape[1]) @ bread


def cragg_donald(data: InstrumentDesign) -> float:
    """The Cragg-Donald F: the smallest eigenvalue of the first stages' signal over noise, divided by k.

    Cragg and Donald 1993, doi:10.1017/S0266466600007519. It takes errors as independent with equal
    variances; `kleibergen_paap` does not.
    """
    from scipy.linalg import eigh

    k = data.Z.shape[1]
    fitted = data.Z @ np.linalg.lstsq(data.Z, data.X, rcond=None)[0]
    noise = (data.X - fitted).T @ (data.X - fitted) / (data.free - k)
    return float(eigh(fitted.T @ fitted, noise, eigvals_only=True)[0]) / k


def kleibergen_paap(data: InstrumentDesign, vcov: VCov = "iid") -> float:
    """The rk Wald F of the hypothesis that the first-stage coefficients have rank p - 1.

    Kleibergen and Paap 2006, doi:10.1016/j.jeconom.2005.02.011. Theta, the canonical correlations of the
    endogenous regressors and the instruments, is U diag(s) V'. The regressors' combination with the last
    column of V is the one that the instruments move least; the statistic is a Wald test of its slopes on the
    instruments, in the directions that the other combinations leave. With `iid` errors it is the
    Cragg-Donald F. Not a number where there are too few clusters for these directions.
    """
    k, p = data.Z.shape[1], data.X.shape[1]
    root_z, root_x = np.linalg.qr(data.Z, mode="r"), np.linalg.qr(data.X, mode="r")
    theta = np.linalg.solve(root_z.T, data.Z.T @ data.X) @ np.linalg.inv(root_x)
    U, _, Vt = np.linalg.svd(theta, full_matrices=True)
    slopes, covariance = on_instruments(data, data.X @ np.linalg.solve(root_x, Vt[-1]), vcov)
    left = U[:, p - 1 :].T @ root_z
    return _wald(data, vcov, left @ slopes, left @ covariance @ left.T) / k


def conditional_f(data: InstrumentDesign, vcov: VCov = "iid", column: int = 0) -> float:
    """F of the instruments for one endogenous regressor given the others.

    Sanderson and Windmeijer 2016, doi:10.1016/j.jeconom.2015.06.004: what two-stage least squares of the
    regressor on the others leaves is regressed on the instruments; the Wald statistic has k - p + 1 degrees
    of freedom. Not a number where there are no more clusters than instruments.
    """
    k, p = data.Z.shape[1], data.X.shape[1]
    others = np.delete(data.X, column, axis=1)
    fitted = data.Z @ np.linalg.lstsq(data.Z, others, rcond=None)[0]
    own = data.X[:, column] - others @ np.linalg.lstsq(fitted, data.X[:, column], rcond=None)[0]
    return _wald(data, vcov, *on_instruments(data, own, vcov)) / (k - p + 1)


def _wald(data: InstrumentDesign, vcov: VCov, values: Array, covariance: Array) -> float:
    """values' covariance^-1 values; not a number where there are too few clusters for a covariance."""
    if isinstance(vcov, Cluster) and reference_df(data, vcov, len(values)) < len(values):
        return float("nan")
    return float(values @ np.linalg.solve(covariance, values))
