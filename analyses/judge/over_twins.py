"""What an ensemble of twins adds to a record: how many give each verdict, and how far they differ."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ...data.published import Printed, within_rounding
from ..run.twin_mixture import Ensemble
from .verdict import Claim, verdict

NOT_IDENTIFIED = 0.5  # above half, more of the variance is the tables' than any such panel's


def verdicts(over: Ensemble, claim: Claim) -> dict[str, int]:
    """How many twins give each verdict, most frequent first."""
    found = Counter(verdict(claim, a, b) for a, b in zip(over.low, over.high, strict=True))
    return dict(found.most_common())


def twins_record(over: Ensemble | None, claim: Claim) -> dict[str, Any] | None:
    """The `twins` object of comparison.json."""
    if over is None:
        return None
    return {
        "n": len(over.mean),
        "between_sd": over.between,
        "within_sd": over.within,
        "share_between": over.share_between,
        "lowest_mean": float(over.mean.min()),
        "highest_mean": float(over.mean.max()),
        "verdicts": verdicts(over, claim),
    }


def not_identified(over: Ensemble) -> bool:
    """Whether most of the posterior variance lies between twins, which all print the same tables."""
    return over.share_between > NOT_IDENTIFIED


def twin_flags(over: Ensemble | None, printed: Printed, claim: Claim) -> list[str]:
    """The flags of a coefficient fitted to twins."""
    if over is None:
        return []
    count = len(over.mean)
    flags = [f"{name} in {n} of {count} panels" for name, n in verdicts(over, claim).items()]
    if not_identified(over):
        share = f"{over.share_between:.0%} of the posterior variance lies between twins"
        flags.append(f"not identified by the tables: {share}")
    same = sum(within_rounding(v, printed.text["estimate"]) for v in over.reproduced)
    if np.isfinite(over.reproduced).all() and same < count:
        flags.append(f"reproduced in {same} of {count} twins")
    return flags
