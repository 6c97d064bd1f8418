"""Every specification on every twin, and the mixture of their posteriors.

The posterior given one twin says how uncertain a coefficient is given such a panel. All twins print the same
tables, so that the differences between their posterior means show what the tables do not identify. The
mixture over twins contains both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...data.panel.panel import Panel
from ...models.engine.sampling import Sampler
from ..kinds import kind_of
from ..kinds.over_twins import kept, over_twins
from ..view import SpecView
from .key import Key
from .results import Job, Request, SpecFit
from .store import read_or_fit, seed_of

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

Array = NDArray[np.float64]
KEPT = {"chain", "draw", "term", "varying", "group"}
PanelJob = Callable[[SpecView, Panel, Request], Job]


@dataclass(frozen=True)
class Ensemble:
    """One coefficient over n twins.

    Attributes
    ----------
    mean, sd, low, high : (n,) of each twin's posterior; low and high end its 95% interval
    reproduced : (n,) the frequentist estimate on each twin
    """

    mean: Array
    sd: Array
    low: Array
    high: Array
    reproduced: Array

    @property
    def between(self) -> float:
        """Standard deviation of the means over twins: what the tables do not identify."""
        return float(self.mean.std(ddof=1)) if len(self.mean) > 1 else 0.0

    @property
    def within(self) -> float:
        """Root mean square of the posterior standard deviations: the uncertainty given any one such panel."""
        return float(np.sqrt((self.sd**2).mean()))

    @property
    def share_between(self) -> float:
        """Share of the mixture's variance that lies between twins."""
        return self.between**2 / (self.between**2 + self.within**2)


def of_term(one: SpecFit, term: str) -> Ensemble | None:
    """The ensemble of a coefficient of a fit to twins; None for any other fit."""
    if "twins" not in one.tree:
        return None
    at = one.tree["twins"].to_dataset().sel(term=term)
    return Ensemble(*(at[name].to_numpy() for name in ("mean", "sd", "low", "high", "reproduced")))


def twin_job(
    view: SpecView,
    panels: Sequence[Panel],
    request: Request,
    panel_job: PanelJob,
    made: Sequence[SpecFit] = (),
) -> Job:
    """Fit a specification to every twin and mix the posteriors with equal weights.

    Where the fits are `made` already, they are only mixed.
    """
    inner = replace(request, evidence="panel", posteriors=None, agreement=False, other_law=False)
    # the first twin's fit is kept whole: on going on, it is what says how the column was read
    whole = replace(inner, posteriors=request.posteriors / "twin-000" if request.posteriors else None)
    first_job = panel_job(view, panels[0], whole)
    key = Key(
        kind=f"{view.kind} over twins",
        data=tuple(panel.sha256 for panel in panels),
        form=request.form or view.form,
        errors=view.errors,
        priors=view.priors(request.priors),
        sampler=request.sampler,
        engine=request.engine,
        extra={"spec": view.spec.model_dump(mode="json"), "groups": view.file.groups},
    )
    fits = [*made]

    def each() -> list[SpecFit]:
        if not fits:
            fits.extend([first_job(), *(panel_job(view, panel, inner)() for panel in panels[1:])])
        return fits

    def job() -> SpecFit:
        sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, f"{view.id} twins"))
        tree, seconds, resumed = read_or_fit(view.id, key, request, lambda: mixed(each(), sampler))
        first = fits[0] if fits else first_job()

        def beside(name: str, part: Callable[[SpecFit], SpecFit | None]) -> SpecFit | None:
            own = part(first)
            if own is None:
                return None
            made, more, _ = read_or_fit(
                f"{view.id}-{name}", key, request, lambda: mixed(_alike(map(part, each()), own), sampler)
            )
            return replace(own, tree=made, seconds=more, widening={})

        over = over_twins(tree, kind_of(view.kind).flags_over_twins)
        return replace(
            first, tree=tree, seconds=seconds, resumed=resumed, widening={}, **over,
            with_effects=beside("with-effects", lambda fit: fit.with_effects),
            under_prior=beside("under-prior", lambda fit: fit.under_prior),
        )  # fmt: skip

    return job


def _alike(fits: Iterable[SpecFit | None], own: SpecFit) -> list[SpecFit]:
    """The fits with the regressors of this one; effects may absorb another regressor in another twin."""
    terms = own.tree["posterior"]["term"].to_numpy().tolist()
    return [fit for fit in fits if fit and fit.tree["posterior"]["term"].to_numpy().tolist() == terms]


def slim(fit: SpecFit) -> SpecFit:
    """A fit without what a mixture over twins does not read."""
    posterior = fit.tree["posterior"].to_dataset()
    names = [name for name, v in posterior.data_vars.items() if set(map(str, v.dims)) <= KEPT]
    tree = fit.tree.filter(lambda node: node.path in ("/", "/sample_stats")).copy()
    tree["posterior"] = type(tree)(posterior[names].drop_dims(set(posterior.dims) - KEPT, errors="ignore"))
    beside, under = (slim(part) if part else None for part in (fit.with_effects, fit.under_prior))
    return replace(fit, tree=tree, design=None, with_effects=beside, under_prior=under)


def mixed(fits: Sequence[SpecFit], sampler: Sampler) -> DataTree:
    """One tree for all twins: draws mixed evenly in every chain, and in group `twins` each twin's summary."""
    import xarray as xr

    rng = np.random.default_rng(sampler.seed)
    size = sampler.chains * sampler.draws
    owner = rng.permutation(np.resize(np.arange(len(fits)), size))
    place = {name: _of_draws(fits, name, owner, rng) for name in _shared(fits)}
    posterior = xr.Dataset(
        {
            name: (("chain", "draw", *dims), values.reshape(sampler.chains, sampler.draws, *values.shape[1:]))
            for name, (dims, values) in place.items()
        },
        coords={
            "chain": range(sampler.chains),
            "draw": range(sampler.draws),
            **{
                d: fits[0].tree["posterior"][d]
                for d in ("term", "varying", "group")
                if d in fits[0].tree["posterior"].dims
            },
        },
    )
    tree = xr.DataTree.from_dict({"posterior": posterior, "twins": _summaries(fits)})
    mechanisms = kept(fits)
    if mechanisms is not None:
        tree["mechanisms"] = xr.DataTree(mechanisms)
    attrs = [fit.tree.attrs for fit in fits]
    methods = {a.get("method") for a in attrs}
    tree.attrs = {"engine": fits[0].engine, "twins": len(fits), "draws_from": "mixture over SYNTHETIC twins"}
    if methods == {"enumeration"}:
        tree.attrs["method"] = "enumeration"
    if all("k_hat" in a for a in attrs):
        tree.attrs["k_hat"] = max(a["k_hat"] for a in attrs)
    tree.attrs["divergences"] = sum(_divergences(fit.tree) for fit in fits)
    return tree


def _shared(fits: Sequence[SpecFit]) -> list[str]:
    """Variables of every twin whose dimensions no single twin owns."""
    posteriors = [fit.tree["posterior"] for fit in fits]
    names = [str(name) for name, v in posteriors[0].data_vars.items() if set(map(str, v.dims)) <= KEPT]
    return [
        n for n in names if all(n in p and p[n].shape[2:] == posteriors[0][n].shape[2:] for p in posteriors)
    ]


def _of_draws(
    fits: Sequence[SpecFit], name: str, owner: NDArray[np.int64], rng: np.random.Generator
) -> tuple[list[str], Array]:
    first = fits[0].tree["posterior"][name]
    dims = [str(d) for d in first.dims if d not in ("chain", "draw")]
    values = np.empty((len(owner), *(first.sizes[d] for d in dims)))
    for number, fit in enumerate(fits):
        mine = np.flatnonzero(owner == number)
        own = fit.tree["posterior"][name].transpose("chain", "draw", *dims).to_numpy()
        own = own.reshape(-1, *own.shape[2:])
        # twins share their random numbers, so each gives other draws than the rest
        values[mine] = own[(np.arange(len(mine)) * len(fits) + number) % len(own)]
    return dims, values


def _summaries(fits: Sequence[SpecFit]) -> Dataset:
    import xarray as xr

    columns: dict[str, list[Any]] = {name: [] for name in ("mean", "sd", "low", "high", "reproduced", "unit")}
    posterior = fits[0].tree["posterior"]
    terms = [*map(str, posterior["term"].to_numpy()), *(["_cons"] if "constant" in posterior else [])]
    for fit in fits:
        found = fit.tree["posterior"]
        draws = [found["coef"].sel(term=t) if t != "_cons" else found["constant"] for t in terms]
        values = np.stack([d.to_numpy().ravel() for d in draws])
        columns["mean"].append(values.mean(axis=1))
        columns["sd"].append(values.std(axis=1, ddof=1))
        low, high = np.quantile(values, [0.025, 0.975], axis=1)
        columns["low"].append(low)
        columns["high"].append(high)
        at = [fit.least_squares.at(t) if fit.least_squares else None for t in terms]
        columns["reproduced"].append([found[0] if found else np.nan for found in at])
        columns["unit"].append([fit.units.get(t) or np.nan for t in terms])
    return xr.Dataset(
        {name: (("twin", "term"), np.array(values, float)) for name, values in columns.items()},
        coords={"twin": range(len(fits)), "term": terms},
    )


def _divergences(tree: DataTree) -> int:
    return int(tree["sample_stats"]["diverging"].sum()) if "sample_stats" in tree else 0
