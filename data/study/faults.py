"""One sentence from a validation error of a study file."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from ..errors import did_you_mean


def first_fault(error: ValidationError, keys_at: Callable[[tuple[int | str, ...]], list[str]]) -> str:
    """Name the key at fault and its remedy; `keys_at` lists the known keys at a location."""
    faults = error.errors(include_url=False)
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    where = ".".join(f'"{p}"' if "." in str(p) else str(p) for p in fault["loc"] if p not in ("Cluster",))
    message = fault["msg"].replace("Value error, ", "").replace("Input should be", "must be").rstrip(".")
    if fault["type"] == "extra_forbidden":
        known = keys_at(fault["loc"][:-1])
        key = str(fault["loc"][-1])
        message = f"key {key!r} is not known.{did_you_mean(key, known)} Remove or mend it"
    elif fault["type"] == "missing":
        message = "is missing; add it"
    else:
        shown = repr(fault["input"]) if isinstance(fault["input"], str | int | float) else ""
        message = f"{message}{f', not {shown}' if shown and shown not in message else ''}; mend it"
    return f"{where}: {message}." if where else f"{message}."
