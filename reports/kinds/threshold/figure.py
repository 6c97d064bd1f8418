"""Figure of a threshold column: effect along the threshold variable, number and places of thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ....analyses.kinds.threshold.tree import AVERAGED
from ....analyses.run.fits import Fit
from ....analyses.run.results import SpecFit
from ...drawing.figure_files import FigureFile
from ...drawing.figures import INK, QUIET, RULE, SIZE, WIDTH
from ...rows import shorten, synthetic

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
COLOURS = ("#7a7a7a", BLUE, ORANGE, GREEN, "#CC79A7")
HEIGHT = 5.4


def figure_file_of(fit: Fit, one: SpecFit, label: str) -> FigureFile:
    """One figure for one column."""

    def make() -> Figure:
        return _figure(fit, one, label)

    record = one.mechanism or {}
    alt = (
        f"Three panels for {one.id}. The slope of {record['regime_dependent']} along {record['variable']}"
        " with its 95% band; the posterior probability of each number of thresholds for each prior scale of"
        f" the changes; the posterior of the places. {label}. The numbers are in the tables of this section."
    )
    return FigureFile.of(f"thresholds.{one.id}", None, f"thresholds of {one.id}", alt, make)


def _figure(fit: Fit, one: SpecFit, label: str) -> Figure:
    record = one.mechanism or {}
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    FigureCanvasAgg(figure)
    title = f"{fit.study.name} {one.id}: {record['regime_dependent']} by {record['variable']}"
    style: dict[str, Any] = {"parse_math": False}
    figure.text(
        0.014, 0.985, shorten(title, 84), va="top", fontsize=10, fontweight="bold", color=INK, **style
    )
    figure.text(0.014, 0.012, label, fontsize=SIZE, fontweight="bold", color=QUIET, **style)
    if synthetic(fit):
        figure.text(
            0.986, 0.985, "SYNTHETIC", va="top", ha="right", fontsize=16, fontweight="bold", color="#9c3d00"
        )
        figure.text(0.5, 0.5, "SYNTHETIC", va="center", ha="center", rotation=30, fontsize=54,
                    fontweight="bold", color=ORANGE, alpha=0.12, zorder=0)  # fmt: skip
    _effect(figure.add_axes((0.1, 0.58, 0.87, 0.31)), one, record)
    _numbers(figure.add_axes((0.1, 0.12, 0.36, 0.33)), one)
    _places(figure.add_axes((0.58, 0.12, 0.39, 0.33)), one, record)
    return figure


def _effect(axes: Axes, one: SpecFit, record: dict[str, Any]) -> None:
    effect = one.tree["effect"]
    at = effect["at"].to_numpy()

    def curve(model: str, name: str) -> Any:
        return effect["slope"].sel(model=model, summary=name).to_numpy()

    axes.fill_between(
        at, curve(AVERAGED, "q2.5"), curve(AVERAGED, "q97.5"), step="mid", color=BLUE, alpha=0.25, linewidth=0
    )
    axes.step(
        at,
        curve(AVERAGED, "mean"),
        where="mid",
        color=BLUE,
        linewidth=1.8,
        label="averaged over their number",
    )
    given = record.get("given")
    if given:
        axes.step(at, curve(str(given), "mean"), where="mid", color=ORANGE, linewidth=1.1, linestyle="--",
                  label=f"given {given}, the paper's number")  # fmt: skip
    axes.axhline(0, color=QUIET, linewidth=0.8)
    _title(axes, f"slope of {record['regime_dependent']} along {record['variable']}, 95% band")
    axes.plot(
        one_q(one),
        np.zeros(20),
        "|",
        color=QUIET,
        markersize=5,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )
    axes.legend(frameon=False, fontsize=SIZE, loc="best")
    axes.set_xlabel(f"{record['variable']} (ticks: every twentieth of the rows)", fontsize=SIZE, color=QUIET,
                    parse_math=False)  # fmt: skip


def one_q(one: SpecFit) -> Any:
    """(20,) Quantiles of the threshold variable."""
    return one.tree["effect"]["quantile"].to_numpy()


def _numbers(axes: Axes, one: SpecFit) -> None:
    numbers = one.tree["thresholds"]
    scale, chance = numbers["scale"].to_numpy(), numbers["probability_by_scale"].to_numpy()
    for k, averaged in enumerate(numbers["probability"].to_numpy()):
        colour = COLOURS[k]
        axes.plot(
            scale, chance[:, k], "o-", color=colour, markersize=3, linewidth=1.2, label=f"{k}: {averaged:.2f}"
        )
        axes.axhline(averaged, xmin=0.9, color=colour, linewidth=3)
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.28)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.legend(frameon=False, fontsize=SIZE, loc="upper left", ncols=len(COLOURS), handlelength=1.0,
                columnspacing=0.9, borderaxespad=0.1)  # fmt: skip
    axes.set_xlabel("prior scale of a change; bars and legend: averaged", fontsize=SIZE, color=QUIET)
    _title(axes, "probability of each number")


def _places(axes: Axes, one: SpecFit, record: dict[str, Any]) -> None:
    """Two thresholds as a cloud, any other number as histograms, Hansen's interval under them."""
    posterior, hansen = one.tree["posterior"], one.tree["hansen"]
    chance = one.tree["thresholds"]["probability"].to_numpy()
    count = record.get("given") or int(chance[1:].argmax()) + 1
    draws = [posterior[f"threshold{o}of{count}"].to_numpy().ravel() for o in range(1, count + 1)]
    name = record["variable"]
    if count == 2:
        values, weights = np.unique(np.column_stack(draws), axis=0, return_counts=True)
        size = 4 + 160 * weights / weights.sum()
        axes.scatter(values[:, 0], values[:, 1], s=size, color=BLUE, alpha=0.45, linewidth=0)
        at = [hansen["place"].sel(tested=2, order=o).item() for o in (1, 2)]
        axes.plot(*at, "x", color=ORANGE, markersize=7)
        axes.set_xlabel(f"first threshold in {name}", fontsize=SIZE, color=QUIET, parse_math=False)
        axes.set_ylabel(f"second threshold in {name}", fontsize=SIZE, color=QUIET, parse_math=False)
    else:
        low, high = min(d.min() for d in draws), max(d.max() for d in draws)
        edges = np.linspace(low, high + 1e-9 * (abs(high) + 1), 61)
        for o, d in enumerate(draws):
            axes.hist(d, edges.tolist(), weights=np.full(len(d), 1 / len(d)), color=COLOURS[o + 1], alpha=0.6)
            place = hansen["place"].sel(tested=count, order=o + 1).item()
            axes.axvline(place, color=INK, linewidth=0.9, linestyle=":")
        axes.set_xlabel(f"threshold in {name}", fontsize=SIZE, color=QUIET, parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    mark = "cross" if count == 2 else "dotted"
    _title(axes, f"place{'s' * (count > 1)}, given {count} ({mark}: Hansen)")


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=9, fontweight="bold", color=INK, pad=4, parse_math=False)
    axes.tick_params(labelsize=SIZE, color=QUIET, labelcolor=QUIET, length=3)
    axes.patch.set_alpha(0)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    for edge in ("right", "top"):
        axes.spines[edge].set_visible(False)
    for edge in ("left", "bottom"):
        axes.spines[edge].set_color(QUIET)
