"""Whether every printed coefficient of a column is a term of its formula."""

from __future__ import annotations

import difflib

from ...data.errors import InputError, did_you_mean
from ...data.published import Printed
from ..view import SpecView

ALIKE = 0.8  # similarity from which a printed name is taken for a misspelt term


def check_terms(view: SpecView, printed: tuple[Printed, ...], terms: tuple[str, ...]) -> None:
    """Refuse a printed coefficient whose term the specification lacks.

    A printed number counts as a coefficient if it has a standard error, or if its name is nearly that of a
    term for which no number is printed.
    """
    known = (*terms, "_cons")
    unprinted = {*terms} - {number.term for number in printed}
    for number in printed:
        misspelt = difflib.get_close_matches(number.term, unprinted, n=1, cutoff=ALIKE)
        if (number.std_error is not None or misspelt) and number.term not in known:
            raise InputError(
                f"{view.file.published_path}: {number.id} is not a term of the formula of {view.id}."
                f"{did_you_mean(number.term, known)}"
            )
