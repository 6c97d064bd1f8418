"""Plots for notebooks: ArviZ's own with the published numbers in them, each as ArviZ's `PlotCollection`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...analyses.judge.interval import judged_fit
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ...data.errors import InputError, did_you_mean
from ..beside import beside
from ..rows import Row, evidence_label, focal, rows_of, shorten

if TYPE_CHECKING:
    from arviz_plots import PlotCollection
    from xarray import DataArray, Dataset

LEVEL = (0.5, 0.95)
BELOW = 0.24
PUBLISHED = "black"
THIN = 0.9


def plot_forest(fit: Fit, term: str | None = None, **kwargs: Any) -> PlotCollection:
    """One term across the columns: posteriors with 50% and 95% intervals, the published numbers below them.

    Parameters
    ----------
    term
        A regressor of the study; where omitted, the one that stands in most columns.
    **kwargs
        For `arviz.plot_forest`, such as `backend="bokeh"`.

    Returns
    -------
    The `PlotCollection` of `arviz.plot_forest`: `arviz.add_lines` and `arviz.add_bands` go on from there. The
    published estimates and intervals are its visuals `published` and `published_interval`. Where a verdict
    looks at a wider interval than the posterior's own, that is the visual `judged_interval`, a thin line.

    Raises
    ------
    InputError
        If no column that was fitted has the term.

    Examples
    --------
    >>> import posterity as po
    >>> fit = po.fit(po.load("munnell-1990"), evidence="tables", only="T1.2")
    >>> plot = po.plot_forest(fit, "log_pcap")
    >>> plot.savefig("forest.svg")
    """
    import arviz as az
    import xarray as xr
    from arviz_plots.visuals import line_x, scatter_x

    rows = [row for row in rows_of(fit) if not row.constant]
    terms = list(dict.fromkeys(row.term for row in rows))
    if term is None:
        term = focal(rows) or max(terms, key=[row.term for row in rows].count)
    mine = [row for row in rows if row.term == term]
    if not mine:
        raise InputError(
            f"no fitted column of {fit.study.name} has the term {term!r}.{did_you_mean(term, terms)}"
        )
    draws, published, judged = {}, {}, {}
    for row in mine:
        one = fit.specs[row.spec_id]
        draws[row.spec_id] = _coefficient(one, term)
        published[row.spec_id] = _published(row)
        name = f"{row.spec_id} {beside(row)}".strip()
        draws[name] = _coefficient(judged_fit(one, term), term)
        span = row.judged_span
        if row.widened and span and span.ends:
            judged[name] = span.ends
    index = xr.DataArray(list(draws), dims="specification", name="specification")
    posterior = xr.concat(
        list(draws.values()), dim=index, coords="minimal", compat="override", join="override"
    )
    tree = xr.DataTree.from_dict({"posterior": posterior.to_dataset(name="coef")})
    pc = az.plot_forest(
        tree,
        **{
            "combined": True,
            "labels": ["specification"],
            "ci_probs": LEVEL,
            "ci_kind": "eti",
            **_layout(kwargs),
            **kwargs,
        },
    )
    lines, y = _ends(published), pc.get_aes_as_dataset("y")
    shared = {"coords": {"column": "forest"}, "ignore_aes": {"y"}}
    below = {**shared, "y": y - BELOW, "color": PUBLISHED}
    pc.map(line_x, "published_interval", data=lines.sel(end=[0, 2]), **below)
    pc.map(scatter_x, "published", data=lines.sel(end=1), marker="D", **below)
    if judged:
        pc.map(line_x, "judged_interval", data=_ends(judged), y=y, width=THIN, **shared)
    pc.coords = {"column": "forest"}
    az.add_lines(pc, 0, visuals={"ref_line": {"color": "grey"}})
    pc.coords = None
    return _titled(pc, fit, f"{term}: posterior, and published in black")


def plot_posterior(fit: Fit, spec: str, **kwargs: Any) -> PlotCollection:
    """The posterior of each coefficient of a column; the published estimate is a line, its interval a band.

    Parameters
    ----------
    spec
        Id of a column, such as `T4.2`.
    **kwargs
        For `arviz.plot_dist`, such as `kind="ecdf"`.

    Returns
    -------
    The `PlotCollection` of `arviz.plot_dist`.

    Raises
    ------
    InputError
        If the column was not fitted.

    Examples
    --------
    >>> import posterity as po
    >>> fit = po.fit(po.load("munnell-1990"), evidence="tables", only="T1.2")
    >>> plot = po.plot_posterior(fit, "T1.2")
    >>> plot.savefig("posterior.svg")
    """
    import arviz as az

    one, rows = _column(fit, spec)
    terms = [row.term for row in rows]
    pc = az.plot_dist(
        one.tree,
        **{
            "var_names": ["coef"],
            "coords": {"term": terms},
            "ci_kind": "eti",
            "ci_prob": 0.95,
            "labeller": _labeller(),
            **_layout(kwargs),
            **kwargs,
        },
    )
    _add_published(pc, rows)
    return _titled(pc, fit, f"{spec}: posterior, and published in black")


def plot_prior_posterior(fit: Fit, spec: str, **kwargs: Any) -> PlotCollection:
    """Prior and posterior of each coefficient on the paper's scale; the published estimate is a line.

    Coefficients whose prior is flat, because the tables print no standard deviations, are left out.

    Parameters
    ----------
    spec
        Id of a column, such as `T4.2`.
    **kwargs
        For `arviz.plot_prior_posterior`, such as `kind="ecdf"`.

    Returns
    -------
    The `PlotCollection` of `arviz.plot_prior_posterior`.

    Raises
    ------
    InputError
        If the column was not fitted, or all of its priors are flat.

    Examples
    --------
    >>> import posterity as po
    >>> fit = po.fit(po.load("munnell-1990"), only="T1.2", draws=500)
    >>> plot = po.plot_prior_posterior(fit, "T1.2")
    >>> plot.savefig("priors.svg")
    """
    import arviz as az
    import xarray as xr

    one, rows = _column(fit, spec)
    rows = [row for row in rows if one.units.get(row.term)]
    if not rows:
        raise InputError(
            f"every prior of {spec} is flat: its table prints no standard deviations to scale it."
        )
    posterior = one.tree["posterior"]["coef"].sel(term=[row.term for row in rows])
    sizes = posterior.sizes
    at = (np.arange(sizes["chain"] * sizes["draw"]) + 0.5) / (sizes["chain"] * sizes["draw"])
    quantiles = one.priors["slope"].frozen().ppf(at).reshape(sizes["chain"], sizes["draw"], 1)
    prior = quantiles * np.array([one.units[row.term] for row in rows], float)
    groups = {
        "prior": xr.DataArray(prior, dims=("chain", "draw", "term"), coords={"term": posterior["term"]}),
        "posterior": posterior.transpose("chain", "draw", "term"),
    }
    tree = xr.DataTree.from_dict({name: draws.to_dataset(name="coef") for name, draws in groups.items()})
    pc = az.plot_prior_posterior(tree, **{"labeller": _labeller(), **_layout(kwargs), **kwargs})
    _add_published(pc, rows, band=False)
    return _titled(pc, fit, f"{spec}: prior and posterior, and published in black")


def _ends(by_row: Mapping[str, Sequence[float]]) -> Dataset:
    """Numbers of rows of a forest plot, by specification."""
    import xarray as xr

    values, rows = list(by_row.values()), list(by_row)
    array = xr.DataArray(values, dims=("specification", "end"), coords={"specification": rows}, name="coef")
    return array.to_dataset()


def _layout(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Settings that leave room for titles in the one backend that needs them."""
    import arviz as az

    backend = kwargs.get("backend") or az.rcParams["plot.backend"]
    return {"figure_kwargs": {"layout": "constrained"}} if backend == "matplotlib" else {}


def _labeller() -> Any:
    """Short names of terms as titles, none of them read as mathematics."""
    import arviz as az

    class Short(az.labels.NoVarLabeller):
        def dim_coord_to_str(self, dim: str, coord_val: object, coord_idx: object) -> str:
            return shorten(str(coord_val), 24).replace("$", r"\$")

    return Short()


def _column(fit: Fit, spec: str) -> tuple[SpecFit, list[Row]]:
    if spec not in fit.specs:
        raise InputError(f"{spec!r} was not fitted.{did_you_mean(spec, fit.specs)}")
    return fit.specs[spec], [row for row in rows_of(fit) if row.spec_id == spec and not row.constant]


def _coefficient(one: SpecFit, term: str) -> DataArray:
    return one.tree["posterior"]["coef"].sel(term=term, drop=True).transpose("chain", "draw")


def _published(row: Row) -> tuple[float, float, float]:
    """Lower end, estimate and upper end; the estimate thrice where nothing gives an interval."""
    span = row.span("published")
    assert span is not None
    low, high = span.ends or (span.mean, span.mean)
    return low, span.mean, high


def _add_published(pc: PlotCollection, rows: list[Row], band: bool = True) -> None:
    import arviz as az

    numbers = np.array([_published(row) for row in rows])
    terms = [row.term for row in rows]
    if band:
        az.add_bands(pc, _references(terms, numbers[:, None, [0, 2]], ("ref_dim", "band_dim")),
                     visuals={"ref_band": {"color": PUBLISHED, "alpha": 0.15}})  # fmt: skip
    az.add_lines(
        pc, _references(terms, numbers[:, [1]], ("ref_dim",)), visuals={"ref_line": {"color": PUBLISHED}}
    )


def _references(terms: list[str], values: Any, dims: tuple[str, ...]) -> Dataset:
    import xarray as xr

    return xr.DataArray(values, dims=("term", *dims), coords={"term": terms}, name="coef").to_dataset()


def _titled(pc: PlotCollection, fit: Fit, what: str) -> PlotCollection:
    title = shorten(f"{fit.study.name}, {what}", 90).replace("$", r"\$")
    pc.add_title(f"{title}\n{evidence_label(fit)}", size=10)
    return pc
