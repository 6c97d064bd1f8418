"""Formulas on arrays: factors and solutions of stacks of matrices, in NumPy and JAX."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from posterity.models.arrays import cholesky, library_of, solve_transposed


def stack(*shape: int, q: int = 3) -> np.ndarray:
    A = np.random.default_rng(1).normal(size=(*shape, q, q))
    return A @ A.swapaxes(-1, -2) + np.eye(q)


@pytest.mark.parametrize("bad", [(0, 0), (1, 2), (4, 1)])
def test_a_matrix_that_is_not_positive_definite_has_no_factor_and_the_others_keep_theirs(bad) -> None:
    A = stack(5, 3)
    expected = np.linalg.cholesky(A)
    A[bad] = -np.eye(3)
    expected[bad] = np.nan
    np.testing.assert_array_equal(cholesky(A), expected)
    assert np.isnan(cholesky(-np.eye(2))).all()


def test_a_triangular_system_is_solved_for_every_matrix_and_right_hand_side() -> None:
    L = np.linalg.cholesky(stack(4, q=6))
    b = np.random.default_rng(2).normal(size=(4, 6))
    expected = [solve_triangular(one, right, lower=True, trans=1) for one, right in zip(L, b, strict=True)]
    np.testing.assert_allclose(solve_transposed(L, b), expected, rtol=1e-12)
    np.testing.assert_allclose(
        solve_transposed(L[0], b), [solve_triangular(L[0], r, lower=True, trans=1) for r in b], rtol=1e-12
    )


def test_the_library_is_that_of_the_value() -> None:
    import jax.numpy as jnp
    import pytensor.tensor as pt

    assert (library_of(np.ones(1)), library_of(1.0)) == (np, np)
    assert library_of(jnp.ones(1)) is jnp
    assert library_of(pt.ones(1)) is pt
