"""Whether the paper's own estimator gives the printed numbers again on the panel that was fitted."""

from __future__ import annotations

import math
from typing import Any

from ...data.published import Printed, within_rounding
from ..run.results import SpecFit
from ..run.twin_mixture import of_term

ROUNDING = 1e-9  # of the relative size of a number: what sums of floats may lose at the end of an interval


def reproduced(one: SpecFit, printed: Printed) -> dict[str, Any]:
    """The `reproduced` object of comparison.json.

    On twins, it is the estimate on the first twin that prints as the paper's; where none does, on the first.
    """
    over = of_term(one, printed.term)
    if over is not None:
        alike = [v for v in over.reproduced if within_rounding(v, printed.text["estimate"])]
        value = float((alike or [over.reproduced[0]])[0])
        return _record(value, None, bool(alike)) if math.isfinite(value) else _record(None, None, None)
    at = one.least_squares.at(printed.term) if one.least_squares else None
    if at is None:
        return _record(None, None, None)
    estimate, std_error = at
    return _record(estimate, std_error, within_rounding(estimate, printed.text["estimate"]))


def _record(estimate: float | None, std_error: float | None, same: bool | None) -> dict[str, Any]:
    return {"estimate": estimate, "std_error": std_error, "within_rounding": same}


def error_reproduced(error: float | None, printed: Printed) -> bool | None:
    """Whether a standard error prints as the published error, t or interval; None where one is missing."""
    interval = printed.std_error_interval()
    if error is None or interval is None:
        return None
    return interval[0] * (1 - ROUNDING) <= error <= interval[1] * (1 + ROUNDING)
