"""Another prior for one coefficient: the draws that the page carries, and the sums that its script does.

The posterior under another prior of one slope is the posterior as drawn, weighted by the ratio of the two
prior densities of that slope. This is exact wherever that slope's prior is independent of all others, as it
is in every model here; nothing but this one prior moves. Weights are Pareto-smoothed (`models.engine.psis`),
those of each twin on their own, so that twins keep equal shares; where the largest k-hat or the effective
sample size says that they cannot be trusted, nothing is shown. `moved` is the same sum in Python.

Where the clusters of the rows widened the interval that a verdict looks at, they widen it under every prior:
mean ± t × factor × standard deviation, with the factor and the quantile of t that the record has.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ...analyses.judge.diagnostics import LIMITS, whole_draws
from ...analyses.judge.interval import judged_fit
from ...analyses.judge.summaries import draws_of, effective_draws
from ...analyses.judge.verdict import rule, verdict
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ...analyses.run.store import seed_of
from ...models.engine.psis import psis
from ...models.families import Prior
from ..kinds import kind_of
from ..rows import FORMULA_STARTS, STOPPED, Row, focal, shorten

Array = NDArray[np.float64]

DRAWS, OF_TWINS, FEWEST, BYTES = 2_000, 4_000, 500, 2_000_000
SCALES = [float(f"{10 ** (k / 20):.2g}") for k in range(-40, 21)]
SHIFTS = [k / 20 for k in range(-40, 41)]
LEVELS = 65_535
LONGEST = 60


@dataclass(frozen=True, eq=False)
class Dial:
    """One coefficient whose prior can be moved.

    Attributes
    ----------
    codes, frame : draws of the standardised slope as the page carries them, see `encoded`
    units : for each block of draws, which are in ascending order, what one standardised slope is on the
        paper's scale
    ess : effective size of the sample that the draws stand for
    withheld : a verdict that no prior changes, or nothing
    widened : half the judged interval in standard deviations of the posterior, as the factor of its clusters
        times the quantile of t; None where the interval is the posterior's own
    """

    row: Row
    prior: Prior
    codes: bytes
    frame: tuple[float, float, float]
    units: tuple[float, ...]
    ess: float
    withheld: str
    widened: tuple[float, float] | None = None

    @property
    def draws(self) -> Array:
        """(blocks, m), a block for each twin, as the page's script reads them."""
        centre, width, reach = self.frame
        steps = (np.frombuffer(self.codes, "<u2") / LEVELS * 2 - 1) * reach
        return (centre + width * np.sinh(steps)).reshape(len(self.units), -1)


@dataclass(frozen=True)
class Moved:
    """A coefficient under another prior, on the paper's scale; its interval is the judged one.

    k-hat is -inf where the weights are all alike, and so have no tail.
    """

    mean: float
    low: float
    high: float
    prob_positive: float
    ess: float
    k_hat: float
    verdict: str

    @property
    def reliable(self) -> bool:
        return whole_draws(self.ess) >= LIMITS.ess and self.k_hat <= LIMITS.k_hat


def at(prior: Prior, shift: float, factor: float) -> Prior:
    """The same family with its centre moved by `shift` and its scale multiplied by `factor`."""
    *shape, centre, scale = prior.arguments
    return Prior(prior.family, (*shape, centre + shift, scale * factor))


def log_density(prior: Prior, slope: Array) -> Array:
    """Log-density of a standardised slope, up to a constant, as the page's script computes it."""
    *_, centre, scale = prior.arguments
    assert prior.kernel is not None, prior
    return prior.kernel.log_density((slope - centre) / scale)


def moved(dial: Dial, prior: Prior) -> Moved:
    """The coefficient of a dial under another prior of its standardised slope."""
    z = dial.draws
    ratio = log_density(prior, z) - log_density(dial.prior, z)
    log_weights, k_hat = psis(ratio)
    values = (z * np.array(dial.units)[:, None]).ravel()
    order = np.argsort(values, kind="stable")
    weight, value = np.exp(log_weights.ravel())[order] / len(z), values[order]
    mean = float(weight @ value)
    if dial.widened is None:
        low, high = np.interp([0.025, 0.975], np.cumsum(weight) - weight / 2, value)
    else:
        half = np.prod(dial.widened) * np.sqrt(weight @ (value - mean) ** 2)
        low, high = mean - half, mean + half
    return Moved(
        mean,
        float(low),
        float(high),
        float(weight[value > 0].sum()),
        float(dial.ess / (weight.size * (weight**2).sum())),
        float(np.where(np.isnan(k_hat), -np.inf, k_hat).max()),
        dial.withheld or verdict(dial.row.claim, low, high),
    )


def dials(fit: Fit, rows: list[Row]) -> tuple[list[Dial], dict[str, str]]:
    """A dial for each coefficient that allows one, and why the others have none, by id.

    A page holds at most `BYTES` of draws; where there are many coefficients each has fewer, and where these
    would be too few, those of the focal term come first.
    """
    term = focal(rows)
    closed = {r.id: why for r in rows if not r.constant and (why := _closed(fit, r))}
    able = [r for r in rows if not r.constant and r.id not in closed]
    most = int(BYTES / (FEWEST * 8 / 3))
    kept = {r.id for r in sorted(able, key=lambda r: r.term != term)[:most]}
    closed |= {r.id: "left out to keep this page small" for r in able if r.id not in kept}
    size = min(OF_TWINS if fit.evidence == "twin" else DRAWS, int(BYTES / (max(1, len(kept)) * 8 / 3)))
    return [_dial(fit, r, size) for r in able if r.id in kept], closed


def _part(fit: Fit, row: Row) -> SpecFit:
    return judged_fit(fit.specs[row.spec_id], row.term)


def _closed(fit: Fit, row: Row) -> str:
    """Why a coefficient's prior cannot be moved, or nothing."""
    one = _part(fit, row)
    if row.verdict == STOPPED:
        return "diagnostics withhold its posterior"
    if one.units.get(row.term) is None and fit.evidence == "tables":
        return "its prior is flat: the paper prints no standard deviations that would scale one"
    if fit.evidence != "tables":
        own = set(one.design.terms) if one.design else set()
        single = kind_of(one).has_slope_prior(row.term)
        if row.term not in own or not single or one.units.get(row.term) is None:
            return "it has a flat prior, or is made of several coefficients"
    if one.priors["slope"].kernel is None:
        return f"its prior, {one.priors['slope']}, is of a family that this page cannot move"
    return ""


def _dial(fit: Fit, row: Row, size: int) -> Dial:
    one = _part(fit, row)
    drawn = draws_of(one, row.term)
    values = drawn.ravel()
    owner = owners(fit, one, values.size)
    units = units_of(one, row.term)
    points = max(1, min(size, values.size) // len(units))
    levels = (np.arange(points) + 0.5) / points
    draws = np.stack([np.quantile(values[owner == b], levels) / unit for b, unit in enumerate(units)])
    ends = row.record["judged"]
    own = verdict(row.claim, ends["q2.5"], ends["q97.5"])
    withheld = "" if row.verdict == own else row.verdict  # not reproduced, or it rests on the law of errors
    return Dial(
        row, one.priors["slope"], *encoded(draws), units, effective_draws(one, drawn), withheld, _widened(row)
    )


def _widened(row: Row) -> tuple[float, float] | None:
    """The factor that widened the judged interval, and the quantile of t; None where nothing widened it."""
    judged = row.record["judged"]
    return (judged["factor"], float(stats.t.ppf(0.975, judged["df"]))) if row.widened else None


def owners(fit: Fit, one: SpecFit, size: int) -> NDArray[np.int64]:
    """(size,) The twin of each draw of a mixture, as `analyses.run.twin_mixture` dealt them; else zeros."""
    if "twins" not in one.tree:
        return np.zeros(size, int)
    rng = np.random.default_rng(seed_of(fit.sampler.seed, f"{one.id} twins"))
    return rng.permutation(np.resize(np.arange(one.tree["twins"].sizes["twin"]), size))


def units_of(one: SpecFit, term: str) -> tuple[float, ...]:
    """The unit of the slope in each twin of a mixture, else in the one panel or table."""
    if "twins" in one.tree:
        return tuple(one.tree["twins"]["unit"].sel(term=term).to_numpy().tolist())
    return (one.units[term] or 1.0,)


def encoded(draws: Array) -> tuple[bytes, tuple[float, float, float]]:
    """Two bytes for each draw, finer in the middle than in the tails, and three numbers that decode them."""
    low, centre, high = np.quantile(draws, [0.16, 0.5, 0.84])
    width = (high - low) / 2 or 1.0
    steps = np.arcsinh((draws - centre) / width)
    reach = float(np.abs(steps).max()) or 1.0
    codes = np.round((steps / reach + 1) / 2 * LEVELS).astype("<u2")
    return codes.tobytes(), (float(centre), float(width), reach)


def embedded(fit: Fit, made: list[Dial]) -> str:
    """What the page's script reads, as JSON in which no text can end its HTML element."""
    items = []
    for dial in made:
        items.append(
            {
                "id": dial.row.id,
                "spec": dial.row.spec_id,
                "table": f"Table {dial.row.table}",
                "label": shorten(f"{dial.row.spec_id} {dial.row.term} on {dial.row.outcome}", LONGEST),
                "prior": [dial.prior.family, *dial.prior.arguments],
                "kernel": dial.prior.kernel,
                "reach": (
                    float(dial.prior.frozen().ppf(0.975) - dial.prior.arguments[-2])
                    / dial.prior.arguments[-1]
                ),
                "units": dial.units,
                "published": dial.row.record["published"]["estimate"],
                "claim": dial.row.claim.name,
                "used": _as_used(dial.row),
                "decimals": dial.row.decimals,
                "ess": round(dial.ess, 1),
                "withheld": dial.withheld,
                "frame": dial.frame,
                "draws": base64.b64encode(dial.codes).decode(),
            }
            | ({"widened": dial.widened} if dial.widened else {})
        )
    body: dict[str, Any] = {
        "study": fit.study.name,
        "formulas": FORMULA_STARTS,
        "first": _closest_call(made),
        "limits": LIMITS.record(),
        "levels": LEVELS,
        "rule": rule(),
        "scales": SCALES,
        "shifts": SHIFTS,
        "items": items,
    }
    text = json.dumps(body, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _as_used(row: Row) -> dict[str, Any]:
    """What the tables say of a coefficient; the draws that a page carries are fewer and coarser."""
    part = row.record[row.judged]
    ends = row.record["judged"] if row.widened else part
    return {
        "mean": part["mean"],
        "low": ends["q2.5"],
        "high": ends["q97.5"],
        "positive": part["prob_positive"],
        "verdict": row.verdict,
    }


def _closest_call(made: list[Dial]) -> str | None:
    """The coefficient to show first: that of the focal term whose interval has an end nearest 0."""
    term = focal([dial.row for dial in made])
    mine = [dial for dial in made if term in (None, dial.row.term)]

    def margin(dial: Dial) -> float:
        found = moved(dial, dial.prior)
        return min(abs(found.low), abs(found.high)) / (found.high - found.low)

    return min(mine, key=margin).row.id if mine else None
