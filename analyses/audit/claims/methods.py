"""Claims about significance and about the methods by which the numbers were made."""

from __future__ import annotations

import math

from ....data.published import Printed
from ..columns import CONSTANT, Column, printed
from ..finding import listed, show
from ..fit import readings, simple
from ..stars import STARS, Group, explained, usual
from .numbers import Answer, Context, all_or_some, texts_of


def significant(context: Context, cells: list[Printed], value: str) -> Answer:
    level = float(value)
    wrong, open_, notes = [], [], []
    for cell in cells:
        verdict, note = _at_level(context, cell, level)
        if verdict is False:
            wrong.append(cell)
        elif verdict is None:
            open_.append(cell)
        if verdict is not True:
            notes.append(note)
    words = "; ".join(notes) or "; ".join(
        f"{c.id} {c.stars if set(c.stars) == {'*'} else 'p ' + _p(c)}" for c in cells[:6]
    )
    if wrong:
        return all_or_some(
            cells,
            wrong,
            "",
            f"{listed(c.id for c in wrong)} {'is' if len(wrong) == 1 else 'are'} not significant at "
            f"{level:.0%}",
            words,
        )
    if open_:
        return (
            "only_if",
            f"{listed(c.id for c in open_)}: stars illegible, significant at {level:.0%} only under the "
            "reference distribution named.",
            words,
        )
    return "consistent", f"stars say so at {level:.0%}.", words


def _p(cell: Printed) -> str:
    return cell.text["p_value"] or "?"


def _at_level(context: Context, cell: Printed, level: float) -> tuple[bool | None, str]:
    """Whether stars or p say so; None where only t does, with what t says."""
    group = context.group(cell)
    levels = group.levels if group else (0.10, 0.05, 0.01)
    if cell.stars in STARS:
        count = STARS.index(cell.stars)
        return count > 0 and levels[count - 1] <= level, f"{cell.id} stars {cell.stars}"
    if cell.text["p_value"]:
        return float(cell.text["p_value"]) <= level, f"{cell.id} p {cell.text['p_value']}"
    if group is None:
        return None, f"{cell.id}: neither stars nor standard error"
    mine = next(c for c in group.cells if c.printed is cell)
    dfs = [_df(group), *(_df(g) for g in context.groups if g is not group and cell.table in g.tables)]
    enough = sum(x <= level for x in levels)
    first = 4 - enough
    holds = [float(mine.shares(df, levels)[first:].sum()) for df in dfs]
    note = f"{mine.words}: " + ", ".join(
        f"{'yes' if h == 1 else 'no' if h == 0 else 'perhaps'} under t({df:g})"
        for h, df in zip(holds, dfs, strict=True)
    )
    return (False if max(holds) == 0 else None), note


def _df(group: Group) -> float:
    return usual(group) if explained(group) else group.best()[0]


def insignificant(_: Context, cells: list[Printed], __: str) -> Answer:
    wrong = [
        c for c in cells if set(c.stars) == {"*"} or (c.text["p_value"] and float(c.text["p_value"]) < 0.1)
    ]
    return all_or_some(
        cells,
        wrong,
        "no stars, so printed.",
        f"{listed(c.id for c in wrong)} has stars",
        texts_of(wrong or cells),
    )


def full_mediation(_: Context, cells: list[Printed], __: str) -> Answer:
    direct, indirect = cells[:2]
    both = direct.estimate + indirect.estimate
    share = f"{indirect.estimate / both:.2f}" if both else "not defined, as the sum is zero"
    words = (
        f"direct {direct.text['estimate']} (stars {direct.stars}), indirect {indirect.text['estimate']}; "
        f"indirect over their sum {share}"
    )
    if set(direct.stars) == {"*"}:
        return "impossible", "the direct effect is significant.", words
    if printed(direct).high * printed(indirect).low < 0:
        return (
            "only_if",
            "direct and indirect effect have opposite signs, so the indirect one exceeds the total: full "
            "only if the direct effect counts as zero.",
            words,
        )
    return "consistent", "the direct effect is not significant.", words


def same_stars(_: Context, cells: list[Printed], __: str) -> Answer:
    pairs = list(zip(cells[::2], cells[1::2], strict=False))
    wrong = [
        (a, b)
        for a, b in pairs
        if not printed(a).meets(printed(b)) or (a.stars != b.stars and "unknown" not in (a.stars, b.stars))
    ]
    words = "; ".join(
        f"{a.id} {a.text['estimate']} {a.stars}, {b.id} {b.text['estimate']} {b.stars}"
        for a, b in wrong or pairs
    )
    if not wrong:
        return "consistent", "values and stars are the same.", words
    return "only_if", f"{len(wrong)} of {len(pairs)} pairs differ: only if equal signs are enough.", words


def clustered(context: Context, columns: list[Column]) -> Answer:
    """Conventional errors satisfy t²/(t² + df) = R²; another number of clusters shows in the stars."""
    conventional = []
    for column in filter(simple, columns):
        found = readings(context.tables, column)
        t = [r.r2 for r in found if r.conventional]
        others = [r.r2 for r in found if not r.conventional]
        if t and others and t[0].meets(others[0]):
            conventional.append(
                (
                    column.id,
                    f"{column.id}: t²/(t² + n - 2) = {show(t[0], 3)}, from the slope {show(others[0], 3)}",
                )
            )
    few = [g for g in context.groups if not explained(g)]
    apart = []
    for group in context.groups:
        own = [c for c in columns if any(cell.column is c for cell in group.cells)]
        if few and own and explained(group) and group.hits(few[0].best()[0]) < len(group.legible):
            df = few[0].best()[0]
            apart.append(
                (
                    listed(c.id for c in own),
                    f"{listed(group.tables)}: t({df:g}) explains "
                    f"{group.hits(df)} of {len(group.legible)} cells",
                )
            )
    if not conventional and not apart:
        return "consistent", "nothing printed speaks against it.", f"{len(columns)} columns"
    parts = []
    if conventional:
        parts.append(f"{listed(n for n, _ in conventional)} fit conventional errors")
    if apart:
        parts.append(
            f"the stars of {listed(n for n, _ in apart)} exclude the few clusters that those of "
            f"{listed(few[0].tables)} imply"
        )
    return (
        "only_if",
        f"{'; '.join(parts)}: only if the statement is not meant for these columns.",
        "; ".join(w for _, w in (*conventional, *apart)),
    )


def trimmed(_: Context, columns: list[Column]) -> Answer:
    whole = [
        c for c in columns if c.n is not None and c.entities and c.periods and c.n == c.entities * c.periods
    ]
    words = "; ".join(f"{c.id}: N {c.n}" for c in columns)
    if whole:
        return (
            "only_if",
            "no row is missing, so values were pulled in (winsorised), not left out: only if that is meant.",
            words,
        )
    return "consistent", "rows are missing.", words


def interaction(context: Context, names: list[str]) -> Answer:
    joint = [
        c.id for c in context.tables.columns if any(all(n in t for n in names) for t in (*c.terms, *c.cells))
    ]
    both = [c.id for c in context.tables.columns if all(n in c.terms for n in names)]
    if joint:
        return "consistent", f"{listed(joint)} has their product.", listed(joint)
    return (
        "only_if",
        f"no column has the product of {listed(names)}: only if standing side by side (in {listed(both)}) "
        "counts as acting together.",
        f"0 columns with a product term, {len(both)} with both",
    )


def standardised(context: Context, names: list[str]) -> Answer:
    tables = context.tables
    raw = [
        d
        for n in names
        if (d := tables.described.get(n))
        and "mean" in d
        and "sd" in d
        and not (0 in d["mean"] and 1 in d["sd"])
    ]
    off = []
    for column in tables.columns:
        if (
            simple(column)
            and CONSTANT in column.cells
            and column.outcome in names
            and column.terms[0] in names
        ):
            constant, r2 = printed(column.cells[CONSTANT]), column.statistic("R2")
            slope = column.slopes[column.terms[0]]
            if 0 not in constant or (r2 and not printed(slope).square().meets(r2)):
                off.append(
                    f"{column.id}: constant {column.cells[CONSTANT].text['estimate']}, slope² "
                    f"{show(slope.estimate**2, 3)}, R² {show(r2.middle if r2 else math.nan, 3)}"
                )
    words = "; ".join(
        [
            f"{d.variable} mean {d.cells['mean'].text['estimate']}, sd {d.cells['sd'].text['estimate']}"
            for d in raw[:2]
        ]
        + off[:2]
    )
    if off:
        return (
            "impossible",
            "with standardised variables a simple regression has constant 0 and slope² = R².",
            words,
        )
    if raw:
        return (
            "only_if",
            "means and standard deviations are printed of the raw variables: only if "
            "these were standardised later.",
            words,
        )
    return "consistent", "means of 0 and standard deviations of 1, or none printed.", words or "–"


def reported(context: Context, names: list[str]) -> Answer:
    tables = context.tables
    shown = {p.term for p in tables.file.published} | {p.outcome for p in tables.file.published}
    absent = [n for n in names if n not in shown]
    if absent:
        return (
            "impossible",
            f"no printed number is of {listed(absent)}.",
            f"{len(tables.file.published)} printed numbers, 0 of {listed(absent)}",
        )
    return "consistent", "printed.", listed(names)
