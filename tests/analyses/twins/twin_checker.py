"""Every number of a twin once more, with numpy, pandas and linearmodels, from the files themselves.

Nothing here imports posterity: what made a twin must not judge it.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

R2 = {"R2", "adj_R2"}


def wrong_numbers(toml: Path, published: Path, frame: pd.DataFrame, satisfied: set[str]) -> dict[str, str]:
    """Of the numbers that the manifest calls satisfied, those that it does not print; all must be known."""
    study = tomllib.loads(toml.read_text(encoding="utf-8"))
    with published.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    found: dict[str, tuple[list[float], str]] = {}
    found |= descriptives(study, rows, frame)
    found |= inflation(rows, frame)
    for spec_id, spec in study["spec"].items():
        mine = [r for r in rows if f"{r['table']}.{r['column']}" == spec_id]
        if any(name.startswith(spec_id) for name in satisfied):
            found |= column(study, rows, spec_id, spec, mine, frame)
    unknown = satisfied - set(found)
    wrong = dict.fromkeys(unknown, "not recomputed")
    for name in satisfied & set(found):
        values, text = found[name]
        half = float(Decimal(5).scaleb(int(Decimal(text).as_tuple().exponent) - 1))
        if not any(abs(value - float(text)) <= half * (1 + 1e-9) for value in values):
            wrong[name] = f"{values} against {text}"
    return wrong


def descriptives(study, rows, frame):
    makers: dict[str, Callable[..., Any]] = {
        "n": len, "mean": np.mean, "sd": lambda x: np.std(x, ddof=1), "median": np.median,
        "min": np.min, "max": np.max,
    }  # fmt: skip
    return {
        f"{r['table']}.{r['column']}.{r['term']}": (
            [float(makers[r["column"]](frame[r["term"]]))],
            r["estimate"],
        )
        for r in rows
        if r["table"] == study["study"].get("descriptives") and r["column"] in makers and r["term"] in frame
    }


def inflation(rows, frame):
    found = {}
    for r in rows:
        if r["column"] not in ("VIF", "1/VIF"):
            continue
        names = [
            x["term"]
            for x in rows
            if x["table"] == r["table"] and x["column"] == "VIF" and x["term"] in frame
        ]
        vif = {}
        for name in names:
            X = np.column_stack([np.ones(len(frame)), frame[[n for n in names if n != name]]])
            y = frame[name].to_numpy()
            e = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
            vif[name] = ((y - y.mean()) ** 2).sum() / (e @ e)
        each = {n: v if r["column"] == "VIF" else 1 / v for n, v in vif.items()}
        value = np.mean(list(each.values())) if r["term"] == "mean" else each[r["term"]]
        found[f"{r['table']}.{r['column']}.{r['term']}"] = ([float(value)], r["estimate"])
    return found


def sample(study, spec, frame, names):
    entity, time = study["study"]["entity"], study["study"]["time"]
    data = frame.copy()
    data[entity] = data[entity].str.removeprefix("SYNTHETIC ")
    for step in spec.get("steps", []):
        if "winsorise" in step:
            for name in names:
                data[name] = data[name].clip(*data[name].quantile(step["winsorise"]))
        for word in ("drop", "keep"):
            for name, values in step.get(word, {}).items():
                hit = data[name].isin(values if isinstance(values, list) else [values])
                data = data[hit if word == "keep" else ~hit]
        for name, periods in step.get("lag", {}).items():
            data[name] = data.sort_values([entity, time]).groupby(entity)[name].shift(periods)
            data = data.dropna(subset=[name])
    return data


def column(study, rows, spec_id, spec, mine, frame):
    entity = study["study"]["entity"]
    left, *bars = [part.strip() for part in spec["formula"].split("|")]
    y_name, right = [part.strip() for part in left.split("~")]
    x_names = [name.strip() for name in right.split("+")]
    effects = [name.strip() for part in bars if "~" not in part for name in part.split("+")]
    endogenous, instruments = [], []
    for part in bars:
        if "~" in part:
            endogenous, instruments = ([n.strip() for n in side.split("+")] for side in part.split("~"))
    data = sample(study, spec, frame, [y_name, *x_names, *endogenous, *instruments])
    y = data[y_name].to_numpy()
    X = data[endogenous + x_names].copy()
    if spec.get("kind") == "threshold":
        split = spec["regime_dependent"]
        cuts = thresholds(study, rows, spec)
        regime = np.searchsorted(cuts, data[spec["variable"]], side="left")
        for r in range(len(cuts) + 1):
            X[f"{split}_regime{r + 1}"] = X[split] * (regime == r)
        X = X.drop(columns=split)
    dummies = [np.ones((len(data), 1))]
    dummies += [pd.get_dummies(data[e], drop_first=True).to_numpy(float) for e in effects]
    D = np.hstack(dummies)
    M = np.hstack([X.to_numpy(), D])
    W = np.hstack([data[instruments + x_names].to_numpy(), D]) if instruments else M
    P = W @ np.linalg.lstsq(W, M, rcond=None)[0]
    bread = np.linalg.inv(P.T @ P)
    b = bread @ (P.T @ y)
    e = y - M @ b
    n, K = M.shape
    vcov = spec.get("vcov", "iid")
    if vcov == "iid":
        V = bread * (e @ e) / (n - K)
    else:
        groups = data[vcov["cluster"]]
        scores = np.array([P[groups == g].T @ e[groups == g] for g in groups.unique()])
        nested = data.groupby(entity)[vcov["cluster"]].nunique().max() == 1
        counted = K - (data[entity].nunique() - 1) * (nested and entity in effects)
        G = len(scores)
        V = bread @ scores.T @ scores @ bread * G / (G - 1) * (n - 1) / (n - counted)
    names = [*X.columns, "_cons"]
    coef, se = dict(zip(names, b, strict=False)), dict(zip(names, np.sqrt(np.diag(V)), strict=False))
    r2 = 1 - e @ e / ((y - y.mean()) ** 2).sum()
    demeaned = y - data.groupby(entity)[y_name].transform("mean").to_numpy()
    adjusted = 1 - (1 - r2) * (n - 1) / (n - K)
    values = {
        "N": [n],
        "R2": [r2, adjusted, 1 - e @ e / (demeaned @ demeaned)],
        "adj_R2": [adjusted],
        **{name: [value] for name, value in coef.items()},
    }
    if spec.get("mediator"):
        t = spec["treatment"]
        values["direct"] = [coef[t]]
        without = np.delete(M, list(X.columns).index(spec["mediator"]), axis=1)
        total = np.linalg.lstsq(without, y, rcond=None)[0][[c for c in X if c != spec["mediator"]].index(t)]
        values["indirect"] = [total - coef[t]]
    if any(r["term"] == "F" for r in mine):
        outside = next(
            s["formula"].split("|")[-1].split("~")[1]
            for s in study["spec"].values()
            if s["formula"].count("~") > 1
        )
        at = [names.index(z.strip()) for z in outside.split("+")]
        values["F"] = [b[at] @ np.linalg.solve(V[np.ix_(at, at)], b[at]) / len(at)]
    if instruments:
        explained = W @ np.linalg.lstsq(W, e, rcond=None)[0]
        J = n * (explained @ explained) / (e @ e)
        values["Sargan_p"] = [stats.chi2.sf(J, len(instruments) - len(endogenous))]
    found = {}
    for r in mine:
        if r["term"] not in values:
            continue
        name = f"{spec_id}.{r['term']}"
        found[name] = ([float(v) for v in values[r["term"]]], r["estimate"])
        if r["term"] in se and r["std_error"]:
            found[f"{name} (std_error)"] = ([float(se[r["term"]])], r["std_error"])
        if r["term"] in se and r["t_value"]:
            found[f"{name} (t_value)"] = ([float(coef[r["term"]] / se[r["term"]])], r["t_value"])
        if r["r2"]:
            found[f"{spec_id} (r2)"] = ([float(r2)], r["r2"])
    return found


def thresholds(study, rows, spec):
    for other_id, other in study["spec"].items():
        if all(other.get(k) == spec.get(k) for k in ("formula", "variable", "regime_dependent")):
            cuts = [
                float(r["estimate"])
                for r in rows
                if f"{r['table']}.{r['column']}" == other_id and r["term"].startswith("threshold")
            ]
            if cuts:
                return sorted(cuts[: spec["thresholds"]])
    raise LookupError(spec)
