"""The comparison as a data frame, with a display that fits a notebook."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ...data.display import display
from ..run.fits import Fit
from .records import estimates

COLUMNS = ("estimate", "published", "posterior [95%]", "with effects [95%]", "judged", "verdict", "flags")
PARTS = ("published", "reproduced", "posterior", "with_effects", "under_prior", "judged", "exact")
EXACT = ("assumption", "q2.5", "q97.5", "verdict")
WIDTHS = "bayes_factor_widths"


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


def compare(fit: Fit) -> Comparison:
    """A pandas data frame, one row an estimate: published, reproduced, posterior, verdict and flags.

    Examples
    --------
    >>> import posterity as po
    >>> fit = po.fit(po.load("munnell-1990"), evidence="tables", only="T1.2")
    >>> po.compare(fit)[["id", "published_estimate", "verdict"]]
                  id  published_estimate      verdict
    0  T1.2.log_pcap              -0.026  null stands
    1    T1.2.log_pc               0.292        holds
    2   T1.2.log_emp               0.768        holds
    3     T1.2.unemp              -0.005        holds
    """
    made = Comparison(frame_of(estimates(fit)))
    made.attrs |= {"study": fit.study.name, "evidence": fit.evidence_label}
    return made


def frame_of(records: list[dict[str, Any]]) -> pd.DataFrame:
    """The records of `estimates` as a data frame, nested parts as columns."""
    rows = []
    for record in records:
        row = {k: record[k] for k in ("id", "table", "column", "term", "kind", "form", "engine", "claim")}
        for part in PARTS:
            empty = dict.fromkeys(EXACT if part == "exact" else record["posterior"])
            values = {k: v for k, v in (record[part] or empty).items() if k != WIDTHS}
            row |= {f"{part}_{k}": v for k, v in values.items()}
        row |= {k: record[k] for k in ("bayes_factor_10", "published_position", "verdict")}
        row |= _flat_curse(record["winners_curse"])
        row |= _other_widths(record, "")
        row |= _other_widths(record["with_effects"], "with_effects_")
        row |= _other_widths(record["under_prior"], "under_prior_")
        row |= {f"twins_{k}": v for k, v in (record["twins"] or {}).items() if k != "verdicts"}
        rows.append(row | {"flags": "; ".join(record["flags"]), "seconds": record["seconds"]})
    return pd.DataFrame(rows)


def _other_widths(part: dict[str, Any] | None, prefix: str) -> dict[str, float | None]:
    """Bayes factors under other widths of the prior than that used, in columns."""
    others = [w for w in (part or {}).get(WIDTHS) or [] if w["times"] != 1]
    return {f"{prefix}bayes_factor_10_x{w['times']:g}": w["bayes_factor_10"] for w in others}


def _flat_curse(curse: dict[str, Any] | None) -> dict[str, Any]:
    """What is told of the winner's curse, in columns; without the hypothetical effects."""
    if curse is None:
        return {}
    print_, unbiased = dict(curse["selection"]), curse["selection"]["median_unbiased"]
    del print_["median_unbiased"]
    return {
        "z": curse["z"],
        **{f"selection_{k}": v for k, v in print_.items()},
        **{f"median_unbiased_{k}": v for k, v in unbiased.items()},
        **{f"field_{k}": v for k, v in curse["field"].items()},
    }


def _row(record: dict[Any, Any]) -> tuple[str, ...]:
    stars = record["published_stars"]
    starred = stars if isinstance(stars, str) and stars != "unknown" else ""
    error = f" ({record['published_std_error']:.3g})" if _there(record["published_std_error"]) else ""
    return (
        record["id"],
        f"{record['published_estimate']:g}{starred}{error}",
        _interval(record, "posterior"),
        _interval(record, "with_effects"),
        _ends(record, "judged"),
        record["verdict"] or "stopped",
        record["flags"],
    )


def _there(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _interval(record: dict[Any, Any], part: str) -> str:
    mean = record[f"{part}_mean"]
    return f"{mean:.3g} {_ends(record, part)}" if _there(mean) else ""


def _ends(record: dict[Any, Any], part: str) -> str:
    low, high = record[f"{part}_q2.5"], record[f"{part}_q97.5"]
    return f"[{low:.3g}, {high:.3g}]"
