"""The smallest paper: the head of a study file, that of its printed numbers, and the folder of both."""

from __future__ import annotations

from pathlib import Path

HEAD = """
[study]
name = "mine"
title = "A SYNTHETIC paper"
entity = "city"
time = "year"
published = "published.csv"
"""
HEADER = "table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note\n"


def write_paper(folder: Path, specs: str, rows: str, head: str = HEAD) -> Path:
    """Write specifications after the head of a study file, and printed numbers after theirs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(head + specs, encoding="utf-8")
    (folder / "published.csv").write_text(HEADER + rows, encoding="utf-8")
    return folder
