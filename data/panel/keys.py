"""The key columns of a panel: entities are text, times whole numbers."""

from __future__ import annotations

import unicodedata

import pandas as pd

from ..errors import MAX_NAME, InputError, shortened, such

MAX_TIME = 1_000_000
MAX_WHOLE = 1e15


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC), in which equal names are equal."""
    return unicodedata.normalize("NFC", name)


def entity_names(column: pd.Series, source: str) -> pd.Series:
    name = column.name
    missing = column.isna() | (column.astype(str).str.strip() == "")
    if missing.any():
        raise InputError(
            f"{source}, row {missing.idxmax()}, column {name!r} is blank; every row needs its entity."
        )
    if pd.api.types.is_float_dtype(column) and (column % 1 == 0).all() and (column.abs() < MAX_WHOLE).all():
        column = column.astype(int)
    text = column.astype(str).astype(object).map(composed)
    long = text.str.len() > MAX_NAME
    if long.any():
        row = long.idxmax()
        raise InputError(
            f"{source}, row {row}, column {name!r}: {shortened(text.loc[row], 60)!r} has more than "
            f"{MAX_NAME} "
            "characters; give entities short names."
        )
    padded = text != text.str.strip()
    if padded.any():
        row = padded.idxmax()
        raise InputError(
            f"{source}, row {row}, column {name!r}: {text.loc[row]!r} begins or ends with a blank"
            f"{such(int(padded.sum()))}; remove the blanks, or it counts as another entity."
        )
    folded = text.str.casefold()
    spellings = text.groupby(folded).nunique()
    if (spellings > 1).any():
        twice = sorted(text[folded == spellings.idxmax()].unique())
        raise InputError(
            f"{source}, column {name!r}: {' and '.join(map(repr, twice))} differ only in capitals; "
            "spell an entity in one way."
        )
    return text


def whole_times(column: pd.Series, source: str) -> pd.Series:
    name = column.name
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.year
    missing = column.isna() | (column.astype(str).str.strip() == "")
    if missing.any():
        raise InputError(
            f"{source}, row {missing.idxmax()}, column {name!r} is blank; every row needs its time."
        )
    numbers = pd.to_numeric(column, errors="coerce")
    bad = numbers.isna() | (numbers % 1 != 0)
    if bad.any():
        row = bad.idxmax()
        raise InputError(
            f"{source}, row {row}, column {name!r}: {str(column.loc[row])!r} is not a whole number; "
            "give time as a year such as 2012."
        )
    far = numbers.abs() >= MAX_TIME
    if far.any():
        row = far.idxmax()
        raise InputError(
            f"{source}, row {row}, column {name!r}: {str(column.loc[row])!r} is beyond {MAX_TIME:,}; "
            "give time as a year such as 2012."
        )
    return numbers.astype(int)


def synthetic_label(entity: str) -> str:
    """How a made-up entity is named, so that no table can take it for the real one."""
    return f"SYNTHETIC {entity}"
