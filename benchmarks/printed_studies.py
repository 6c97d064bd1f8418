"""SYNTHETIC studies whose tables are printed from real regressions with rounding, as a paper prints them.

Each study draws a panel and prints descriptive statistics, nested pooled columns with VIFs, two-way columns
with conventional or clustered errors, a mediation with a bootstrap table of normal intervals, an outcome that
is the weighted sum of two others, a split of the sample and threshold tests, with 2 to 4 decimals.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .printed_panels import Array, Codes, Panel, draw_panel

HEADER = (
    "table", "column", "term", "estimate", "std_error", "t_value", "stars", "ci_low", "ci_high",
    "p_value", "n", "r2", "outcome", "note",
)  # fmt: skip
LEVELS = (0.10, 0.05, 0.01)
MEDIATION = {"kind": '"mediation"', "mediator": '"m"', "treatment": '"x1"'}
BY_REGION = '{ cluster = "region" }'


class Style(NamedTuple):
    """How a paper prints: decimals, t-values or standard errors, the number of clusters, which R2, errors."""

    places: int
    with_t: bool
    clusters: int
    adjusted: bool
    clustered: bool


def draw_style(rng: np.random.Generator) -> Style:
    places, with_t, clusters = int(rng.integers(2, 5)), bool(rng.integers(2)), int(rng.integers(4, 9))
    return Style(places, with_t, clusters, bool(rng.integers(2)), bool(rng.integers(2)))


class Printer:
    """Rows of published.csv and specifications of study.toml, as a paper prints them."""

    def __init__(self, panel: Panel, style: Style) -> None:
        self.panel, self.style = panel, style
        self.rows: list[dict[str, object]] = []
        self.specs: list[str] = []

    def number(self, value: float, more: int = 0) -> str:
        return f"{value:.{self.style.places + more}f}"

    def row(self, table: str, column: object, term: str, estimate: str, **more: object) -> None:
        named = {"table": table, "column": column, "term": term, "estimate": estimate}
        self.rows.append({**dict.fromkeys(HEADER, ""), **named, **more})

    def spec(self, name: str, **keys: str) -> None:
        self.specs.append(f'[spec."{name}"]\n' + "\n".join(f"{k} = {v}" for k, v in keys.items()))


class Column(NamedTuple):
    """One column of a table of regressions.

    Attributes
    ----------
    effects : whether entity and time effects are in it
    clustered : whether its errors are clustered by region
    adjusted : whether its R2 is the adjusted one
    keep : (n,) bool, the rows that are in it; all where None
    """

    table: str
    label: object
    outcome: str
    terms: list[str]
    effects: bool = False
    clustered: bool = False
    adjusted: bool = False
    keep: NDArray[np.bool_] | None = None


class Regression(NamedTuple):
    """What least squares give: estimate and error of each term, rows, residual df, df of the stars, R2."""

    cells: dict[str, tuple[float, float]]
    n: int
    df: int
    reference: int
    r2: float

    @property
    def adjusted_r2(self) -> float:
        return 1 - (1 - self.r2) * (self.n - 1) / self.df


def ols(y: Array, X: Array, df: int, cluster: Codes | None = None) -> tuple[Array, Array, Array]:
    """Coefficients, standard errors and residuals of least squares.

    Clustered standard errors have the usual small-sample factor.
    """
    bread = np.linalg.inv(X.T @ X)
    b = bread @ X.T @ y
    e = y - X @ b
    if cluster is None:
        return b, np.sqrt(np.diag(bread) * (e @ e) / df), e
    groups = np.unique(cluster)
    scores = np.array([(X[cluster == g] * e[cluster == g][:, None]).sum(axis=0) for g in groups])
    factor = len(groups) / (len(groups) - 1) * (len(y) - 1) / df
    return b, np.sqrt(np.diag(bread @ (scores.T @ scores) @ bread) * factor), e


def regression(panel: Panel, column: Column, clusters: int) -> Regression:
    """Least squares with dummies; entity i lies in region i modulo `clusters`."""
    rows = np.ones(panel.n, bool) if column.keep is None else column.keep
    y, X = panel.data[column.outcome][rows], panel.columns(column.terms)[rows]
    entity, time = panel.entity[rows], panel.time[rows]
    dummies = np.ones((len(y), 1))
    if column.effects:
        own = [entity[:, None] == np.unique(entity), time[:, None] == np.unique(time)[1:]]
        dummies = np.column_stack(own).astype(float)
    full = np.column_stack([X, dummies])
    df = len(y) - int(np.linalg.matrix_rank(full))
    b, se, e = ols(y, full, df, entity % clusters if column.clustered else None)
    named = column.terms if column.effects else [*column.terms, "_cons"]
    cells = {term: (float(b[j]), float(se[j])) for j, term in enumerate(named)}
    r2 = 1 - float(e @ e) / float(((y - y.mean()) ** 2).sum())
    return Regression(cells, len(y), df, clusters - 1 if column.clustered else df, r2)


def stars(p: float) -> str:
    return "*" * sum(p < level for level in LEVELS) or "none"


def stars_of(t: float, df: float) -> str:
    return stars(2 * stats.t.sf(abs(t), df))


def print_column(out: Printer, column: Column, **keys: str) -> dict[str, tuple[float, float]]:
    """Print a regression, its rows and R2, and its specification; returns its estimates and errors."""
    found = regression(out.panel, column, out.style.clusters)
    at, outcome = (column.table, column.label), column.outcome
    r2 = f"{found.adjusted_r2 if column.adjusted else found.r2:.3f}"
    for term, (value, error) in found.cells.items():
        t_value = out.style.with_t or float(out.number(error)) == 0
        beside = {"t_value": f"{value / error:.2f}"} if t_value else {"std_error": out.number(error)}
        marks = stars_of(value / error, found.reference)
        out.row(*at, term, out.number(value), stars=marks, n=found.n, r2=r2, outcome=outcome, **beside)
    out.row(*at, "N", str(found.n), outcome=outcome)
    out.row(*at, "R2", r2, outcome=outcome)
    if not column.effects and not column.adjusted:
        out.row(*at, "adj_R2", f"{found.adjusted_r2:.2f}", outcome=outcome)
    errors = {"vcov": BY_REGION} if column.clustered else {}
    formula = formula_of(outcome, column.terms, column.effects)
    out.spec(f"{column.table}.{column.label}", formula=formula, **keys, **errors)
    return found.cells


def formula_of(outcome: str, terms: list[str], effects: bool) -> str:
    return f'"{outcome} ~ {" + ".join(terms)}{" | city + year" if effects else ""}"'


def print_descriptives(out: Printer) -> None:
    """Table 1."""
    for name, v in out.panel.data.items():
        shown = {
            "mean": v.mean(), "sd": v.std(ddof=1), "min": v.min(), "max": v.max(), "median": np.median(v),
        }  # fmt: skip
        for what, value in shown.items():
            out.row("T1", what, name, out.number(float(value)), n=out.panel.n)
        out.row("T1", "n", name, str(out.panel.n), n=out.panel.n)


def print_nested(out: Printer) -> None:
    """Table 2, the last regressor alone and then one more in each column; table 3, VIFs of the last."""
    names = out.panel.names
    for label, terms in enumerate([[names[-1]], *(names[: i + 1] for i in range(len(names)))]):
        print_column(out, Column("T2", label, "y", terms, adjusted=out.style.adjusted))
    inverse = np.diag(np.linalg.inv(np.corrcoef(out.panel.columns(names).T)))
    for name, value in zip(names, inverse, strict=True):
        out.row("T3", "VIF", name, f"{value:.3f}")
        out.row("T3", "1/VIF", name, f"{1 / value:.3f}")
    out.row("T3", "VIF", "mean", f"{inverse.mean():.3f}")


def print_effects(out: Printer) -> None:
    """Table 4: the three outcomes with entity and time effects."""
    for label, outcome in enumerate(("y", "y1", "y2"), start=1):
        print_column(out, Column("T4", label, outcome, out.panel.names, True, out.style.clustered))


def print_mediation(out: Printer) -> None:
    """Table 5, both equations; table 6, direct and indirect effects with normal intervals."""
    names, clustered = out.panel.names, out.style.clustered
    both_terms = [*names, "m"]
    a = print_column(out, Column("T5", 1, "m", names, True, clustered))["x1"]
    both = print_column(out, Column("T5", 2, "y", both_terms, True, clustered), **MEDIATION)
    direct, b = both["x1"], both["m"]
    sobel = float(np.hypot(a[0] * b[1], b[0] * a[1]))
    for term, value, error in (("direct", *direct), ("indirect", a[0] * b[0], sobel)):
        ends = {"ci_low": value - 1.959964 * error, "ci_high": value + 1.959964 * error}
        shown = {key: out.number(end, 2) for key, end in ends.items()}
        out.row("T6", "m", term, out.number(value), stars=stars_of(value / error, 1e9), outcome="y", **shown)
    errors = {"vcov": BY_REGION} if clustered else {}
    out.spec("T6.m", formula=formula_of("y", both_terms, True), **MEDIATION, **errors)


def print_halves(out: Printer) -> None:
    """Table 7: the first half of the entities, the second, and all."""
    first = out.panel.entity < out.panel.entities // 2
    for side, inside in (("1", first), ("2", ~first)):
        steps = f'[{{ keep = {{ side = "s{side}" }} }}]'
        print_column(out, Column("T7", side, "y", out.panel.names, keep=inside), steps=steps)
    print_column(out, Column("T7", 3, "y", out.panel.names))


def print_thresholds(out: Printer, rng: np.random.Generator) -> None:
    """Table 8: F tests of two thresholds with critical values and p-values of 1,000 bootstrap draws."""
    draws = np.sort(rng.chisquare(4, 1000) * rng.uniform(3, 8))
    for j in (1, 2):
        f = rng.choice(draws) * rng.uniform(0.5, 2)
        p = float(np.mean(draws > f))
        threshold = float(np.quantile(out.panel.data["x1"], 0.3 * j))
        out.row("T8", "x1", f"threshold{j}", out.number(threshold), stars=stars(p))
        out.row("T8", "x1", f"F{j}", f"{f:.2f}", p_value=f"{p:.3f}")
        for level in (10, 5, 1):
            out.row("T8", "x1", f"F{j}_crit{level}", f"{np.quantile(draws, 1 - level / 100):.4f}")
        out.row("T8", "x1", f"bootstrap{j}", "1000")
    keys = {"kind": '"threshold"', "variable": '"x1"', "regime_dependent": '"x1"', "max_thresholds": "2"}
    out.spec("T8.x1", formula=formula_of("y", out.panel.names, True), **keys)


def head(panel: Panel, seed: int) -> str:
    """The study's own keys, and the two halves of its entities as groups."""
    cities = [f"c{i}" for i in range(panel.entities)]
    half = panel.entities // 2
    sides = f"[groups.side]\ns1 = {cities[:half]!r}\ns2 = {cities[half:]!r}\n".replace("'", '"')
    return (
        f'[study]\nname = "simulated-{seed}"\ntitle = "SYNTHETIC"\nentity = "city"\ntime = '
        f'"year"\nentities = {panel.entities}\nperiods = [2000, {1999 + panel.periods}]\npublished = '
        f'"published.csv"\ndescriptives = "T1"\n\n{sides}'
    )


def write_study(folder: Path, seed: int) -> dict[str, float]:
    """Write one study; returns the true reference df of its table of effects, and whether it is clustered."""
    rng = np.random.default_rng(seed)
    panel = draw_panel(rng)
    out = Printer(panel, draw_style(rng))
    print_descriptives(out)
    print_nested(out)
    print_effects(out)
    print_mediation(out)
    print_halves(out)
    print_thresholds(out, rng)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text("\n".join([head(panel, seed), *out.specs]), encoding="utf-8")
    with (folder / "published.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(out.rows)
    residual = panel.n - panel.entities - panel.periods + 1 - len(panel.names)
    clustered = out.style.clustered
    return {"df": float(out.style.clusters - 1 if clustered else residual), "clustered": clustered}
