"""One formula for three array libraries: NumPy on the CPU, JAX on a GPU, PyTensor inside a PyMC model.

All operations are on the last axes, so that a formula written for one point serves any batch of them.
NumPy needs no compilation, which takes JAX up to a second for each shape of panel. Once compiled, JAX takes
between a sixth of NumPy's time and one and a half times as long (`benchmarks.array_libraries`).
"""

from __future__ import annotations

from typing import Any

import numpy as np


def library_of(value: Any) -> Any:
    """`jax.numpy`, `pytensor.tensor` or `numpy`: that of the value.

    >>> library_of(1.0).__name__
    'numpy'
    """
    package = type(value).__module__.partition(".")[0]
    if package in ("jax", "jaxlib"):
        import jax.numpy as jnp

        return jnp
    if package == "pytensor":
        import pytensor.tensor as pt

        return pt
    return np


def gammaln(x: Any) -> Any:
    """The logarithm of the gamma function, in NumPy or JAX."""
    if library_of(x) is np:
        from scipy import special
    else:
        from jax.scipy import special
    return special.gammaln(x)


def cholesky(A: Any) -> Any:
    """(..., q, q) The lower factor; not a number where a matrix is not positive definite."""
    xp = library_of(A)
    if xp is not np:
        return xp.linalg.cholesky(A)
    try:
        return np.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        if A.ndim == 2:
            return np.full_like(A, np.nan)
        rows = A.reshape(-1, *A.shape[-2:])  # halved until the matrix at fault is alone
        halves = np.array_split(rows, 2) if len(rows) > 1 else rows
        return np.concatenate([cholesky(half).reshape(-1) for half in halves]).reshape(A.shape)


def solve_transposed(L: Any, b: Any) -> Any:
    """(..., q) L'^-1 b for lower triangular L (..., q, q), in NumPy or JAX."""
    if library_of(L) is not np:
        from jax.scipy.linalg import solve_triangular

        return solve_triangular(L, b[..., None], lower=True, trans=1)[..., 0]
    found = np.array(np.broadcast_to(b, np.broadcast_shapes(b.shape, L.shape[:-1])), dtype=float)
    for j in reversed(range(L.shape[-1])):
        found[..., j] -= (L[..., j + 1 :, j] * found[..., j + 1 :]).sum(-1)
        found[..., j] /= L[..., j, j]
    return found
