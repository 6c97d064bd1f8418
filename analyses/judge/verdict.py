"""What a posterior interval says of a printed coefficient."""

from __future__ import annotations

import math

VERDICTS = ("holds", "shrinks", "uncertain", "reverses", "not reproduced")


def verdict(published: float, low: float, high: float) -> str:
    """What a 95% interval says of a printed coefficient.

    `uncertain` where it contains 0, or where a printed 0 has no sign; `reverses` where it lies on the other side
    of 0; `shrinks` where it lies on the printed side but wholly nearer 0 than the printed value; else
    `holds`.
    """
    if low <= 0 <= high or published == 0:
        return "uncertain"
    if math.copysign(1, low) != math.copysign(1, published):
        return "reverses"
    nearer = high < published if published > 0 else low > published
    return "shrinks" if nearer else "holds"
