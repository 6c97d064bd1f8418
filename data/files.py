"""Reading files whose faults are told in one sentence."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path

from .errors import InputError, did_you_mean

MAX_TEXT = 50_000_000
MAX_CELLS = 5_000_000
MAX_COLUMNS = 5_000


def existing(path: Path, remedy: str = "check the path") -> Path:
    """Return the path if it is a readable file, else say what is there instead."""
    try:
        folder, there, link = path.is_dir(), path.exists(), path.is_symlink()
    except OSError as error:
        raise InputError(f"{path} cannot be reached ({error.strerror}): {remedy}.") from None
    if folder:
        raise InputError(f"{path} is a folder, not a file: {remedy}.")
    if link and not there:
        raise InputError(
            f"{path} is a broken link to {path.readlink()}, which does not exist: mend the link."
        )
    if not there:
        parent = path.parent
        names = [p.name for p in parent.iterdir()] if parent.is_dir() else []
        near = did_you_mean(path.name, names)
        raise InputError(f"{path} does not exist: {remedy}.{near if 'Did you mean' in near else ''}")
    if not path.is_file():
        raise InputError(f"{path} is a device or a pipe, not a file: {remedy}.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} cannot be read for lack of permission: allow reading it, or copy it.")
    return path


def read_text(path: Path, most: int = MAX_TEXT, remedy: str = "store large panels as Parquet") -> str:
    """Read a UTF-8 text file (a byte-order mark is allowed) of at most so many bytes."""
    try:
        with existing(path).open("rb") as handle:
            content = handle.read(most + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): allow reading it, or copy it.") from None
    if len(content) > most:
        raise InputError(f"{path} has more than {most:,} bytes: {remedy}.")
    return decode(path, content)


def inside(path: Path, homes: Iterable[Path]) -> bool:
    """Whether a path, links followed, lies in one of these folders."""
    try:
        place = path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or a name that no file can have
        return False
    return any(place.is_relative_to(home.resolve()) for home in homes)


def read_csv_rows(path: Path) -> list[list[str]]:
    """Read the cells of a CSV file, header first; a fault names its line."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in reader:
            cells += len(row) + 1
            if len(row) > MAX_COLUMNS or cells > MAX_CELLS:
                raise InputError(
                    f"{path}, row {reader.line_num}: more than {MAX_COLUMNS:,} columns or {MAX_CELLS:,} "
                    "cells; "
                    "leave out what the study does not need, or store a large panel as Parquet."
                )
            rows.append(row)
        return rows
    except csv.Error as error:
        raise InputError(
            f"{path}, row {reader.line_num} is not valid CSV ({error}); mend its quotes or shorten the cell."
        ) from None


def decode(path: Path, raw: bytes) -> str:
    """Decode UTF-8; text in GBK is told apart, as a spreadsheet in China saves it."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path} is UTF-16, not UTF-8: save it again as 'CSV UTF-8'.")
    if b"\x00" in raw[:4096]:
        raise InputError(f"{path} is not a text file: give a CSV in UTF-8.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, row {line} is not UTF-8{_guess(raw)}: save it again as 'CSV UTF-8'."
        ) from None


def _guess(raw: bytes) -> str:
    """GBK where Chinese characters stand side by side: accented letters mostly decode too, to single ones."""
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return " (it looks like GBK)" if re.search("[\u4e00-\u9fff]{2}", text) else ""
