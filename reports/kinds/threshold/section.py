"""Threshold columns: how many, where, and the effect along the threshold variable."""

from __future__ import annotations

import math
from typing import Any

from ....analyses.kinds.threshold.record import by_model, in_words
from ....analyses.run.fits import Fit
from ....analyses.run.results import SpecFit
from ....models.errors import LAWS
from ...drawing.figure_files import FigureFile, Section
from ...page.templating import rendered
from ...rows import NOTHING, Row, evidence_label, number, probability
from .figure import figure_file_of

MODELS = {
    "none": "no threshold",
    "jump": "one jump",
    "smooth": "one smooth transition",
    "interaction": "plain interaction",
}


def section(fit: Fit, columns: list[SpecFit], rows: list[Row]) -> Section | None:
    """The part of the page about thresholds; None where no column has them at this evidence."""
    columns = [one for one in columns if "number" in one.tree["posterior"]]
    if not columns:
        return None
    label = evidence_label(fit)
    parts, figure_files = [], []
    for one in columns:
        figure_file = figure_file_of(fit, one, label) if "thresholds" in one.tree else None
        figure_files += [figure_file] if figure_file else []
        parts.append(_part(one, figure_file))
    body = rendered("kinds/threshold.html", parts=parts, label=label)
    return Section("thresholds", "Thresholds", body, tuple(figure_files))


def _part(one: SpecFit, figure_file: FigureFile | None) -> dict[str, Any]:
    record = one.mechanism or {}
    if "twins" in record:  # places and number come from the mixture, the rest is the same in every twin
        record = {k: record["twins"][0][k] for k in ("variable", "regime_dependent", "warnings")}
    drawn = one.tree["posterior"]["number"].to_numpy()
    chances = {int(k): p for k, p in record.get("probability", {}).items()}
    if not chances:
        chances = {k: float((drawn == k).mean()) for k in range(int(drawn.max()) + 1)}
    return {
        "id": one.id,
        "label": one.view.spec.label,
        "variable": record.get("variable", ""),
        "term": record.get("regime_dependent", ""),
        "warnings": record.get("warnings", []),
        "chances": [(k, probability(p)) for k, p in chances.items()],
        "best": max(chances, key=lambda k: chances[k]),
        "models": _models(record),
        "rows": _places(one, chances),
        "tests": _tests(one),
        "jump": _jump(one),
        "figure_file": figure_file,
    }


def _models(record: dict[str, Any]) -> dict[str, Any] | None:
    """Law of errors by model, with the sentence that says what is most probable; None over twins."""
    if "models" not in record:
        return None
    rows, chance, laws = record["models"], by_model(record), record["laws"]
    best = max(chance, key=lambda model: chance[model])
    law = max(laws, key=lambda name: laws[name])
    sentence = f"Of the models compared, {in_words(best)} is the most probable ({probability(chance[best])})"
    if len(laws) > 1:
        given = rows[law][best] / laws[law]
        sentence += (
            f", and {LAWS[law].label} errors are the likelier law ({probability(laws[law])}); "
            f"under them its probability is {probability(given)}"
        )
    return {
        "sentence": f"{sentence}.",
        "names": [in_words(model) for model in chance],
        "rows": [
            (LAWS[name].label, [probability(p) for p in (*row.values(), laws[name])])
            for name, row in rows.items()
        ],
        "all": [*map(probability, chance.values()), "1"] if len(laws) > 1 else None,
    }


def printed_places(one: SpecFit) -> dict[int, str]:
    """The thresholds that the paper prints, by number."""
    return {
        int(p.term.removeprefix("threshold")): p.text["estimate"]
        for p in one.printed
        if p.term.startswith("threshold") and p.term.removeprefix("threshold").isdigit()
    }


def _places(one: SpecFit, chances: dict[int, float]) -> list[dict[str, str]]:
    """Places given each number of thresholds: posterior, Hansen's estimate and interval."""
    posterior, found = one.tree["posterior"], []
    hansen = one.tree.get("hansen")
    for count in [k for k in chances if k]:
        for order in range(1, count + 1):
            draws = posterior[f"threshold{order}of{count}"]
            low, middle, high = (number(float(draws.quantile(p)), 4) for p in (0.025, 0.5, 0.975))
            estimate = interval = NOTHING
            if hansen is not None:
                at = {
                    name: float(hansen[name].sel(tested=count, order=order))
                    for name in ("place", "low", "high")
                }
                estimate = number(at["place"], 4)
                interval = f"[{number(at['low'], 4)}, {number(at['high'], 4)}]"
            found.append(
                {
                    "given": f"{order} of {count}",
                    "posterior": f"{middle} [{low}, {high}]",
                    "estimate": f"{estimate} {interval}",
                }
            )
    return found


def _tests(one: SpecFit) -> list[dict[str, Any]]:
    """F tests on this panel beside the printed ones."""
    printed = {p.term: p for p in one.printed}
    made = []
    for test in (one.mechanism or {}).get("tests", []):
        own = printed.get(f"F{test['thresholds']}")
        made.append(
            {
                "thresholds": test["thresholds"],
                "f": number(test["f"], 2),
                "p": [
                    (name, probability(test[name]["p_value"])) for name in ("hansen", "normal", "rademacher")
                ],
                "critical": number(test["hansen"]["critical"][1], 2),
                "printed": f"{own.text['estimate']} (p {own.text['p_value']})" if own else NOTHING,
                "place": printed_places(one).get(test["thresholds"], NOTHING),
            }
        )
    return made


def _jump(one: SpecFit) -> list[dict[str, str]]:
    """No change, one and more jumps, a smooth transition and a plain interaction, where they were weighed."""
    if "shapes" not in one.tree:
        return []
    shapes, numbers = one.tree["shapes"].to_dataset(), one.tree["thresholds"].to_dataset()
    evidence = {str(name): float(shapes["log_marginal"].sel(shape=name)) for name in shapes["shape"].values}
    evidence |= {
        f"{k} jumps": float(numbers["log_marginal"].sel(number=k)) for k in numbers["number"].values[2:]
    }
    best = max(evidence.values())
    total = sum(math.exp(v - best) for v in evidence.values())
    made = []
    for name, value in evidence.items():
        elpd, difference, error = (
            float(shapes[part].sel(shape=name)) if name in MODELS else math.nan
            for part in ("elpd", "elpd_difference", "elpd_error")
        )
        made.append(
            {
                "name": MODELS.get(name, name),
                "log_marginal": number(value, 1),
                "probability": probability(math.exp(value - best) / total),
                "elpd": number(elpd, 1),
                "difference": f"{number(difference, 1)} ({number(error, 1)})" if name in MODELS else NOTHING,
            }
        )
    return made
