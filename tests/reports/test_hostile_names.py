"""Names that would run, break or turn round a page: nothing executes, and every name is there to read."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.reports.drawing.figures import drawn, forest
from posterity.reports.rows import rows_of

END = "</script><script>window.hacked=1</script>"
IMAGE = "\"><img src=x onerror='window.hacked=1'>"
RIGHT = "\u202eمتغير \u05e0\u05ea\u05d5\u05df"
CHINESE = "新质生产力"
MATH = r"$\alpha_{ \\ % # ~ ^ & }$"
LONG = "x" * 200
FORMULA = '=HYPERLINK("http://example.org")'
WIDE = "＝1＋1 \u0f40"  # Tibetan, which none of the fonts here has
JINJA = "{{ 7 * 7 }}{% raw %}"
TERMS = (END, IMAGE, RIGHT, CHINESE, MATH, LONG, FORMULA, WIDE, JINJA)
OUTCOME = "共同富裕 <svg onload=window.hacked=1>"
HEADER = "table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note\n"


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def toml(text):
    return json.dumps(text, ensure_ascii=True)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    formula = f"`{OUTCOME}` ~ {' + '.join(f'`{term}`' for term in TERMS)}"
    header = {"name": "names", "title": f"{END} {RIGHT} {CHINESE} {MATH}", "authors": IMAGE, "source": JINJA,
              "summary": f"{END} {LONG}", "entity": "省份", "time": "year", "published": "published.csv",
              "descriptives": "T0"}  # fmt: skip
    lines = ["[study]", *(f"{key} = {toml(value)}" for key, value in header.items()), "[variables]"]
    lines += [f"{toml(term)} = {toml(IMAGE + RIGHT)}" for term in TERMS]
    lines += [
        '[spec."T1.1"]',
        f"label = {toml(END + LONG)}",
        f"note = {toml(IMAGE)}",
        f"formula = {toml(formula)}",
    ]
    (folder / "study.toml").write_text("\n".join(lines), encoding="utf-8")
    printed = [f"T0,sd,{quoted(name)},1.0,,,,,,,,,," for name in (*TERMS, OUTCOME)]
    printed += [
        f"T1,1,{quoted(term)},0.{k + 1}00,0.05,,***,,,,96,0.9,{quoted(OUTCOME)},{quoted(END)}"
        for k, term in enumerate(TERMS)
    ]
    (folder / "published.csv").write_text(HEADER + "\n".join(printed) + "\n", encoding="utf-8")
    return po.load(folder)


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(3)
    entities = [f"{END}{k}" for k in range(6)] + [f"省{k} {RIGHT}" for k in range(6)]
    keys = pd.MultiIndex.from_product([entities, range(2000, 2008)], names=["省份", "year"])
    frame = pd.DataFrame(rng.normal(size=(96, len(TERMS))), index=keys, columns=list(TERMS)).reset_index()
    frame[OUTCOME] = frame[list(TERMS)].to_numpy() @ np.linspace(0.1, 0.8, len(TERMS)) + rng.normal(size=96)
    frame.loc[5, CHINESE] = np.nan
    return po.Panel.of(frame, entity="省份", time="year", source=f"{IMAGE}.csv", synthetic=True)


@pytest.fixture(scope="module", params=["tables", "panel"])
def folder(request, study, panel, tmp_path_factory):
    fit = po.fit(study, panel if request.param == "panel" else None, evidence=request.param, draws=200)
    made = tmp_path_factory.mktemp(request.param)
    po.write_report(fit, made, f"posterity run {END}")
    return made


def test_nothing_runs_and_every_name_is_shown(folder, browser):
    problems, requests = [], []
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.on("console", lambda message: problems.append(message.text))
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("dialog", lambda dialog: problems.append(dialog.message))
    tab.goto((folder / "report.html").as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert tab.evaluate("window.hacked") is None
    assert tab.evaluate("document.querySelectorAll('script:not([type=\"application/json\"])').length") == 1
    assert tab.evaluate("document.querySelectorAll('img:not([src^=\"data:\"])').length") == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert problems == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    terms = tab.locator(".estimates tr[id] th bdi").all_inner_texts()
    assert [t for t in terms if t in TERMS] == [t for t in TERMS if t not in (RIGHT, LONG)]
    assert any(t.startswith("xxx") and t.endswith("…") for t in terms)
    assert tab.locator("h1 [lang=zh]").all_inner_texts() == [CHINESE]
    options = tab.locator("#explore-which option").all_text_contents()
    assert len(options) == len(TERMS)
    for at in range(len(options)):
        tab.select_option("#explore-which", index=at)
    with tab.expect_download() as download:
        tab.locator("details.table .csv").first.click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert f'"\'{FORMULA.replace(chr(34), chr(34) * 2)}"' in text
    assert f"\n'{WIDE}," in text.replace("\r", "")
    # and what is injected after all has no right to run
    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.hacked=1>')")
    tab.evaluate(
        "e => { const s = document.createElement('script'); s.textContent = 'window.hacked=1';"
        " document.body.append(s) }"
    )
    tab.wait_for_timeout(200)
    assert tab.evaluate("window.hacked") is None
    tab.close()


def test_figures_are_whole(folder):
    figures = sorted(folder.glob("figures/*.svg"))
    assert figures
    for path in figures:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_chinese_without_a_chinese_font_neither_fails_nor_warns(study, monkeypatch):
    from posterity.reports.drawing import fonts

    monkeypatch.setattr(fonts, "_cjk_fonts", list)
    fonts.style.cache_clear()
    rows = rows_of(po.fit(study, evidence="tables", draws=200))
    assert drawn(lambda: forest(rows, CHINESE, "evidence: tables"), "svg").startswith(b"<?xml")
    fonts.style.cache_clear()
