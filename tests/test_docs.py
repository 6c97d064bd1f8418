"""The documentation does what it says: Python runs, commands run or parse, links lead somewhere."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

import posterity as po
from posterity.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(p for p in (ROOT / "docs").rglob("*.md") if not any(part.startswith("_") for part in p.parts)),
    ]
)
DONE: set[str] = set()  # commands that a page has run
GENERATED = {ROOT / "docs" / "gallery.md", ROOT / "docs" / "reference" / "commands.md"}
PAGES = [page for page in PAGES if page not in GENERATED]
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>.*?) -->\n)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
QUICK = {"run": ["--draws", "60"], "priors": ["--draws", "60"], "robustness": ["--draws", "60"]}
OTHER_PROGRAMS = ("python -m pip install", "python -m uv", "dask ", "cd ")


def blocks(page):
    return [(m["kind"], m["body"], m["mark"] or "") for m in FENCE.finditer(page.read_text(encoding="utf-8"))]


def label(page):
    return page.relative_to(ROOT).as_posix()


def lines_of(body):
    return [line.split("  #")[0].strip() for line in body.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder for all pages, with microdata under the names they use: output and capital of 48 US states."""
    folder = tmp_path_factory.mktemp("reader")
    frame = po.load("munnell-1990").panel().frame
    frame.assign(output=frame["GSP"], capital=frame["PC"]).to_csv(folder / "mine.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def reader(home, monkeypatch):
    """A reader in that folder, in a hurry: few draws, and no column is fitted a second time by NUTS."""
    import matplotlib
    import matplotlib.pyplot as plt

    matplotlib.use("agg")
    monkeypatch.chdir(home)
    for name in ("agreement_of", "tables_agreement"):
        monkeypatch.setattr(f"posterity.analyses.run.fit.{name}", lambda done, request: None)
    yield
    plt.close("all")


def parsed(line):
    """The command of a line with its parameters, as Typer reads them; a wrong option raises."""
    from typer.main import get_command

    _, name, *rest = shlex.split(line)
    command = vars(get_command(app))["commands"][name]
    command.make_context(name, [*rest])
    return name


def run(line):
    """Run a command that no page has run before; the files of `my-paper` change between its runs."""
    name = parsed(line)
    if line in DONE and "my-paper" not in line:
        return
    DONE.add(line)
    app([*shlex.split(line)[1:], *QUICK.get(name, [])], standalone_mode=False)


def write_paper(kind, body):
    """What a page tells the reader to type into the files of `my-paper`."""
    paper = Path("my-paper")
    if kind == "text" and body.startswith("table,column"):
        (paper / "published.csv").write_text(body)
    elif kind == "toml" and body.startswith("[study]"):
        tomllib.loads(body)
        (paper / "study.toml").write_text(body)
        (paper / "panel-SYNTHETIC.csv").unlink()
        (paper / "mine.csv").write_bytes(Path("mine.csv").read_bytes())
    elif kind == "toml" and body.startswith("[[claim]]"):
        with (paper / "study.toml").open("a") as handle:
            handle.write("\n" + body)


def follow(page):
    names: dict[str, object] = {}
    for kind, body, mark in blocks(page):
        if kind == "python":
            quick = re.sub(r"\b(draws|tune)=\d+", r"\1=60", body)
            script = Path(f"{page.stem}.py")
            script.write_text(quick, encoding="utf-8")
            names = runpy.run_path(str(script), names)
        elif kind == "sh":
            for line in lines_of(body):
                if not line.startswith("posterity "):
                    assert line.startswith(OTHER_PROGRAMS), line
                elif mark.startswith("not run"):
                    parsed(line)
                else:
                    run(line)
        elif Path("my-paper").exists():
            write_paper(kind, body)
        elif kind == "toml":
            tomllib.loads(body)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p) and p.stem != "my-paper"], ids=label)
def test_code_blocks(page, capsys):
    follow(page)


def test_the_how_to_of_a_paper_ends_in_its_report(capsys):
    """Followed to its end, the page has reproduced the numbers that it tells the reader to type."""
    shutil.rmtree("my-paper", ignore_errors=True)  # the README makes one too
    follow(ROOT / "docs" / "howto" / "my-paper.md")
    table = po.compare(po.fit(po.load("my-paper"), draws=200))
    assert table["id"].tolist() == ["T3.1.log(capital)", "T3.1._cons", "T3.2.log(capital)"]
    assert table["reproduced_within_rounding"].tolist() == [True, True, True]
    assert Path("posterity-out/my-paper/report.html").exists()


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        place = page if not name else (page.parent / name).resolve()
        assert place.exists() or place in GENERATED, target
        assert not anchor or anchor in anchors(place), target


def test_every_page_is_in_the_contents():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^(\w+/[\w-]+)$", index, re.MULTILINE))
    pages = {
        p.relative_to(ROOT / "docs").with_suffix("").as_posix() for p in PAGES if ROOT / "docs" in p.parents
    }
    assert {p for p in pages if "/" in p} | {"reference/commands"} == listed


def test_files_that_pages_name_exist():
    for page in PAGES:
        for name in re.findall(
            r"`python ((?:benchmarks|docs)/[\w/.-]+\.py)", page.read_text(encoding="utf-8")
        ):
            assert (ROOT / name).exists(), f"{label(page)}: {name}"
