"""Fits made by other processes: workers fit, this process stores, and `run` finds every fit in the store.

A worker fills a store of its own and sends the files; this process writes them where it would have written
its own. Of twins, which are mixed, it sends the fit without what the mixture does not read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...data.panel.panel import Panel
from ..view import SpecView
from .results import Job, Request, SpecFit
from .store import NotStoredError, write_whole
from .twin_mixture import slim, twin_job
from .workers import Each

Files = dict[str, bytes]
Make = Callable[[SpecView, Any, Request], Job]
Progress = Callable[[str, int, int], None]


def fetch(
    views: Sequence[SpecView],
    panel: Panel | Sequence[Panel] | None,
    request: Request,
    make: Make,
    each: Each,
    progress: Progress,
) -> None:
    """Put the fits that the store lacks into it.

    Parameters
    ----------
    make
        The job of one specification on one panel, or on none: a function of a module, as workers look it up.
    """
    assert request.posteriors is not None
    if isinstance(panel, Sequence):
        _fetch_twins(views, panel, request, request.posteriors, make, each, progress)
        return
    missing = [view for view in views if not _there(make(view, panel, replace(request, known_only=True)))]
    tasks = [(view, panel, replace(request, posteriors=None), make) for view in missing]
    for done, (number, files) in enumerate(each(fitted, tasks)):
        _write(files, request.posteriors)
        progress(missing[number].id, done + 1, len(missing))


def fitted(view: SpecView, panel: Panel | None, request: Request, make: Make) -> Files:
    """Fit a specification; the files of its store."""
    with TemporaryDirectory() as folder:
        make(view, panel, replace(request, posteriors=Path(folder)))()
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in Path(folder).rglob("*.nc")}


def fitted_twin(
    view: SpecView, panel: Panel, request: Request, make: Make, whole: bool
) -> tuple[SpecFit, Files]:
    """Fit a specification to one twin: what a mixture reads, and where `whole` the files of its store too."""
    with TemporaryDirectory() as folder:
        at = Path(folder)
        fit = make(view, panel, replace(request, posteriors=at if whole else None))()
        return slim(fit), {p.relative_to(at).as_posix(): p.read_bytes() for p in at.rglob("*.nc")}


def _fetch_twins(
    views: Sequence[SpecView],
    panels: Sequence[Panel],
    request: Request,
    folder: Path,
    make: Make,
    each: Each,
    progress: Progress,
) -> None:
    known = replace(request, known_only=True)
    missing = [view for view in views if not _there(twin_job(view, panels, known, make))]
    inner = replace(request, evidence="panel", posteriors=None, agreement=False, other_law=False)
    asked = [(view, number) for view in missing for number in range(len(panels))]
    tasks = [(view, panels[number], inner, make, number == 0) for view, number in asked]
    arrived: dict[str, dict[int, SpecFit]] = {}
    for done, (task, (fit, files)) in enumerate(each(fitted_twin, tasks)):
        view, number = asked[task]
        _write(files, folder / "twin-000")
        mine = arrived.setdefault(view.id, {})
        mine[number] = fit
        if len(mine) == len(panels):
            fits = [mine[n] for n in range(len(panels))]
            twin_job(view, panels, request, make, fits)()
            del arrived[view.id]
        progress(f"{view.id} on twin {number:03d}", done + 1, len(asked))


def _there(job: Job) -> bool:
    try:
        job()
    except NotStoredError:
        return False
    return True


def _write(files: Files, folder: Path) -> None:
    for name, content in files.items():
        write_whole(folder / name, partial(Path.write_bytes, data=content))
