"""The page in a real browser: nothing fetched, nothing logged, readable on a phone."""

from __future__ import annotations

import shutil

import pytest

from posterity.reports.html import page

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine; Debian's package is called chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield instance
        instance.close()


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (390, True), (390, False)])
def test_the_page_loads_alone_and_never_scrolls_sideways(browser, panel_fit, tmp_path, width, scripts):
    path = tmp_path / "report.html"
    path.write_text(page(panel_fit), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=scripts)
    tab = context.new_page()
    requests: list[str] = []
    problems: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: problems.append(message.text))
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto(path.as_uri())
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert problems == []
    if scripts:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert "SYNTHETIC" in tab.inner_text("body")
    context.close()
