"""What the command line shows: messages, tables and progress, with nothing that a terminal would obey."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
output = Console(highlight=False, emoji=False)


def printable(text: object) -> str:
    """Text without control characters; names in study files come from strangers."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(text))


def say(text: object) -> None:
    """A message on standard error."""
    errors.print(printable(text), markup=False)


def show(text: object) -> None:
    """A line on standard output."""
    output.print(printable(text), markup=False)


def show_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table on standard output; a column whose name begins with > is set to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    output.print(table)


def emit(as_json: bool, record: object, display: Callable[[], None]) -> None:
    """The record as JSON on standard output, or its display."""
    if as_json:
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False, default=str)
        sys.stdout.write(text + "\n")
    else:
        display()


@contextmanager
def progress(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar with the time left, on standard error; nothing where that is not a terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(f"{name}: loading", total=None)

        def advance(what: str, done: int, total: int) -> None:
            bar.update(task, description=printable(f"{name} {what}").strip(), completed=done, total=total)

        yield advance
