"""One finding among those of an audit."""

from __future__ import annotations


def one(findings, rule, *where, status=None, words=""):
    """The finding of a rule that names these cells, and the fewest others."""
    hits = [
        f for f in findings
        if f.rule == rule and set(where) <= set(f.where) and words in f.statement
        and status in (None, f.status)
    ]  # fmt: skip
    assert hits, (rule, where, status)
    return min(hits, key=lambda f: len(f.where))
