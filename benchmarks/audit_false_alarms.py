"""False alarms of the audit: SYNTHETIC studies whose tables are printed from real regressions with rounding.

    python benchmarks/audit_false_alarms.py [COUNT]

Each study draws a panel and prints descriptive statistics, nested pooled columns with VIFs, two-way columns
with conventional or clustered errors, a mediation with a bootstrap table of normal intervals, an outcome that
is the weighted sum of two others, a split of the sample and threshold tests, with 2 to 4 decimals. No finding
on such tables may be `impossible`, and the degrees of freedom of the stars must be possible ones. With
`corrupt`, one number is misprinted.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

HEADER = (
    "table", "column", "term", "estimate", "std_error", "t_value", "stars", "ci_low", "ci_high",
    "p_value", "n", "r2", "outcome", "note",
)  # fmt: skip
LEVELS = (0.10, 0.05, 0.01)


class Printer:
    """Rows of published.csv and specifications of study.toml, as a paper prints them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.specs: list[str] = []

    def row(self, table: str, column: object, term: str, estimate: str, **more: object) -> None:
        self.rows.append(
            {
                **dict.fromkeys(HEADER, ""),
                "table": table,
                "column": column,
                "term": term,
                "estimate": estimate,
                **more,
            }
        )

    def spec(self, name: str, **keys: str) -> None:
        self.specs.append(f'[spec."{name}"]\n' + "\n".join(f"{k} = {v}" for k, v in keys.items()))


def ols(y: np.ndarray, X: np.ndarray, df: int, cluster: np.ndarray | None = None):
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


def stars(t: float, df: float) -> str:
    p = 2 * stats.t.sf(abs(t), df)
    return "*" * sum(p < level for level in LEVELS) or "none"


def write_study(folder: Path, seed: int) -> dict[str, float]:
    """Write one study; returns the true reference df of its table of effects."""
    rng = np.random.default_rng(seed)
    entities, periods = int(rng.integers(10, 41)), int(rng.integers(6, 13))
    entity, time_ = np.divmod(np.arange(entities * periods), periods)
    n, k = entities * periods, int(rng.integers(2, 6))
    names = [f"x{i + 1}" for i in range(k)]
    common = rng.normal(size=(n, 1))
    scale, shift = 10.0 ** rng.uniform(-1, 1, k), rng.uniform(-2, 5, k)
    X = (
        rng.uniform(0, 0.8) * common + rng.normal(size=(n, k)) + rng.normal(size=(entities, k))[entity]
    ) * scale + shift
    y1 = (
        X @ (rng.normal(0, 0.5, k) / scale)
        + rng.normal(size=entities)[entity]
        + rng.normal(size=periods)[time_]
        + rng.normal(size=n)
    )
    y2 = X @ (rng.normal(0, 0.5, k) / scale) + rng.normal(size=entities)[entity] + rng.normal(size=n)
    w = rng.uniform(0.2, 0.8)
    y = w * y1 + (1 - w) * y2
    m = 0.4 * X[:, 0] / scale[0] + rng.normal(size=n) + rng.normal(size=entities)[entity]
    data = {"y": y, "y1": y1, "y2": y2, "m": m, **dict(zip(names, X.T, strict=True))}
    for name in ("y", "y1", "y2"):
        data[name] = data[name] + 0.3 * m
    out = Printer()
    places = int(rng.integers(2, 5))

    def number(value: float, more: int = 0) -> str:
        return f"{value:.{places + more}f}"

    with_t = bool(rng.integers(2))
    for name, v in data.items():
        for what, value in (
            ("mean", v.mean()),
            ("sd", v.std(ddof=1)),
            ("min", v.min()),
            ("max", v.max()),
            ("median", np.median(v)),
        ):
            out.row("T1", what, name, number(value), n=n)
        out.row("T1", "n", name, str(n), n=n)

    def column(
        table: str,
        label: object,
        outcome: str,
        terms: list[str],
        *,
        effects: bool,
        cluster: bool = False,
        keep: np.ndarray | None = None,
        adjusted: bool = False,
        steps: str = "",
        **spec: str,
    ):
        rows = np.ones(n, bool) if keep is None else keep
        yy, XX = data[outcome][rows], np.column_stack([data[t][rows] for t in terms])
        e_, t_ = entity[rows], time_[rows]
        dummies = np.ones((len(yy), 1))
        if effects:
            dummies = np.column_stack(
                [e_[:, None] == np.unique(e_), t_[:, None] == np.unique(t_)[1:]]
            ).astype(float)
        full = np.column_stack([XX, dummies])
        df = len(yy) - np.linalg.matrix_rank(full)
        b, se, e = ols(yy, full, df, region[e_] if cluster else None)
        r2 = 1 - e @ e / ((yy - yy.mean()) ** 2).sum()
        shown = 1 - (1 - r2) * (len(yy) - 1) / df if adjusted else r2
        reference = clusters - 1 if cluster else df
        cells = dict(zip(terms, zip(b, se, strict=False), strict=False))
        if not effects:
            cells["_cons"] = (b[len(terms)], se[len(terms)])
        for term, (value, error) in cells.items():
            beside = {"t_value": f"{value / error:.2f}"} if with_t else {"std_error": number(error)}
            if not with_t and float(number(error)) == 0:
                beside = {"t_value": f"{value / error:.2f}"}
            out.row(
                table,
                label,
                term,
                number(value),
                stars=stars(value / error, reference),
                n=len(yy),
                r2=f"{shown:.3f}",
                outcome=outcome,
                **beside,
            )
        out.row(table, label, "N", str(len(yy)), outcome=outcome)
        out.row(table, label, "R2", f"{shown:.3f}", outcome=outcome)
        if not effects and not adjusted:
            out.row(table, label, "adj_R2", f"{1 - (1 - r2) * (len(yy) - 1) / df:.2f}", outcome=outcome)
        formula = f"{outcome} ~ {' + '.join(terms)}" + (" | city + year" if effects else "")
        keys = {"formula": f'"{formula}"', **spec}
        if cluster:
            keys["vcov"] = '{ cluster = "region" }'
        if steps:
            keys["steps"] = steps
        out.spec(f"{table}.{label}", **keys)
        return {t: (float(v), float(s)) for t, (v, s) in cells.items()}

    clusters = int(rng.integers(4, 9))
    region = np.arange(entities) % clusters
    adjusted = bool(rng.integers(2))
    column("T2", 0, "y", [names[-1]], effects=False, adjusted=adjusted)
    for i in range(k):
        last = column("T2", i + 1, "y", names[: i + 1], effects=False, adjusted=adjusted)
    inverse = np.diag(np.linalg.inv(np.corrcoef(X.T)))
    for name, value in zip(names, inverse, strict=True):
        out.row("T3", "VIF", name, f"{value:.3f}")
        out.row("T3", "1/VIF", name, f"{1 / value:.3f}")
    out.row("T3", "VIF", "mean", f"{inverse.mean():.3f}")
    clustered = bool(rng.integers(2))
    for label, outcome in enumerate(("y", "y1", "y2"), start=1):
        column("T4", label, outcome, names, effects=True, cluster=clustered)
    a = column("T5", 1, "m", names, effects=True, cluster=clustered)["x1"]
    both = column(
        "T5",
        2,
        "y",
        [*names, "m"],
        effects=True,
        cluster=clustered,
        kind='"mediation"',
        mediator='"m"',
        treatment='"x1"',
    )
    direct, b = both["x1"], both["m"]
    sobel = np.hypot(a[0] * b[1], b[0] * a[1])
    for term, value, error in (("direct", *direct), ("indirect", a[0] * b[0], sobel)):
        low, high = value - 1.959964 * error, value + 1.959964 * error
        out.row(
            "T6",
            "m",
            term,
            number(value),
            stars=stars(value / error, 1e9),
            ci_low=number(low, 2),
            ci_high=number(high, 2),
            outcome="y",
        )
    out.spec(
        "T6.m",
        formula=f'"y ~ {" + ".join([*names, "m"])} | city + year"',
        kind='"mediation"',
        mediator='"m"',
        treatment='"x1"',
        **({"vcov": '{ cluster = "region" }'} if clustered else {}),
    )
    half = entities // 2
    for side, inside in (("1", entity < half), ("2", entity >= half)):
        column(
            "T7",
            side,
            "y",
            names,
            effects=False,
            keep=inside,
            steps=f'[{{ keep = {{ side = "s{side}" }} }}]',
        )
    column("T7", 3, "y", names, effects=False)
    draws = np.sort(rng.chisquare(4, 1000) * rng.uniform(3, 8))
    for j in (1, 2):
        f = rng.choice(draws) * rng.uniform(0.5, 2)
        p = float(np.mean(draws > f))
        out.row(
            "T8",
            "x1",
            f"threshold{j}",
            number(float(np.quantile(data["x1"], 0.3 * j))),
            stars="*" * sum(p < x for x in LEVELS) or "none",
        )
        out.row("T8", "x1", f"F{j}", f"{f:.2f}", p_value=f"{p:.3f}")
        for level in (10, 5, 1):
            out.row("T8", "x1", f"F{j}_crit{level}", f"{np.quantile(draws, 1 - level / 100):.4f}")
        out.row("T8", "x1", f"bootstrap{j}", "1000")
    out.spec(
        "T8.x1",
        formula=f'"y ~ {" + ".join(names)} | city + year"',
        kind='"threshold"',
        variable='"x1"',
        regime_dependent='"x1"',
        max_thresholds="2",
    )
    assert last
    cities = [f"c{i}" for i in range(entities)]
    sides = f"[groups.side]\ns1 = {cities[:half]!r}\ns2 = {cities[half:]!r}\n".replace("'", '"')
    head = (
        f'[study]\nname = "simulated-{seed}"\ntitle = "SYNTHETIC"\nentity = "city"\ntime = '
        f'"year"\nentities = {entities}\nperiods = [2000, {1999 + periods}]\npublished = '
        '"published.csv"\ndescriptives = "T1"\n'
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text("\n".join([head, sides, *out.specs]), encoding="utf-8")
    write_rows(folder, out.rows)
    return {
        "df": clusters - 1 if clustered else float(n - entities - periods + 1 - k),
        "clustered": clustered,
    }


def write_rows(folder: Path, rows: list[dict[str, object]]) -> None:
    with (folder / "published.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)


def main(count: int) -> None:
    import posterity as po
    from posterity.analyses.audit import audit

    write, begun = sys.stdout.write, time.perf_counter()
    found: Counter[tuple[str, str]] = Counter()
    alarms: list[Any] = []
    wrong: list[Any] = []
    with tempfile.TemporaryDirectory() as place:
        for seed in range(count):
            folder = Path(place) / str(seed)
            truth = write_study(folder, seed)
            if seed and not seed % 20:
                write(f"{seed} studies, {len(alarms)} impossible, {time.perf_counter() - begun:.0f} s\n")
                sys.stdout.flush()
            for f in audit(po.load(folder)):
                found[f.status, f.rule] += 1
                if f.status == "impossible":
                    alarms.append((seed, f))
                elif f.status == "only_if" and f.rule not in ("weighted_sum",):
                    wrong.append((seed, truth, f))
    for (status, rule), n in sorted(found.items()):
        write(f"{status:11} {rule:20} {n}\n")
    for seed, f in alarms[:20]:
        write(f"ALARM {seed} {f.rule}: {f.statement} | {f.arithmetic}\n")
    random.Random(1).shuffle(wrong)
    for seed, truth, f in wrong[:40]:
        write(f"only if {seed} {truth} {f.rule}: {f.statement} | {f.arithmetic[:300]}\n")
    studies = len({s for s, _ in alarms})
    write(
        f"{count} studies, {sum(found.values())} findings: {len(alarms)} impossible in {studies} studies; "
        f"{len(wrong)} only_if besides the true weights; {time.perf_counter() - begun:.0f} s\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
