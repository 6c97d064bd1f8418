"""Instrumental variables, the frequentist side: two-stage least squares and diagnostics of instruments.

Effects and controls are projected out first (Frisch, Waugh and Lovell). Everything is then a function of the
outcome y, the endogenous regressors X and the instruments Z, with n rows and nu degrees of freedom.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ...data.sample.design import Design
from ...data.sample.within import split
from ...data.study.spec import Cluster
from ..scale import Array
from .least_squares import LeastSquares, counted_dummies

LEVEL = 0.95
TAU = 0.10  # worst-case bias, as a share of that of least squares, that the critical value tests
MOST_CORNERS = 12
VCov = str | Cluster


@dataclass(frozen=True, eq=False)
class InstrumentDesign:
    """Outcome, endogenous regressors, controls and instruments of a column, on the paper's scale.

    Attributes
    ----------
    design : regressors in the order endogenous, controls, instruments
    y, X, W, Z : (n,), (n, p), (n, c), (n, k) within effects; y, X and Z are clear of W as well
    outcome_within, regressors_within : before W was projected out
    absorbed : parameters of the constant and the effects
    """

    design: Design
    endogenous: tuple[str, ...]
    controls: tuple[str, ...]
    instruments: tuple[str, ...]
    y: Array
    X: Array
    W: Array
    Z: Array
    outcome_within: Array
    regressors_within: Array
    absorbed: int

    @property
    def free(self) -> int:
        """nu: rows less everything that was projected out."""
        return self.design.n - self.absorbed - len(self.controls)

    @property
    def terms(self) -> tuple[str, ...]:
        return self.endogenous + self.controls


def instrument_design(design: Design, endogenous: int, instruments: int) -> InstrumentDesign:
    """Split a design whose terms are endogenous regressors, controls, instruments."""
    k = design.k - instruments
    names = design.terms
    data = np.column_stack([design.y, design.X])
    within = split(data, design.entity, design.time, design.entity_effects, design.time_effects).within
    y, X, W, Z = np.split(within, [1, 1 + endogenous, 1 + k], axis=1)
    clear = _residual(np.hstack([y, X, Z]), W)
    absorbed = 1 + (len(design.entities) - 1) * design.entity_effects
    absorbed += (len(design.times) - 1) * design.time_effects
    return InstrumentDesign(
        design, names[:endogenous], names[endogenous:k], names[k:], clear[:, 0], clear[:, 1 : 1 + endogenous],
        W, clear[:, 1 + endogenous :], y[:, 0], X, absorbed,
    )  # fmt: skip


def _residual(values: Array, on: Array) -> Array:
    return values - on @ np.linalg.lstsq(on, values, rcond=None)[0] if on.shape[1] else values


def two_stage(data: InstrumentDesign, vcov: VCov = "iid") -> LeastSquares:
    """Two-stage least squares of every term, with `_cons` as mean(y) - mean(x)'b.

    Standard errors carry n - K degrees of freedom, K with every effect (clustered: as in `least_squares`).
    """
    design = data.design
    R, Q = np.hstack([data.regressors_within, data.W]), np.hstack([data.Z, data.W])
    fitted = Q @ np.linalg.lstsq(Q, R, rcond=None)[0]
    bread = np.linalg.inv(fitted.T @ R)
    b = bread @ (fitted.T @ data.outcome_within)
    residual = data.outcome_within - R @ b
    variance = bread @ meat(data, fitted, residual, vcov, R.shape[1]) @ bread.T
    x_mean = design.X[:, : R.shape[1]].mean(axis=0)
    return LeastSquares(
        terms=(*data.terms, "_cons"),
        coef=np.append(b, design.y.mean() - x_mean @ b),
        std_error=np.append(np.sqrt(np.diag(variance)), np.nan),
        df=reference_df(data, vcov, R.shape[1]),
        n=design.n,
        r2=1 - float(residual @ residual) / float(((design.y - design.y.mean()) ** 2).sum()),
    )


def reference_df(data: InstrumentDesign, vcov: VCov, slopes: int) -> float:
    """Degrees of freedom of the t or F reference: rows less parameters, or clusters less one."""
    if isinstance(vcov, Cluster):
        assert data.design.clusters is not None
        return float(data.design.clusters.max())
    return float(data.design.n - data.absorbed - slopes)


def meat(data: InstrumentDesign, scores_of: Array, residual: Array, vcov: VCov, slopes: int) -> Array:
    """(q, q) Covariance of the sums of regressors x residual, with its small-sample factor.

    Parameters
    ----------
    scores_of : (n, q) columns that are multiplied by the residual
    residual : (n,) or (n, q), one for each column
    slopes : coefficients of the equation, effects aside
    """
    n = data.design.n
    own = residual if residual.ndim == 2 else residual[:, None]
    if vcov == "iid":
        sigma = own.T @ own / (n - data.absorbed - slopes)
        return sigma * (scores_of.T @ scores_of)
    scores = scores_of * own
    if isinstance(vcov, Cluster):
        clusters, counted = data.design.clusters, counted_dummies(data.design)
        assert clusters is not None
        groups = int(clusters.max()) + 1
        sums = np.zeros((groups, scores.shape[1]))
        np.add.at(sums, clusters, scores)
        return groups / (groups - 1) * (n - 1) / (n - 1 - counted - slopes) * sums.T @ sums
    return n / (n - data.absorbed - slopes) * scores.T @ scores


@dataclass(frozen=True, eq=False)
class Reduced:
    """Regressions of the outcome and of the only endogenous regressor on the instruments.

    Attributes
    ----------
    y, x : (k,) slopes
    yy, xy, xx : (k, k) their covariances
    """

    y: Array
    x: Array
    yy: Array
    xy: Array
    xx: Array


def reduced(data: InstrumentDesign, vcov: VCov = "iid", column: int = 0) -> Reduced:
    """The reduced form for one endogenous regressor."""
    k = data.Z.shape[1]
    both = np.column_stack([data.y, data.X[:, column]])
    slopes = np.linalg.lstsq(data.Z, both, rcond=None)[0]
    residual = both - data.Z @ slopes
    bread = np.kron(np.eye(2), np.linalg.inv(data.Z.T @ data.Z))
    middle = meat(
        data, np.hstack([data.Z, data.Z]), np.repeat(residual, k, axis=1), vcov, k + data.W.shape[1]
    )
    V = bread @ middle @ bread
    return Reduced(slopes[:, 0], slopes[:, 1], V[:k, :k], V[:k, k:], V[k:, k:])


def first_stage_f(data: InstrumentDesign, vcov: VCov = "iid", column: int = 0) -> float:
    """F of the excluded instruments in the first stage of one endogenous regressor."""
    form = reduced(data, vcov, column)
    return float(form.x @ np.linalg.solve(form.xx, form.x)) / len(form.x)


def effective_f(data: InstrumentDesign, vcov: VCov = "iid") -> tuple[float, float]:
    """The effective F and its critical value for a worst-case bias of 10% at the 5% level.

    Montiel Olea and Pflueger 2013, doi:10.1080/00401706.2013.806694, one endogenous regressor; the
    simplified, conservative critical value. With conventional errors it is the first-stage F.
    """
    from scipy import stats

    form = reduced(data, vcov)
    root = np.linalg.cholesky(data.Z.T @ data.Z)
    W2 = root.T @ form.xx @ root
    trace, x = float(np.trace(W2)), 1 / TAU
    largest = float(np.linalg.eigvalsh(W2)[-1])
    k = trace**2 * (1 + 2 * x) / (float((W2**2).sum()) + 2 * x * trace * largest)
    return float((root.T @ form.x) @ (root.T @ form.x)) / trace, float(stats.ncx2.ppf(LEVEL, k, k * x)) / k


def overidentification(data: InstrumentDesign, vcov: VCov = "iid") -> tuple[float, float, int] | None:
    """Sargan's statistic (Hansen's J with other errors), its p-value and degrees; None where just identified.

    n e'P e / e'e of the residuals of two-stage least squares, n the rows (Sargan 1958, doi:10.2307/1907619);
    J is that of two-step GMM (Hansen 1982, doi:10.2307/1912775).
    """
    from scipy import stats

    n, df = data.design.n, data.Z.shape[1] - data.X.shape[1]
    if df <= 0:
        return None
    ZX, Zy, ZZ = data.Z.T @ data.X, data.Z.T @ data.y, data.Z.T @ data.Z

    def gmm(weight: Array) -> tuple[Array, Array]:
        b = np.linalg.solve(ZX.T @ weight @ ZX, ZX.T @ weight @ Zy)
        return b, data.y - data.X @ b

    _, e = gmm(np.linalg.inv(ZZ))
    if vcov == "iid":
        S = ZZ * (e @ e) / n
    else:
        scores = data.Z * e[:, None]
        if isinstance(vcov, Cluster):
            assert data.design.clusters is not None
            sums = np.zeros((int(data.design.clusters.max()) + 1, scores.shape[1]))
            np.add.at(sums, data.design.clusters, scores)
            scores = sums
        S = scores.T @ scores
        if np.linalg.matrix_rank(S) < len(S):
            return None  # fewer clusters than instruments
        _, e = gmm(np.linalg.inv(S))
    g = data.Z.T @ e
    statistic = float(g @ np.linalg.solve(S, g))
    return statistic, float(stats.chi2.sf(statistic, df)), df


def plausibly_exogenous(data: InstrumentDesign, most: Array, vcov: VCov = "iid") -> Array:
    """(G, 2) Union of 95% intervals of two-stage least squares over direct effects |gamma_j| <= most.

    Conley, Hansen and Rossi 2012, doi:10.1162/REST_a_00139. One endogenous regressor. Upper ends are convex
    in gamma and lower ends concave (something linear plus or minus a norm of something linear), so that the
    corners of the box suffice; not numbers where there are more than 12 instruments.

    Parameters
    ----------
    most : (G,) bounds in standard deviations of the outcome for one of the instrument
    """
    from scipy import stats

    k = data.Z.shape[1]
    unit = data.design.y.std() / data.design.X[:, -k:].std(axis=0)
    fitted = data.Z @ np.linalg.lstsq(data.Z, data.X, rcond=None)[0]
    bread = 1 / (fitted[:, 0] @ fitted[:, 0])
    slopes = 1 + data.W.shape[1]
    reach = float(stats.t.ppf((1 + LEVEL) / 2, reference_df(data, vcov, slopes)))
    found = np.full((len(most), 2), np.nan)
    if k > MOST_CORNERS:
        return found
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=k)))
    for i, bound in enumerate(most):
        ends = []
        for corner in corners:
            y = data.y - data.Z @ (bound * corner * unit)
            b = bread * (fitted[:, 0] @ y)
            spread = meat(data, fitted, y - data.X[:, 0] * b, vcov, slopes)
            ends.append(
                (b - reach * bread * np.sqrt(spread[0, 0]), b + reach * bread * np.sqrt(spread[0, 0]))
            )
        low, high = zip(*ends, strict=True)
        found[i] = min(low), max(high)
    return found
