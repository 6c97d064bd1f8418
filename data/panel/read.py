"""Tables from CSV, Parquet, Stata and Excel; the index of the result is the row number in the file."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from ..errors import MAX_NAME, InputError, did_you_mean, shortened
from ..files import MAX_CELLS, MAX_COLUMNS, existing, read_csv_rows

SYNTHETIC = b"SYNTHETIC"
MAX_BYTES = 4_000_000_000
MAX_PARQUET_CELLS = 400_000_000
MAX_BOOK, MAX_BUILT = 200_000_000, 2_000_000
BUILT = ("styles.xml", "workbook.xml", "[Content_Types].xml", ".rels")
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^<>]*?ref=[\"']([A-Z0-9:$]{1,40})[\"']")
MISSING = ["", "NA", "N/A", "NaN", "nan", "."]


def read_table(path: Path, sheet: str | None = None, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a table by its file's ending; a CSV's columns named in `text` stay as they are written.

    Raises
    ------
    InputError
        One sentence naming the file, the place and the remedy.
    """
    readers = {
        ".csv": lambda p: _csv(p, text),
        ".parquet": _parquet,
        ".dta": _stata,
        ".xlsx": lambda p: _excel(p, sheet),
    }
    existing(path, "give the path of a CSV, Parquet, Stata or Excel file")
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path}: {path.suffix or 'no ending'!r} is not one of {', '.join(readers)}; convert it."
        )
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"{path} is empty: give a header and one row an entity and time.")
    if size > MAX_BYTES:
        raise InputError(
            f"{path} has {size:,} bytes, more than {MAX_BYTES:,}: leave out what the study does not need."
        )
    return reader(path)


def _headers(path: Path, names: list[Any]) -> None:
    for position, name in enumerate(names, start=1):
        if name is None or not str(name).strip():
            raise InputError(f"{path}, row 1, column {position} has no name; name every column.")
    if len(names) > MAX_COLUMNS:
        raise InputError(
            f"{path} has {len(names):,} columns, more than {MAX_COLUMNS:,}: keep those of the study."
        )
    long = next((str(name) for name in names if len(str(name)) > MAX_NAME), None)
    if long is not None:
        raise InputError(
            f"{path}, row 1: column {shortened(long, 60)!r} has a name longer than {MAX_NAME}; shorten it."
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{path}, row 1: column {twice[0]!r} stands twice; rename one.")


def _csv(path: Path, text: tuple[str, ...]) -> pd.DataFrame:
    rows = read_csv_rows(path)
    if not rows:
        raise InputError(f"{path} is empty: give a header and one row an entity and time.")
    header = [name.strip() for name in rows[0]]
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise InputError(f"{path}, row 1 is separated by semicolons or tabs; save it with commas.")
    _headers(path, header)
    body, numbers = [], []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise InputError(
                f"{path}, row {number} has {len(row)} cells where the header has {len(header)}: "
                "quote a cell that contains a comma."
            )
        body.append(row)
        numbers.append(number)
    frame = pd.DataFrame(body, columns=pd.Index(header, dtype=object), index=numbers, dtype=object)
    for column in header:
        frame[column] = _text(frame[column]) if column in text else _typed(frame[column])
    return frame


def _typed(column: pd.Series) -> pd.Series:
    """Numbers where every filled cell is one or is TRUE or FALSE, else text; blanks and NA are missing."""
    filled = column.where(~column.str.strip().isin(MISSING), None)
    numbers = pd.to_numeric(filled, errors="coerce")
    if not (numbers.notna() | filled.isna()).all():
        numbers = filled.str.strip().str.upper().map({"TRUE": 1.0, "FALSE": 0.0})
    return numbers if (numbers.notna() | filled.isna()).all() else filled


def _text(column: pd.Series) -> pd.Series:
    return column.where(column.str.strip() != "", None)


def _parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    try:
        held = pq.read_metadata(path)
        names = list(pq.read_schema(path).names)
        rows, columns = held.num_rows, held.num_columns
        size = sum(held.row_group(i).total_byte_size for i in range(held.num_row_groups))
    except Exception as error:
        raise InputError(f"{path} cannot be read as Parquet ({_first(error)}); write it again.") from None
    _headers(path, names)
    if rows * columns > MAX_PARQUET_CELLS or size > MAX_BYTES or columns > MAX_COLUMNS:
        raise InputError(
            f"{path} says that it holds {rows:,} rows of {columns:,} columns in {size:,} bytes, more than "
            f"{MAX_PARQUET_CELLS:,} cells or {MAX_BYTES:,} bytes: keep the columns of the study."
        )
    try:
        pq.read_table(path).validate(full=True)  # text that is not UTF-8 would fail only where it is used
        frame = pd.read_parquet(path)
    except Exception as error:
        raise InputError(f"{path} cannot be read as Parquet ({_first(error)}); write it again.") from None
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return _numbered(frame, 1)


def marked_synthetic(path: Path) -> bool:
    """Whether a Parquet file says that it is made up: the metadata of its schema has a key SYNTHETIC."""
    if path.suffix.lower() != ".parquet":
        return False
    import pyarrow.parquet as pq

    return SYNTHETIC in (pq.read_schema(path).metadata or {})


def _stata(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_stata(path)
    except Exception as error:
        raise InputError(
            f"{path} cannot be read as Stata ({_first(error)}); save it with Stata 13 or later."
        ) from None
    for name in frame.columns[frame.dtypes == "category"]:
        frame[name] = frame[name].astype(object)
    return _numbered(frame, 1)


def _excel(path: Path, sheet: str | None) -> pd.DataFrame:
    try:
        with path.open("rb") as handle:
            title, rows = _sheet(path, handle, sheet)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{path} cannot be read as Excel ({_first(error)}); save it again as .xlsx."
        ) from None
    while rows and all(cell is None for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise InputError(f"{path}, sheet {title!r} is empty: give a header and one row an entity and time.")
    width = max(map(len, rows))
    rows = [(*row, *[None] * (width - len(row))) for row in rows]
    header = [cell if cell is None else str(cell).strip() for cell in rows[0]]
    while header and header[-1] is None and all(row[len(header) - 1] is None for row in rows):
        header.pop()
    _headers(path, header)
    frame = pd.DataFrame([row[: len(header)] for row in rows[1:]], columns=pd.Index(header, dtype=object))
    frame = frame.dropna(how="all")
    return _numbered(frame.infer_objects(), 2)


def _sheet(path: Path, handle: BinaryIO, sheet: str | None) -> tuple[str, list[tuple[Any, ...]]]:
    """Title and rows of a sheet, the first by default, as a stream: what is not needed is not unpacked."""
    import openpyxl

    with zipfile.ZipFile(handle) as parts:
        size = sum(part.file_size for part in parts.infolist())
        built = max((p.file_size for p in parts.infolist() if p.filename.endswith(BUILT)), default=0)
    if size > MAX_BOOK:
        raise InputError(
            f"{path} unpacks to {size:,} bytes, more than {MAX_BOOK:,}: store large panels as Parquet."
        )
    if built > MAX_BUILT:  # openpyxl makes an object of each of their elements
        raise InputError(
            f"{path}: formats of {built:,} bytes, more than {MAX_BUILT:,}; save the values alone, or as CSV."
        )
    with closing(openpyxl.load_workbook(handle, data_only=True, read_only=True)) as book:
        if sheet is not None and sheet not in book.sheetnames:
            raise InputError(f"{path} has no sheet {sheet!r}.{did_you_mean(sheet, book.sheetnames)}")
        title = sheet if sheet is not None else book.sheetnames[0]
        page = book[title]
        with page._get_source() as source:  # as a stream a sheet does not know its merged cells
            merged = sorted(block.decode() for block in MERGED.findall(source.read()))
        if merged:
            raise InputError(
                f"{path}, sheet {title!r}: cells {merged[0]} are merged ({len(merged)} such blocks); "
                "unmerge them and give one header row."
            )
        page.reset_dimensions()
        return title, _bounded(path, page.iter_rows(values_only=True))


def _bounded(path: Path, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows as a list, cut off where a cell far out would make endless blank ones."""
    kept, cells = [], 0
    for number, row in enumerate(rows, start=1):
        cells += len(row) + 1
        if len(row) > MAX_COLUMNS or cells > MAX_CELLS:
            raise InputError(
                f"{path}, row {number}: more than {MAX_COLUMNS:,} columns or {MAX_CELLS:,} cells; clear "
                "the cells far "
                "out, or store a large panel as Parquet."
            )
        kept.append(row)
    return kept


def _numbered(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    frame = frame.copy()
    frame.columns = pd.Index([str(name) for name in frame.columns], dtype=object)
    frame.index = pd.Index(
        [first + int(i) for i in frame.index] if first == 2 else range(first, first + len(frame))
    )
    return frame


def _first(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".")[:160] or type(error).__name__
