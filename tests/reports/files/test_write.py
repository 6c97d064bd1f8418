"""The folder of a report: names, bytes, escapes, and nothing loaded from elsewhere."""

import base64
import csv
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from posterity import write_report
from posterity.analyses.judge.records import comparison
from posterity.reports.files.latex import escape, latex_table
from posterity.reports.files.write import finite, neutral
from posterity.reports.page.page import page
from posterity.reports.rows import rows_of

SCRIPT, TEX = "<script>alert(1)</script>", "a_b$%&^~#{}\\x"
NO_DOI = "https://www150.statcan.gc.ca/n1/en/catalogue/12-001-X20020029058"  # Bell and McCaffrey (2002)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def tags(html):
    parser = Tags()
    parser.feed(html)
    return parser.tags


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_outputs_have_the_names_of_the_contract(tables_folder, panel_folder):
    common = {
        "report.html",
        "comparison.json",
        "comparison.csv",
        "manifest.json",
        "tables/T1.tex",
        "figures/T1.png",
        "figures/T1.svg",
        "figures/T1.pdf",
        "summary.pdf",
        "summary.md",
    }
    assert set(files(panel_folder)) == common
    more = {"tables/T2.tex", *(f"figures/{n}.{s}" for n in ("T2", "overview") for s in ("png", "svg", "pdf"))}
    assert set(files(tables_folder)) == common | more


def test_manifest_holds_the_hash_of_every_file(panel_folder, panel_fit):
    manifest = json.loads((panel_folder / "manifest.json").read_text())
    written = {
        n: hashlib.sha256(b).hexdigest() for n, b in files(panel_folder).items() if n != "manifest.json"
    }
    assert manifest["outputs"] == written
    assert set(manifest["inputs"]) == {
        "study.toml",
        "published.csv",
        "content of panel-SYNTHETIC.csv",
        "panel-SYNTHETIC.csv",
    }
    assert manifest["inputs"]["content of panel-SYNTHETIC.csv"] == panel_fit.panel.sha256
    assert manifest["settings"]["engine"] == {"T1.1": "collapsed"}
    assert manifest["settings"]["seed"] == panel_fit.sampler.seed


def test_comparison_json_is_the_comparison(tables_folder, tables_fit):
    assert json.loads((tables_folder / "comparison.json").read_text()) == finite(comparison(tables_fit))


def test_two_reports_of_a_fit_have_the_same_bytes_and_stale_files_go(tables_fit, tables_folder, tmp_path):
    for name in (
        "figures/T9.png",
        "tables/T9.tex",
        "posteriors/T1.1.nc",
        "posteriors/T9.9.nc",
        "figures/mine.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("earlier")
    write_report(tables_fit, tmp_path, "posterity run <hostile>")
    ours = files(tmp_path)
    kept = [ours.pop(n) for n in ("figures/mine.txt", "posteriors/T1.1.nc", "posteriors/T9.9.nc")]
    assert kept == [b"earlier"] * 3
    manifest = json.loads(ours.pop("manifest.json"))
    assert "posteriors/T1.1.nc" in manifest["outputs"]
    assert "posteriors/T9.9.nc" not in manifest["outputs"]  # another run's
    first = files(tables_folder)
    first.pop("manifest.json")
    assert ours == first


@pytest.mark.parametrize("which", ["tables_folder", "panel_folder"])
def test_page_loads_nothing_and_runs_its_own_script_only(which, request):
    html = (request.getfixturevalue(which) / "report.html").read_text()
    assert not re.search(r"url\(|@import", html)
    *_, data, script = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    assert html.count("<script>") == 1  # the others hold data
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'; base-uri 'none'" in html
    assert json.loads(data)["study"] == "hostile"
    for tag, attributes in tags(html):
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "action", "srcset"):
            allowed = ("#", "data:image/svg+xml;base64,", "https://doi.org/", NO_DOI)
            assert attributes.get(name, "#").startswith(allowed)


def test_names_from_files_are_text_on_the_page(tables_folder):
    html = (tables_folder / "report.html").read_text()
    assert html.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<img src=x" not in html
    assert "<b>doubt</b>" not in html
    assert "posterity run &lt;hostile&gt;" in html


def test_page_is_accessible_and_says_what_it_rests_on(tables_folder, panel_folder):
    for folder, label in (
        (tables_folder, "evidence: tables (printed numbers alone)"),
        (panel_folder, "evidence: panel - SYNTHETIC"),
    ):
        html = (folder / "report.html").read_text()
        found = tags(html)
        assert html.count(label) >= 4
        assert ("lang", "en") in dict(found[0:1])["html"].items()
        assert all(a.get("alt") for t, a in found if t == "img")
        assert all(a.get("scope") for t, a in found if t == "th")
        ids = [a["id"] for _, a in found if "id" in a]
        assert len(ids) == len(set(ids))
        inside = {a["href"][1:] for t, a in found if t == "a" and a["href"].startswith("#")}
        assert inside <= set(ids)
    assert "INTERPOLATED" in html
    assert "SYNTHETIC data" in html


def test_page_speaks_of_pooled_columns_in_plain_words(panel_fit):
    rows = rows_of(panel_fit)
    for row in rows:
        if row.record["with_effects"]:
            row.record["verdict"] = "uncertain"
            row.record["with_effects"] |= {"mean": -0.03, "q2.5": -0.084, "q97.5": 0.024}
            row.record["judged"] |= {"df": None}
    text = page(panel_fit, rows)
    assert (
        "Pooled =cmd|x −0.500 (T1.1) becomes uncertain under 省份 and year effects: posterior −0.0300"
        " [−0.0840, 0.0240]." in text
    )


def test_tex_has_no_bare_special(tables_folder, tables_fit):
    tex = (tables_folder / "tables" / "T1.tex").read_text()
    assert escape(TEX) in tex
    assert r"{}\textless{}script\textgreater{}" in tex
    assert tex.isascii()
    body = tex.split("\\toprule")[1]
    bare = re.sub(r"\\[\\{}$&#%_]|\\[a-z]+|\$[^$]*\$", "", body)
    assert not re.search(r"[$#%_^~]", bare)
    assert tex.count("{") - tex.count(r"\{") == tex.count("}") - tex.count(r"\}")
    assert "Evidence: tables (printed numbers alone)" in tex
    assert "Slope normal(0, 1)" in latex_table(
        rows_of(tables_fit), "T1", "s", "evidence", "slope normal(0, 1)"
    )


def test_long_tex_tables_are_parted_between_columns(tables_fit):
    rows = rows_of(tables_fit) * 5
    parts = latex_table(rows, "T1", "s", "evidence", "priors").split(r"\begin{table}")[1:]
    assert len(parts) > 1
    assert sum(part.count(r"\textbar{}x &") for part in parts) == sum(r.term == "=cmd|x" for r in rows)
    assert all(f"({k} of {len(parts)})" in part for k, part in enumerate(parts, start=1))


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("+x", "'+x"), ("-x", "'-x"), (" =1", "' =1"), ("-0.5", "-0.5"),
     (-0.5, -0.5),
     ("a=1", "a=1"), ("\t=1", "'\t=1")],
)  # fmt: skip
def test_spreadsheets_read_text_as_text(cell, written):
    assert neutral(cell) == written


def test_csv_has_no_formula_and_reads_back(tables_folder, tables_fit):
    with (tables_folder / "comparison.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["term"] for r in rows[:4]][-1] == "'=cmd|x"
    assert [float(r["published_estimate"]) for r in rows] == [
        r.record["published"]["estimate"] for r in rows_of(tables_fit)
    ]


def test_json_has_null_where_it_has_no_number():
    assert finite({"a": [1.0, float("nan")], "b": float("inf")}) == {"a": [1.0, None], "b": None}


def test_an_error_that_a_printed_interval_gives_is_called_so(panel_fit):
    """By hand: (0.139 - 0.095) / 2 / 1.96 = 0.01122; nothing from 0.042 to 0.046 is near 0.1."""
    one = panel_fit.specs["T1.1"]
    first, second, *others = one.printed
    interval = replace(first, text=first.text | {"std_error": "", "ci_low": "0.095", "ci_high": "0.139"})
    one = replace(one, printed=(interval, replace(second, text=second.text | {"std_error": ""}), *others))
    fit = replace(panel_fit, specs={"T1.1": one})
    flags = rows_of(fit)[0].record["flags"]
    assert any(
        re.search("standard error not reproduced: 0[.][0-9]+, 0.01122 from the printed interval$", f)
        for f in flags
    )
    gate = page(fit).split('id="gate"')[1].split("</section>")[0]
    assert re.search(r"<td>[0-2] of 3 \(from the printed interval\)</td>", gate)
    assert "from the printed" not in page(panel_fit).split('id="gate"')[1].split("</section>")[0]


def test_bayes_factors_that_are_not_there_leave_no_dash_before_a_number(tables_fit):
    rows = rows_of(tables_fit)
    assert "Bayes factor<br>" not in page(tables_fit, rows)
    some = [replace(rows[0], record=rows[0].record | {"bayes_factor_10": 3.0}), *rows[1:]]
    table = page(tables_fit, some).split('<table class="estimates">')[1].split("</table>")[0]
    assert "Bayes factor<br>" in table
    assert '<td class="num">3</td>' in table
    assert table.count('<td class="num"></td>') == sum(row.table == "T1" for row in rows) - 1
    assert "–</td>" not in table


def test_flags_have_a_minus_on_the_page(tables_fit):
    rows = rows_of(tables_fit)
    rows[0].record["flags"].append("holds 0 from rho = -0.81")
    assert "holds 0 from rho = −0.81" in page(tables_fit, rows)
