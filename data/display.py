"""What a notebook shows of an object: a heading, sentences and a small table, every name in them escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MOST = 20


def display(
    heading: str, lines: Iterable[str], columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> str:
    """HTML of a heading, lines and a table of at most `MOST` rows."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows[:MOST]
    )
    more = [f"{len(rows) - MOST} more rows"] if len(rows) > MOST else []
    text = "".join(f"<br>{escape(line)}" for line in lines if line)
    rest = "".join(f"<p>{escape(line)}</p>" for line in more)
    return f"<p><b>{escape(heading)}</b>{text}</p><table><tr>{head}</tr>{body}</table>{rest}"
