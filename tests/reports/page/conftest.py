"""The pages of three studies, and a browser's tab in which one is open."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import posterity as po
from posterity.analyses.run.results import Evidence
from posterity.reports.drawing.figure_files import FORMS, forest_plots
from posterity.reports.page.page import page
from posterity.reports.page.sections import sections
from posterity.reports.rows import rows_of

STUDIES: dict[str, Evidence] = {"munnell-1990": "panel", "liu-li-2025": "tables", "bashlai-2026": "tables"}
LAPTOP = {"width": 1366, "height": 768}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each study's fit, rows and page, made when first asked for."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def get(name):
        if name not in made:
            fit = po.fit(po.load(name), evidence=STUDIES[name], draws=250)
            rows = rows_of(fit)
            path = folder / f"{name}.html"
            drawings = forest_plots(fit, rows, FORMS[:2])
            path.write_text(page(fit, rows, drawings, "", sections(fit, rows)), encoding="utf-8")
            made[name] = SimpleNamespace(fit=fit, rows=rows, address=path.as_uri())
        return made[name]

    return get


@pytest.fixture
def opened(browser):
    """Open a page; what it asked for and complained of must be nothing in the end."""
    contexts, requests, problems = [], [], []

    def get(address, viewport=LAPTOP, **settings):
        context = browser.new_context(viewport=viewport, **settings)
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto(address)
        return tab

    yield get
    for context in contexts:
        context.close()
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert problems == []
