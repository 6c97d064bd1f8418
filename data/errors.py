"""The one exception that a user's input raises, and helpers for its wording."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: one sentence that names the file, row, column and value, and the remedy."""


def did_you_mean(name: str, known: Iterable[object]) -> str:
    """Return ' Did you mean ...?' for the nearest of the known names, or the list of them."""
    names = [str(k) for k in known]
    folded = {k.casefold().strip(): k for k in names}
    near = difflib.get_close_matches(name.casefold().strip(), folded, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {folded[near[0]]!r}?"
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f" Known: {shown}." if names else ""
