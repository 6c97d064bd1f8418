"""The one exception that a user's input raises, and helpers for its wording."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import islice

MAX_NAME = 200
LONGEST, MOST_NAMES = 1_500, 2_000


class InputError(ValueError):
    """Bad input: one sentence that names the file, row, column and value, and the remedy.

    Examples
    --------
    >>> import posterity as po
    >>> try:
    ...     po.load("munnel-1990")
    ... except po.InputError as error:
    ...     print(error)
    there is no study 'munnel-1990': ... Did you mean 'munnell-1990'?
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(shortened(sentence, LONGEST))


def shortened(text: str, most: int) -> str:
    """A text with its middle left out where it is longer than `most`."""
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 2 + 5 :]}"


def such(number: int, things: str = "cells") -> str:
    """How many faults of one kind there are beside the one told; nothing where it is the only one."""
    return f" ({number} such {things})" if number > 1 else ""


def number_remedy(text: str, otherwise: str) -> str:
    """What to do about a text that is no number: the comma, decimal or of thousands, is the common fault."""
    if re.fullmatch(r"\s*[-+\u2212]?\d+(,\d+)+(\.\d+)?\s*", text):
        return "write a decimal point, and no comma between thousands"
    return otherwise


def did_you_mean(name: str, known: Iterable[object]) -> str:
    """Return ' Did you mean ...?' for the nearest of the known names, or the list of them."""
    names = [shortened(str(k), MAX_NAME) for k in islice(known, MOST_NAMES)]
    name = shortened(name, MAX_NAME)
    folded = {k.casefold().strip(): k for k in names}
    near = difflib.get_close_matches(name.casefold().strip(), folded, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {folded[near[0]]!r}?"
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f" Known: {shown}." if names else ""
