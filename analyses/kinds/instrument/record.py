"""What a fitted instrument column says beyond its coefficient.

The strength of the instruments, the tests of the frequentist literature, and how the conclusion depends on
exact exclusion.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ....models.engine.importance import MAX_K_HAT
from ....models.frequentist.anderson_rubin import Region, anderson_rubin_region
from ....models.frequentist.iv import (
    InstrumentDesign,
    VCov,
    effective_f,
    first_stage_f,
    overidentification,
    plausibly_exogenous,
    two_stage,
)
from ....models.frequentist.weak_instruments import (
    RULE_OF_THUMB,
    conditional_f,
    cragg_donald,
    kleibergen_paap,
)
from ....models.mechanisms.instrument_draws import importance_draws
from ....models.priors import Prior, Priors
from ..draws import SUMMARY, changes_at, described

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

ALLOWED = np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 25)])
CURVE_DRAWS = 2000
MOST_CURVES = 6
ALL = "all"
REJECTED = 0.05


def frequentist(data: InstrumentDesign, vcov: VCov) -> DataTree:
    """Two-stage least squares, the strength of the instruments, Anderson-Rubin region, Sargan or Hansen J."""
    import xarray as xr
    from scipy import stats

    fit = two_stage(data, vcov)
    p = len(data.endogenous)
    reach = float(stats.t.ppf(0.975, fit.df))
    estimate, error = fit.coef[:p], fit.std_error[:p]
    values: dict[str, Any] = {
        "estimate": ("endogenous", estimate),
        "std_error": ("endogenous", error),
        "interval": (
            ("endogenous", "end"),
            np.column_stack([estimate - reach * error, estimate + reach * error]),
        ),
        "first_stage_f": ("endogenous", [first_stage_f(data, vcov, j) for j in range(p)]),
        "conditional_f": ("endogenous", [conditional_f(data, vcov, j) for j in range(p)]),
        "cragg_donald": cragg_donald(data),
        "kleibergen_paap": kleibergen_paap(data, vcov),
    }
    if p == 1:
        values["effective_f"], values["effective_f_critical"] = effective_f(data, vcov)
    region = anderson_rubin_region(data, vcov)
    if region is not None:
        values |= _laid_out(region)
    test = overidentification(data, vcov)
    if test is not None:
        values |= dict(
            zip(("overidentification", "overidentification_p", "overidentification_df"), test, strict=True)
        )
    name = "Sargan" if vcov == "iid" else "Hansen J"
    coords = {"endogenous": list(data.endogenous), "end": ["low", "high"]}
    return xr.DataTree(xr.Dataset(values, coords, {"overidentification": name}))


def _laid_out(region: Region) -> dict[str, Any]:
    """The pieces of all projections one below the other, and the number of the coefficient of each."""
    pieces = [piece for own in region.projections for piece in own]
    owners = [j for j, own in enumerate(region.projections) for _ in own]
    return {
        "anderson_rubin": (("piece", "end"), np.reshape(np.array(pieces, float), (-1, 2))),
        "anderson_rubin_of": ("piece", np.array(owners, int)),
        "anderson_rubin_p": region.p_all_zero,
    }


def sensitivity(data: InstrumentDesign, priors: Priors, vcov: VCov, seed: int) -> DataTree:
    """The coefficient under direct effects gamma_j ~ N(0, d^2), for a grid of d.

    First for all instruments together, then for each instrument alone. Not a number where k-hat is above
    0.7. `union` is the union of confidence intervals over all direct effects of size at most d. d is in
    standard deviations of the outcome for one standard deviation of the instrument.
    """
    import xarray as xr

    k = len(data.instruments)
    alone = {name: [i == j for i in range(k)] for j, name in enumerate(data.instruments)}
    allowed = {ALL: [True] * k, **(alone if 1 < k <= MOST_CURVES else {})}
    problems = [
        [Prior("normal", (0.0, float(d) if free else 0.0)) for free in which]
        for which in allowed.values()
        for d in ALLOWED
    ]
    drawn = importance_draws(data, priors, problems, CURVE_DRAWS, seed)
    beta = np.stack([one.beta[:, 0] for one in drawn])
    bands = np.stack([beta.mean(axis=1), *np.quantile(beta, [0.025, 0.975], axis=1)], axis=1)
    k_hat = np.array([one.attributes["k_hat"] for one in drawn])
    bands[~(k_hat <= MAX_K_HAT)] = np.nan
    shape = (len(allowed), len(ALLOWED))
    return xr.DataTree(
        xr.Dataset(
            {
                "coef": (("allowed", "sd", "summary"), bands.reshape(*shape, 3)),
                "k_hat": (("allowed", "sd"), k_hat.reshape(shape)),
                "union": (("sd", "end"), plausibly_exogenous(data, ALLOWED, vcov)),
            },
            {"allowed": list(allowed), "sd": ALLOWED, "summary": list(SUMMARY), "end": ["low", "high"]},
        )
    )


def mechanism(tree: DataTree, data: InstrumentDesign, exclusion: dict[str, Prior]) -> dict[str, Any]:
    """The same as a record for comparison.json and the report; null where there is no such number."""
    found, loose = tree["frequentist"].to_dataset(), tree["prior_on_exclusion"].to_dataset()
    posterior = tree["posterior"].to_dataset()
    at = {str(name): found[name] for name in found.data_vars}
    test = (
        None
        if "overidentification" not in at
        else {
            "test": found.attrs["overidentification"],
            "statistic": float(at["overidentification"]),
            "p": float(at["overidentification_p"]),
            "df": int(at["overidentification_df"]),
        }
    )
    known = "anderson_rubin" in at
    pieces = _projections(at["anderson_rubin"], at["anderson_rubin_of"], data.endogenous) if known else {}
    return {
        "kind": "instrument",
        "instruments": list(data.instruments),
        "endogenous": {
            name: {
                "posterior": described(posterior["coef"].sel(term=name)),
                "endogeneity": described(posterior["endogeneity"].sel(endogenous=name)),
                "two_stage": {
                    "estimate": float(at["estimate"].sel(endogenous=name)),
                    "std_error": float(at["std_error"].sel(endogenous=name)),
                    **dict(
                        zip(SUMMARY[1:], at["interval"].sel(endogenous=name).to_numpy().tolist(), strict=True)
                    ),
                },
                "first_stage_f": float(at["first_stage_f"].sel(endogenous=name)),
                "conditional_f": _number(at["conditional_f"].sel(endogenous=name)),
                "anderson_rubin": pieces.get(name),
                "prior_on_exclusion": described(loose["coef"].sel(endogenous=name)),
            }
            for name in data.endogenous
        },
        "effective_f": float(at["effective_f"]) if "effective_f" in at else None,
        "effective_f_critical": float(at["effective_f_critical"]) if "effective_f" in at else None,
        "cragg_donald": _number(at["cragg_donald"]),
        "kleibergen_paap": _number(at["kleibergen_paap"]),
        "anderson_rubin": pieces.get(data.endogenous[0]) if len(data.endogenous) == 1 else None,
        "anderson_rubin_p": _number(at["anderson_rubin_p"]) if known else None,
        "overidentification": test,
        "exclusion": {name: str(prior) for name, prior in exclusion.items()},
        "changes_at": _changes(tree),
        "other_law": None,
    }


def under_law(tree: DataTree, data: InstrumentDesign, law: str) -> dict[str, Any]:
    """The coefficient under another law of errors, as the `other_law` of the mechanism's record."""
    exact, loose = (tree[name].to_dataset() for name in ("posterior", "prior_on_exclusion"))
    k_hat = max(tree.attrs["k_hat"], tree["prior_on_exclusion"].attrs["k_hat"])
    return {
        "law": law,
        "why": None if k_hat <= MAX_K_HAT else f"k-hat {k_hat:.2f} is above {MAX_K_HAT:g}",
        "rho_error": described(exact["rho_error"]),
        "endogenous": {
            name: {
                "posterior": described(exact["coef"].sel(term=name)),
                "endogeneity": described(exact["endogeneity"].sel(endogenous=name)),
                "prior_on_exclusion": described(loose["coef"].sel(endogenous=name)),
            }
            for name in data.endogenous
        },
    }


def _number(value: DataArray) -> float | None:
    """Null where there is no such number."""
    return float(value) if math.isfinite(value) else None


def _projections(
    pieces: DataArray, owners: DataArray, names: tuple[str, ...]
) -> dict[str, list[list[float | None]]]:
    """The pieces of each coefficient's projection; null for an end that is not there."""
    of = owners.to_numpy()
    return {
        name: [
            [end if math.isfinite(end) else None for end in piece]
            for piece in pieces.to_numpy()[of == j].tolist()
        ]
        for j, name in enumerate(names)
    }


def _changes(tree: DataTree) -> dict[str, float | None] | None:
    """The size d of direct effects at which a conclusion changes.

    For direct effects of all instruments, of each instrument alone, and for the union of confidence
    intervals.
    """
    if "exclusion" not in tree.children:
        return None
    along = tree["exclusion"].to_dataset()
    sd = along["sd"].to_numpy()
    bands = {str(name): along["coef"].sel(allowed=name).to_numpy() for name in along["allowed"].to_numpy()}
    union = along["union"].to_numpy()
    bands["union"] = np.column_stack([union.mean(axis=1), union])
    return {name: changes_at(sd, band) for name, band in bands.items()}


def assumption_flags(found: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Flags of the endogenous regressors: what depends on exact exclusion, and weak instruments."""
    return {name: tuple(_flags(found, part)) for name, part in found["endogenous"].items()}


def _flags(found: dict[str, Any], part: dict[str, Any]) -> list[str]:
    own = part["posterior"]
    holds = own["q2.5"] <= 0 <= own["q97.5"]
    where = "" if found["changes_at"] is None else _where(found["changes_at"][ALL], holds)
    priors = sorted(set(found["exclusion"].values()))
    flags = [
        f"judged under direct effects ~ {', '.join(priors)}; with exact exclusion {own['mean']:.3g} "
        f"[{own['q2.5']:.3g}, {own['q97.5']:.3g}]{where}",
    ]
    if found["effective_f"] is not None and found["effective_f"] < found["effective_f_critical"]:
        flags.append(
            f"weak instruments: effective F {found['effective_f']:.1f} is below "
            f"{found['effective_f_critical']:.1f}"
        )
    flags += _weak_together(part) if len(found["endogenous"]) > 1 else []
    pieces = part["anderson_rubin"]
    if pieces is not None and (len(pieces) != 1 or None in pieces[0]):
        flags.append(f"Anderson-Rubin interval is {'unbounded' if pieces else 'empty'}")
    elif pieces is not None and (pieces[0][0] <= 0 <= pieces[0][1]) != holds:
        flags.append(f"Anderson-Rubin interval {'excludes' if holds else 'contains'} 0")
    test = found["overidentification"]
    if test is not None and test["p"] < REJECTED:
        flags.append(f"instruments disagree: {test['test']} p = {test['p']:.3f}")
    return flags


def _weak_together(part: dict[str, Any]) -> list[str]:
    """A flag where little is left of the instruments for one regressor once they explain the others."""
    conditional, alone = part["conditional_f"], part["first_stage_f"]
    if conditional is None or conditional >= RULE_OF_THUMB:
        return []
    though = f", though the first-stage F is {alone:.1f}" if alone >= RULE_OF_THUMB else ""
    return [
        f"weak instruments: F given the other endogenous regressors {conditional:.1f} is below "
        f"{RULE_OF_THUMB:g}{though}"
    ]


def _where(change: float | None, holds: bool) -> str:
    if change is None:
        return f", which {'contains' if holds else 'excludes'} 0 up to direct effects of sd 1"
    return (
        f", which {'excludes' if holds else 'contains'} 0 once the instruments' direct effects have sd "
        f"{change:.2g} (sd of outcome per sd of instrument)"
    )
