"""What a fitted threshold column says of law, number and place, as a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....models.thresholds.comparison import INTERACTION
from ....models.thresholds.regimes import Regimes
from .tree import SUMMARY

if TYPE_CHECKING:
    from xarray import DataTree


def mechanism(
    tree: DataTree, found: Regimes, given: int | None, terms: tuple[str, ...], warned: tuple[str, ...]
) -> dict[str, Any]:
    """What the fit says of thresholds, as in comparison.json."""
    record: dict[str, Any] = {
        "kind": "threshold",
        "variable": found.variable,
        "regime_dependent": found.name,
        "given": given,
        "terms": list(terms),
        "warnings": list(warned),
    }
    numbers, tests = tree["thresholds"].to_dataset(), tree["hansen"].to_dataset()
    record["probability"] = {
        str(k): float(p) for k, p in zip(numbers["number"].values, numbers["probability"].values, strict=True)
    }
    models = tree["models"].to_dataset()["probability"]
    record["laws"] = {str(law): float(models.sel(law=law).sum()) for law in models["law"].values}
    record["models"] = {
        str(law): {str(m): float(models.sel(law=law, model=m)) for m in models["model"].values}
        for law in models["law"].values
    }
    record["places"] = {
        str(k): [
            dict(zip(SUMMARY, map(float, numbers["place"].sel(number=k, order=o).values), strict=True))
            for o in range(1, int(k) + 1)
        ]
        for k in numbers["number"].values[1:]
    }
    if "shapes" in tree:
        shapes = tree["shapes"].to_dataset()
        record["shapes"] = {
            str(name): {str(key): float(value.sel(shape=name)) for key, value in shapes.data_vars.items()}
            for name in shapes["shape"].to_numpy()
        }
    record["tests"] = [
        {
            "thresholds": int(k),
            "f": float(tests["f"].sel(tested=k)),
            **{
                str(name): {
                    "p_value": float(tests["p_value"].sel(tested=k, bootstrap=name)),
                    "critical": [float(c) for c in tests["critical"].sel(tested=k, bootstrap=name).values],
                }
                for name in tests["bootstrap"].values
            },
        }
        for k in tests["tested"].values
    ]
    return record


def by_model(record: dict[str, Any]) -> dict[str, float]:
    """The probability of each number of thresholds and of the interaction, averaged over the laws."""
    rows = list(record["models"].values())
    return {model: sum(row[model] for row in rows) for model in rows[0]}


def number_flags(record: dict[str, Any]) -> tuple[str, ...]:
    """Says where the paper's number of thresholds is not the most probable of the models compared."""
    if not record["given"]:
        return ()
    chance, own = by_model(record), str(record["given"])
    best = max(chance, key=lambda model: chance[model])
    if best == own:
        return ()
    return (
        f"number of thresholds: {in_words(best)} has probability {chance[best]:.2f}, the paper's "
        f"{in_words(own)} {chance[own]:.2f}",
    )


def in_words(model: str) -> str:
    """A model of the set that is compared, in words."""
    if model == INTERACTION:
        return "a linear interaction"
    return {"0": "no threshold", "1": "one threshold"}.get(model, f"{model} thresholds")
