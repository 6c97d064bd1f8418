"""Statistics that papers print, as differentiable functions of a balanced panel, in JAX.

A panel is an array (V, N, T) of variables by entities by times. What a column of a table computes is a
`Column`, static and hashable, so that columns of one shape share a compiled program; which variables
it reads, and who is in which cluster, are arguments.
"""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp

from .moment_columns import Column, within

Array = jax.Array
WINDOW = 0.02


def quantile(values: Array, q: float) -> Array:
    """The quantile over the last axis (linear interpolation); its derivative is spread over near ranks.

    The exact derivative moves one or two cells, which then change places with their neighbours; that of
    the mean of the order statistics within `WINDOW` moves all of them together.
    """
    ordered = jnp.sort(values, axis=-1)
    n = values.shape[-1]
    at, reach = q * (n - 1), max(1, round(WINDOW * n))
    low, high = max(0, int(at) - reach), min(n, int(at) + reach + 2)
    smooth = ordered[..., low:high].mean(axis=-1)
    below = int(at)
    exact = ordered[..., below] + (at - below) * (ordered[..., min(below + 1, n - 1)] - ordered[..., below])
    return smooth + jax.lax.stop_gradient(exact - smooth)


def descriptives(values: Array) -> Array:
    """(..., 5) Mean, standard deviation (n - 1), median, minimum and maximum over the last axis."""
    parts = (
        values.mean(axis=-1),
        values.std(axis=-1, ddof=1),
        quantile(values, 0.5),
        values.min(axis=-1),
        values.max(axis=-1),
    )
    return jnp.stack(parts, axis=-1)


def inflation(values: Array) -> Array:
    """(v,) Variance inflation factors of variables (v, n): the diagonal of the inverse correlation matrix."""
    return jnp.diagonal(jnp.linalg.inv(jnp.corrcoef(values)))


def transformed(values: Array, column: Column) -> Array:
    """The sample of a column: (v, N', T') after its steps and logarithms."""
    for name, *arguments in column.steps:
        if name == "winsorise":
            flat = values.reshape(len(values), -1)
            low, high = (exact_quantile(flat, q)[:, None, None] for q in arguments)
            values = jnp.clip(values, low, high)
        elif name == "standardise":
            centred = values - values.mean(axis=(1, 2), keepdims=True)
            values = centred / values.std(axis=(1, 2), ddof=1, keepdims=True)
        elif name == "entities":
            values = values[:, jnp.array(arguments[0])]
        elif name == "times":
            values = values[:, :, jnp.array(arguments[0])]
        else:
            most = max(arguments[0])
            last = values.shape[-1]
            values = jnp.stack([v[:, most - p : last - p] for v, p in zip(values, arguments[0], strict=True)])
    logs = jnp.array(column.logs)[:, None, None]
    return jnp.where(logs, jnp.log(jnp.where(logs, values, 1.0)), values)


def exact_quantile(values: Array, q: float) -> Array:
    return jnp.quantile(values, q, axis=-1)


def regression(values: Array, clusters: Array, column: Column) -> Array:
    """The wanted statistics of a column, in the order of `column.wanted`.

    Names: `coef.J` and `se.J` with J the position among the regressors (-1 the constant of a column without
    effects), `t.J`, `r2`, `adj_r2`, `within_r2` (of the deviations from entity means, times counted among the
    regressors, as Stata's `xtreg, fe` prints), `F`, `sargan` (n R2 of the residuals on the instruments),
    `indirect`.

    Parameters
    ----------
    values : (v, N, T) the variables of the column
    clusters : (G, N) which entity is in which cluster, zeros and ones

    Notes
    -----
    Clustered errors carry G/(G-1) (n-1)/(n-K), K without effects nested in the clusters (reghdfe, fixest);
    others n - K with every effect counted.
    """
    Z = transformed(values, column)
    for step in column.steps:
        if step[0] == "entities":
            clusters = clusters[:, jnp.array(step[1])]
    _, N, T = Z.shape
    n = N * T
    y, m = Z[0], column.endogenous
    X = Z[1 : 1 + m + column.exogenous]
    W = jnp.concatenate([Z[1 + m + column.exogenous :][: column.instruments], X[m:]])
    if column.thresholds:
        X = by_regime(X, Z[-1], column)
        W = X
    elif not m:
        W = X
    stacked = jnp.concatenate([y[None], X, W])
    mean = stacked.mean(axis=(1, 2))
    swept = within(stacked, column.entity_effects, column.time_effects).reshape(len(stacked), n)
    k = len(X)
    y_w, X_w, W_w = swept[0], swept[1 : 1 + k], swept[1 + k :]
    fitted = (X_w @ W_w.T) @ jnp.linalg.solve(W_w @ W_w.T, W_w) if m else X_w
    B = jnp.linalg.inv(fitted @ fitted.T)
    b = B @ (fitted @ y_w)
    e = y_w - b @ X_w
    ssr = e @ e
    total = ((y - y.mean()) ** 2).sum()
    parameters = k + 1 + (N - 1) * column.entity_effects + (T - 1) * column.time_effects
    found: dict[str, Array] = {
        "r2": 1 - ssr / total,
        "adj_r2": 1 - ssr / total * (n - 1) / (n - parameters),
        "within_r2": 1 - ssr / ((y - y.mean(axis=1, keepdims=True)) ** 2).sum(),
    }
    constant = mean[0] - b @ mean[1 : 1 + k]
    at = mean[1 : 1 + k]
    if column.vcov == "iid":
        s2 = ssr / (n - parameters)
        V, v_constant = s2 * B, s2 * (1 / n + at @ B @ at)
    else:
        influence = (B @ fitted) * e
        of_constant = e / n - at @ influence
        every = jnp.concatenate([influence, of_constant[None]])
        factor = n / (n - parameters)
        if column.vcov == "cluster":
            every = every.reshape(k + 1, N, T).sum(axis=2) @ clusters.T
            G = len(clusters)
            counted = parameters - (N - 1) * column.entity_effects * column.nested
            factor = G / (G - 1) * (n - 1) / (n - counted)
        cov = factor * every @ every.T
        V, v_constant = cov[:k, :k], cov[k, k]
    coef = jnp.append(b, constant)
    se = jnp.sqrt(jnp.append(jnp.diagonal(V), v_constant))
    if "F" in column.wanted:
        f = column.tested
        found["F"] = b[:f] @ jnp.linalg.solve(V[:f, :f], b[:f]) / f
    if "sargan" in column.wanted:
        explained = (W_w @ e) @ jnp.linalg.solve(W_w @ W_w.T, W_w @ e)
        found["sargan"] = n * explained / ssr
    if column.without is not None:
        kept = [j for j in range(k) if j != column.without]
        rest = X_w[jnp.array(kept)]
        alone = jnp.linalg.solve(rest @ rest.T, rest @ y_w)
        treatment = column.split or 0
        found["indirect"] = alone[kept.index(treatment)] - b[treatment]
    for name in column.wanted:
        what, _, j = name.partition(".")
        if j:
            found[name] = {"coef": coef, "se": se, "t": coef / se}[what][int(j)]
    return jnp.stack([found[name] for name in column.wanted])


def by_regime(X: Array, q: Array, column: Column) -> Array:
    """The regressor `split` once for each regime of q (Hansen 1999, doi:10.1016/S0304-4076(99)00025-1)."""
    edges = (-jnp.inf, *column.thresholds, jnp.inf)
    j = column.split or 0
    parts = [X[j] * ((q > low) & (q <= high)) for low, high in pairwise(edges)]
    return jnp.concatenate([X[:j], jnp.stack(parts), X[j + 1 :]])
