"""Coefficients and effects integrated out under errors of any covariance that is known given a few coordinates.

In JAX, for one point; everything is batched by `vmap` and `lax.map`. With H the cross-products of [M | 1 | y] in
the metric of the errors, effects that belong to an entity (or to a cluster) are eliminated one by one (one
cluster after the other), then the constant, then the coefficients: see `collapsed` for the formula.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .rows import CORRELATIONS, Plan


class Reduced(NamedTuple):
    """What is left when coefficients and effects are integrated out.

    Attributes
    ----------
    log_likelihood : but for -n/2 log 2 pi and the log-determinant of the errors
    root : (q + 1, q + 1) Cholesky factor of the augmented precision of z
    tau : (q,) theta = m + tau z
    constant : (q + 2,) row of H of the constant, against [theta | constant | y - M m]
    """

    log_likelihood: Any
    root: Any
    tau: Any
    constant: Any


def values_of(plan: Plan, point: Any) -> dict[str, Any]:
    """Coordinates (d,) on the whole line to variables; a correlation is -tanh(u/2).

    The sign puts correlations of 0.64 and 0.96 where the search for the mode starts (`importance.START`).
    """
    import jax.numpy as jnp

    return {
        name: -jnp.tanh(point[j] / 2) if name in CORRELATIONS else jnp.exp(point[j])
        for j, name in enumerate(plan.names)
    }


def log_prior(plan: Plan, point: Any, data: Any) -> Any:
    """Log-density of the coordinates, with the Jacobian of `values_of`."""
    import jax.numpy as jnp

    total = -data["log_cut"].sum()
    values = values_of(plan, point)
    for j, (name, family) in enumerate(zip(plan.names, plan.families, strict=True)):
        value = values[name]
        jacobian = jnp.log((1 - value**2) / 2) if name in CORRELATIONS else point[j]
        total += log_density(family, value, data["arguments"][j]) + jacobian
    return total


def log_density(family: str, x: Any, a: Any) -> Any:
    """Log-density of a prior of `priors.FAMILIES` in JAX; `a` (3,) holds its arguments in their order."""
    import jax.numpy as jnp
    from jax.scipy import stats
    from jax.scipy.special import gammaln

    if family == "half_normal":
        return jnp.log(2.0) + stats.norm.logpdf(x, 0.0, a[0])
    if family == "half_cauchy":
        return jnp.log(2.0) + stats.cauchy.logpdf(x, 0.0, a[0])
    if family == "exponential":
        return jnp.log(a[0]) - a[0] * x
    if family == "gamma":
        return a[0] * jnp.log(a[1]) + (a[0] - 1) * jnp.log(x) - a[1] * x - gammaln(a[0])
    if family == "inverse_gamma":
        return a[0] * jnp.log(a[1]) - (a[0] + 1) * jnp.log(x) - a[1] / x - gammaln(a[0])
    if family == "student_t":
        return stats.t.logpdf(x, a[0], a[1], a[2])
    law = {"normal": stats.norm, "cauchy": stats.cauchy, "laplace": stats.laplace}[family]
    return law.logpdf(x, a[0], a[1])


def without_entities(H: Any, sums: Any, gram: Any, sd: Any) -> tuple[Any, Any]:
    """Integrate out independent effects, and the log-determinant that this adds.

    Parameters
    ----------
    H : (P, P)
    sums, gram : (N, P), (N,) products of each effect's dummy with [M | 1 | y] and with itself
    sd : standard deviation of the effects
    """
    import jax.numpy as jnp

    growth = 1 + sd**2 * gram
    scaled = sums * (sd / jnp.sqrt(growth))[:, None]
    return H - scaled.T @ scaled, jnp.log(growth).sum()


def without_clusters(joint: Any, root: Any) -> tuple[Any, Any]:
    """Integrate out the shocks of clusters; H (P, P) of the other columns over all clusters, and the log-determinant.

    Parameters
    ----------
    joint : (G, T + P, T + P) products of [time dummies | M | 1 | y] over the rows of each cluster
    root : (T, T) factor of the covariance of a cluster's shocks
    """
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    size = root.shape[0]
    factor = jnp.linalg.cholesky(jnp.eye(size) + root.T @ joint[:, :size, :size] @ root)
    scaled = solve_triangular(factor, root.T @ joint[:, :size, size:], lower=True)
    diagonal = jnp.diagonal(factor, axis1=1, axis2=2)
    H = joint[:, size:, size:].sum(axis=0) - jnp.einsum("gbp,gbq->pq", scaled, scaled)
    return H, 2 * jnp.log(diagonal).sum()


def integrate(plan: Plan, H: Any, log_determinant: Any, values: dict[str, Any], data: Any) -> Reduced:
    """Integrate out the constant and the coefficients.

    Parameters
    ----------
    H : (q + 2, q + 2) cross-products of [M | 1 | y], effects of entities and clusters out
    log_determinant : what those effects left
    """
    import jax.numpy as jnp

    shift = jnp.append(-data["location"], 1.0)
    moved = H @ shift
    H = H.at[-1, :].set(moved).at[:, -1].set(moved).at[-1, -1].set(moved @ shift)

    constant, w = H[-2], data["constant_variance"]
    growth = 1 + w * constant[-2]
    keep = jnp.array([*range(H.shape[0] - 2), H.shape[0] - 1])
    rest = constant[keep]
    H = H[keep][:, keep] - (w / growth) * jnp.outer(rest, rest)

    one = jnp.ones(())
    own = {
        at: values[name] if name == "sd_time" else jnp.sqrt(values[name]) for at, name in enumerate(plan.names)
        if name == "sd_time" or "mixing" in name
    }  # fmt: skip
    tau = data["spread"] * jnp.stack([own.get(at, one) for at in plan.owner])
    T = jnp.append(tau, 1.0)
    unit = jnp.diag(jnp.append(jnp.ones(len(tau)), 0.0))
    root = jnp.linalg.cholesky(unit + T[:, None] * H * T)
    diagonal = jnp.diagonal(root)
    log_likelihood = -0.5 * (
        log_determinant + jnp.log(growth) + 2 * jnp.log(diagonal[:-1]).sum() + diagonal[-1] ** 2
    )
    return Reduced(log_likelihood, root, tau, constant)
