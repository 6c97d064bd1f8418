"""Twins on disk: Parquet files that say SYNTHETIC, and a manifest of what they reproduce."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...data.panel.read import SYNTHETIC
from ..run.key import fingerprint
from ..run.store import sha256_of, versions, write_whole
from ..run.workers import Each
from ..study import Study
from .make import Twin, Workshop, make, open_workshop, satisfied

MANIFEST = "manifest.json"
SEAL = "twins_sha256"
TWIN_KEYS = (
    SEAL,
    "SYNTHETIC",
    "note",
    "key",
    "seed",
    "satisfied",
    "left_out",
    "identities",
    "conventions",
    "twins",
)
NOTE = "SYNTHETIC: a made-up panel that reproduces printed tables; no row describes a real place or year."


def write_twins(
    study: Study,
    n: int,
    folder: Path,
    seed: int,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    each: Each | None = None,
) -> dict[str, Any]:
    """Write `n` twins and their manifest to a folder.

    Those that are there already, whole and made in the same way, stay.

    Returns
    -------
    The manifest.
    """
    parts = {
        "study": study.file.model_dump(mode="json", exclude={"path"}),
        "published": [p.text | {"id": p.id} for p in study.file.published],
        "seed": seed,
        "versions": versions(),
    }
    key = fingerprint(parts)
    found = _manifest(folder)
    before = found if found.get("key") == key else {}
    done = {row["file"]: row for row in before.get("twins", []) if _whole(folder, row)}
    names = [f"twin-{number:03d}.parquet" for number in range(n)]
    todo = [number for number, name in enumerate(names) if name not in done]
    manifest: dict[str, Any] = {**before, "twins": [done[name] for name in names if name in done]}
    if not todo and before:
        return manifest
    shop = open_workshop(study, seed, progress, each)
    manifest = {
        **{name: value for name, value in found.items() if name not in TWIN_KEYS},  # of a run in this folder
        "SYNTHETIC": True,
        "note": NOTE,
        "study": study.name,
        "key": key,
        "seed": seed,
        "versions": parts["versions"],
        "satisfied": list(satisfied(shop.plan)),
        "left_out": shop.plan.left_out,
        "identities": [_identity(one) for one in shop.sums],
        "conventions": _conventions(shop),
        "twins": [],
    }
    for number, twin in make(shop, seed, todo, progress, each):
        path = folder / names[number]
        _write(path, twin, study.name, seed, number)
        done[names[number]] = {
            "file": names[number],
            "sha256": sha256_of(path),
            "number": number,
            "tries": twin.tries,
            "setting": twin.setting,
            "weights": twin.weights,
        }
        manifest["twins"] = [done[name] for name in names if name in done]
        manifest[SEAL] = _seal(manifest)
        text = json.dumps(manifest, indent=1) + "\n"
        write_whole(folder / MANIFEST, partial(_text, text))
    return manifest


def _write(path: Path, twin: Twin, study: str, seed: int, number: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(twin.frame, preserve_index=False)
    said = {SYNTHETIC: NOTE.encode(), b"study": study.encode(), b"seed": str(seed).encode()}
    said[b"twin"] = str(number).encode()
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **said})
    write_whole(path, lambda temporary: pq.write_table(table, temporary))


def _text(text: str, path: Path) -> None:
    path.write_text(text)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        path = folder / MANIFEST
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    plain = not any(name in found for name in TWIN_KEYS)
    return found if plain or found.get(SEAL) == _seal(found) else {}


def _seal(manifest: dict[str, Any]) -> str:
    """SHA-256 of what the manifest says of twins; the rest of it is of a run in the same folder."""
    return fingerprint({name: manifest[name] for name in TWIN_KEYS if name in manifest and name != SEAL})


def _whole(folder: Path, row: dict[str, Any]) -> bool:
    path = folder / row["file"]
    return path.is_file() and sha256_of(path) == row["sha256"]


def _identity(one: Any) -> dict[str, Any]:
    return {
        "total": one.total,
        "parts": list(one.parts),
        "weights_from": one.corners.min(axis=0).tolist(),
        "weights_to": one.corners.max(axis=0).tolist(),
        "numbers": one.numbers,
    }


def _conventions(shop: Workshop) -> dict[str, str]:
    """What the printed R2 of each column was read as, where it is not the plain one."""
    said = {"adj_r2": "adjusted R2", "within_r2": "R2 within entities, times among the regressors"}
    return {
        t.name: said[t.statistic]
        for q in shop.plan.questions
        for t in q.targets
        if t.statistic in said and not t.id.endswith(("adj_R2", "within_R2"))
    }
