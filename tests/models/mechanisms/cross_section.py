"""A cross-section as a design."""

from __future__ import annotations

import numpy as np
import pandas as pd

from posterity.data.sample.design import Design


def plain(frame: pd.DataFrame, outcome: str, terms: tuple[str, ...]) -> Design:
    """A cross-section as a design: no effects, every row an entity of its own."""
    n = len(frame)
    return Design(
        outcome, terms, frame[outcome].to_numpy(), frame[list(terms)].to_numpy(), np.arange(n),
        np.arange(n) % 2, tuple(map(str, range(n))), (0, 1), "person", "wave", False, False, None,
    )  # fmt: skip
