"""The data frame of `compare`, with a display that fits a notebook."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ...data.display import display

COLUMNS = ("estimate", "published", "posterior [95%]", "with effects [95%]", "verdict", "flags")


class Comparison(pd.DataFrame):
    """A data frame as any other; a notebook shows the main columns, and what the posteriors rest on.

    What is taken from it (rows, columns) is a plain `pandas.DataFrame`.
    """

    def _repr_html_(self) -> str:
        rows = [_row(record) for record in self.to_dict("records")]
        return display(
            self.attrs["study"],
            [self.attrs["evidence"], f"{len(self)} estimates, {self.shape[1]} columns"],
            COLUMNS,
            rows,
        )


def _row(record: dict[Any, Any]) -> tuple[str, ...]:
    stars = record["published_stars"]
    error = f" ({record['published_std_error']:.3g})" if _there(record["published_std_error"]) else ""
    return (
        record["id"],
        f"{record['published_estimate']:g}{stars if isinstance(stars, str) and stars != 'unknown' else ''}{error}",
        _interval(record, "posterior"),
        _interval(record, "with_effects"),
        record["verdict"] or "stopped",
        record["flags"],
    )


def _there(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _interval(record: dict[Any, Any], part: str) -> str:
    mean, low, high = (record[f"{part}_{k}"] for k in ("mean", "q2.5", "q97.5"))
    return f"{mean:.3g} [{low:.3g}, {high:.3g}]" if _there(mean) else ""
