"""The files that `posterity new` writes."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import InputError

FILES = ("study.toml", "published.csv", "panel-SYNTHETIC.csv")


def study_name(directory: Path) -> str:
    """A study's name from its folder's: letters, digits, - and _ are kept."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", directory.resolve().name).strip("-_")[:80]
    return name or "my-study"


def write_template(directory: Path) -> list[Path]:
    """Copy the commented template into a new or empty folder.

    Raises
    ------
    InputError
        If the folder holds anything, or cannot be written: nothing is ever overwritten.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(f"{directory} exists and is not an empty folder; choose another name.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            text = (Path(__file__).parent / name).read_text(encoding="utf-8")
            (directory / name).write_text(text.replace("my-study", study_name(directory)), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{directory} cannot be written ({error.strerror}); choose another folder."
        ) from None
    return [directory / name for name in FILES]
