"""What the stars of a group of cells imply: degrees of freedom, cells that do not fit, illegible stars."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy import stats

from ...data.published import Printed
from .columns import Tables, printed
from .finding import Finding, listed, show
from .stars import CANDIDATES, CLEARLY, STARS, Group, explained, groups, star_cells, usual

DOUBT = " Reading of the print:"


def reference(tables: Tables) -> list[Finding]:
    """`implied_df` and `stars`."""
    if not star_cells(tables):
        return []
    findings = []
    found, convention = groups(tables)
    for group in found:
        if group.legible:
            where = _where(group, found)
            findings += [_implied(group, convention, where), *_misfits(group, where)]
    return findings


def _where(group: Group, found: list[Group]) -> str:
    """The tables of a group; its columns where others of the table are of another group."""
    shared = {table for other in found if other is not group for table in other.tables}
    cells = [c.printed for c in group.cells]
    return listed(dict.fromkeys(p.spec_id if p.table in shared else p.table for p in cells))


def _implied(group: Group, convention: str, where: str) -> Finding:
    legible = group.legible
    ids = tuple(c.printed.id for c in legible)
    possible = group.possible()
    span = _span(possible)
    residual = sorted(set(group.residual))
    profile = [
        *(d for d in (1, 2, 3, 4, 5, 10, 29) if not residual or d < residual[0]),
        *residual[-1:],
        10**6,
    ]
    words = "; ".join(f"{group.hits(d)} with {_df(d)}" for d in profile)
    arithmetic = f"of {len(legible)} cells with legible stars ({convention}), possible: {words}"
    if explained(group):
        df = float(residual[0]) if residual else None
        law = "the residual degrees of freedom of the columns" if residual else _df(usual(group))
        return Finding(
            "implied_df", ids, "consistent", f"{where}: the stars fit "
                                             f"{law}{_fewest(group, possible)}.", arithmetic, df,
        )  # fmt: skip
    best, top = group.best()
    against = group.log_likelihood(usual(group))
    odd = [c.printed.id for c in legible if c.share(usual(group), group.levels) == 0]
    doubt = f", or {listed(odd)} misprinted" if top - against < CLEARLY else ""
    clusters = f", that is {int(best) + 1} clusters" if best < 1000 else ""
    return Finding(
        "implied_df", ids, "only_if",
        f"{where}: the stars fit only if the reference distribution is t with {span} degrees of "
        f"freedom{clusters if len(possible) == 1 else ''}{doubt}.",
        f"{arithmetic}; likelihood of {_df(best)} over {_df(residual[-1] if residual else 10**6)}: "
        f"e^{top - against:.0f}", best,
    )  # fmt: skip


def _fewest(group: Group, possible: list[int]) -> str:
    """The fewest degrees of freedom with the same stars, and whether they exclude clusters by entity."""
    if max(possible) != CANDIDATES[-1] or min(possible) < 2:
        return ""
    entities = max((c.column.entities or 0) for c in group.cells)
    apart = (
        f", not t({entities - 1}) of errors clustered by {entities} entities"
        if 1 < entities <= min(possible)
        else ""
    )
    return f"; so do {min(possible)} or more{apart}"


def _df(df: float) -> str:
    return "a normal" if df >= 10**6 else f"t({df:g})"


def _span(possible: list[int]) -> str:
    if len(possible) == 1:
        return str(possible[0])
    if possible[-1] == CANDIDATES[-1]:
        return f"{possible[0]} or more"
    return f"{possible[0]} to {possible[-1]}"


def _misfits(group: Group, where: str) -> list[Finding]:
    df = usual(group) if explained(group) else group.best()[0]
    findings = []
    fitting = [c for c in group.legible if c.share(df, group.levels) > 0]
    for cell in group.legible:
        if cell in fitting:
            continue
        doubt = f"{DOUBT} {cell.printed.note}." if cell.printed.note else ""
        wanted = STARS[int(np.argmax(cell.shares(df, group.levels)))]
        findings.append(
            Finding(
                "stars", (cell.printed.id,), "impossible",
                f"{cell.printed.id} has stars {cell.printed.stars} where {_df(df)}, which the other cells of "
                f"its group fit, gives {wanted}.{doubt}",
                f"{cell.words}; p {show(_p(cell.t.max(), df), 2)} to {show(_p(cell.t.min(), df), 2)}",
            )
        )  # fmt: skip
    lost = [c for c in group.cells if c.printed.stars == "unknown"]
    for cell in lost:
        shares = cell.shares(df, group.levels)
        wanted = " or ".join(s for s, share in zip(STARS, shares, strict=True) if share > 0)
        findings.append(
            Finding(
                "stars", (cell.printed.id,), "only_if",
                f"The stars of {cell.printed.id} are not legible: {_df(df)} gives {wanted}.",
                f"{cell.words}; p {show(_p(cell.t.max(), df), 2)} to {show(_p(cell.t.min(), df), 2)}",
            )
        )  # fmt: skip
    if fitting:
        counts = Counter(c.printed.stars for c in fitting)
        words = ", ".join(f"{counts[s]} {s}" for s in reversed(STARS) if counts[s])
        findings.append(
            Finding(
                "stars", tuple(c.printed.id for c in fitting), "consistent",
                f"{where}: estimate ÷ standard error fits the printed stars in {len(fitting)} of "
                f"{len(group.legible)} cells under {_df(df)}.", words, len(fitting),
            )
        )  # fmt: skip
    return findings


def _p(t: float, df: float) -> float:
    return float(2 * stats.t.sf(t, df))


def ratios(tables: Tables) -> list[Finding]:
    """`t_ratio`: estimate ÷ standard error is the printed t, where all three are printed."""
    good: dict[str, list[Printed]] = {}
    findings = []
    for p in tables.file.published:
        if not (p.text["std_error"] and p.text["t_value"]):
            continue
        ratio = printed(p) / printed(p, "std_error")
        if ratio.meets(printed(p, "t_value")):
            good.setdefault(p.table, []).append(p)
        else:
            words = (
                f"{p.text['estimate']}/{p.text['std_error']} = {show(ratio)}; printed t {p.text['t_value']}"
            )
            findings.append(
                Finding(
                    "t_ratio",
                    (p.id,),
                    "impossible",
                    f"{p.id}: estimate ÷ standard error is not the printed t.",
                    words,
                    ratio.middle,
                )
            )
    for table, cells in good.items():
        statement = f"{table}: estimate ÷ standard error is the printed t in {len(cells)} cells."
        p = cells[0]
        words = f"first: {p.text['estimate']}/{p.text['std_error']}; t {p.text['t_value']}"
        findings.append(
            Finding("t_ratio", tuple(c.id for c in cells), "consistent", statement, words, len(cells))
        )
    return findings
