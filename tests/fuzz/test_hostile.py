"""Files made to harm: bombs, pipes, links out of the folder, code, names that act in a spreadsheet."""

from __future__ import annotations

import ast
import csv
import io
import os
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import posterity as po
from posterity.data import files
from posterity.data.errors import InputError, did_you_mean
from posterity.data.files import existing, read_csv_rows, read_text
from posterity.data.panel import read
from posterity.data.panel.read import read_table
from posterity.data.study.formula import parse, parse_term
from posterity.models.priors import parse_prior
from posterity.reports.files.write import csv_text

from ..papers import HEAD, HEADER, write_paper

ROOT = Path(po.__file__).parent
SOURCES = [
    (path, list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    for room in ("analyses", "reports", "cli", "data", "models")
    for path in (ROOT / room).rglob("*.py")
]
SHEET = "xl/worksheets/sheet1.xml"
ROWS = "T1,1,x,0.5,0.1,,***,,,,84,,y,\n"


def study(folder: Path, published: str = "published.csv", panel: str = "panel.csv") -> Path:
    head = HEAD.replace('"published.csv"', f'"{published}"')
    specs = f'[panel]\nfile = "{panel}"\n[spec."T1.1"]\nformula = "y ~ x"\n'
    return write_paper(folder, specs, ROWS, head)


def book(path: Path, change: dict[str, bytes]) -> Path:
    """A workbook some of whose parts are replaced."""
    plain = io.BytesIO()
    sheet = openpyxl.Workbook()
    sheet.active.append(["city", "year", "y"])
    sheet.active.append(["a", 2000, 1.0])
    sheet.save(plain)
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, change.get(name, before.read(name)))
    return path


def rows_of_xml(rows: str, more: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}"><sheetData>{rows}</sheetData>{more}</worksheet>'.encode()


ENTITIES = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
BOMBS = {
    "a cell at the far corner": (
        rows_of_xml('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "clear the cells"),
    "a row beyond every number": (rows_of_xml(f'<row r="{10**15}"><c><v>1</v></c></row>'), "clear the cells"),
    "cells merged over the whole sheet": (
        rows_of_xml('<row r="1"><c r="A1"><v>1</v></c></row>',
                    '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        "A1:XFD1048576 are merged",
    ),
    "entities that grow": (
        f'<!DOCTYPE a [<!ENTITY e0 "haha">{ENTITIES}]>'.encode()
        + rows_of_xml('<row r="1"><c t="str"><v>&e11;</v></c></row>'),
        "cannot be read as Excel",
    ),
    "an entity that names a file": (
        b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        + rows_of_xml('<row r="1"><c t="str"><v>&f;</v></c></row>'),
        "cannot be read as Excel",
    ),
    "300 MB of blanks": (b" " * 300_000_000, "unpacks to"),
}  # fmt: skip


@pytest.mark.parametrize("case", BOMBS)
def test_workbooks_made_to_harm_are_refused(case, tmp_path):
    sheet, words = BOMBS[case]
    with pytest.raises(InputError, match=words):
        read_table(book(tmp_path / "panel.xlsx", {SHEET: sheet}))


def test_a_workbook_of_a_million_formats_is_refused_before_they_are_made(tmp_path):
    path = book(
        tmp_path / "panel.xlsx", {"xl/styles.xml": b"<styleSheet>" + b"<xf/>" * 1_000_000 + b"</styleSheet>"}
    )
    assert path.stat().st_size < 50_000
    with pytest.raises(InputError, match=r"formats of 5,000,0\d\d bytes, more than 2,000,000"):
        read_table(path)


@pytest.mark.parametrize("count", [1_000, 4_000])
def test_merged_cells_that_never_close_are_not_read_past_the_next_tag(count, tmp_path):
    """To run on from each is quadratic work where nothing follows, and finds what is no merged cell here."""
    sheet = rows_of_xml("<mergeCell " * count + '<row r="1" ref="A1:B2"/>')
    with pytest.raises(InputError, match="cannot be read as Excel"):
        read_table(book(tmp_path / "panel.xlsx", {SHEET: sheet}))


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MAX_PARQUET_CELLS", 1_000_000)  # so that the test need not write more
    path = tmp_path / "panel.parquet"
    pq.write_table(pa.table({f"c{i}": pa.array([0] * 100_001, pa.int8()) for i in range(10)}), path)
    assert path.stat().st_size < 50_000
    with pytest.raises(InputError, match="says that it holds 100,001 rows of 10 columns"):
        read_table(path)


def test_csv_files_of_nothing_but_cells_or_lines_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_CELLS", 50_000)
    path = tmp_path / "panel.csv"
    for content in (b"\n" * 60_000, b"," * 6_000, b"a,b\n" * 20_000):
        path.write_bytes(content)
        with pytest.raises(InputError, match="more than 5,000 columns or 50,000 cells"):
            read_csv_rows(path)


def test_sizes_are_limited_with_a_sentence(tmp_path):
    folder = study(tmp_path / "s")
    path = folder / "study.toml"
    plain = path.read_text()
    cases = {
        plain + "# " + "a" * 2_000_000: "more than 2,000,000 bytes",
        plain
        + "".join(f'[spec."T2.{i}"]\nformula = "y ~ x"\n' for i in range(2_001)): "spec: .*at most 2000",
        plain.replace("T1.1", f"T1.{'1' * 41}"): "TABLE.COLUMN",
        plain.replace("y ~ x", "y ~ " + "x" * 2_000): "formula .*longer than 2000",
    }
    for text, words in cases.items():
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=words):
            po.load(folder)
    for call, text in (
        (parse, "y ~ " + "x + " * 600),
        (parse_term, "x" * 2_001),
        (parse_prior, "normal(" + " " * 300),
    ):
        with pytest.raises(InputError, match=r"longer than 2000|not a distribution"):
            call(text)


def test_sentences_stay_short_however_long_the_names():
    assert len(str(InputError("a" * 10_000_000))) < 1_600
    assert len(did_you_mean("a" * 10_000, (f"{'a' * 10_000}{i}" for i in range(1_000_000)))) < 1_600


@pytest.mark.parametrize("reader", [read_text, read_csv_rows, read_table])
def test_pipes_and_devices_are_refused_and_not_waited_for(reader, tmp_path):
    pipe = tmp_path / "panel.csv"
    os.mkfifo(pipe)
    device = tmp_path / "zero.csv"
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        with pytest.raises(InputError, match="is a device or a pipe"):
            reader(path)


@pytest.mark.parametrize("way", ["link", "absolute", "dots", "folder link", "circle"])
def test_no_study_reads_outside_its_folder(way, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "published.csv").write_text(HEADER + ROWS)
    (outside / "panel.csv").write_text("city,year,y,x\na,1,1,1\na,2,1,2\nb,1,2,1\nb,2,1,1\n")
    folder = tmp_path / "s"
    folder.mkdir()

    def name(file: str) -> str:
        if way == "link":
            (folder / f"link-{file}").symlink_to(outside / file)
            return f"link-{file}"
        if way == "folder link":
            if not (folder / "sub").exists():
                (folder / "sub").symlink_to(outside)
            return f"sub/{file}"
        if way == "circle":
            (folder / f"circle-{file}").symlink_to(folder / f"circle-{file}")
            return f"circle-{file}"
        return str(outside / file) if way == "absolute" else f"../outside/{file}"

    study(folder, published=name("published.csv"))
    with pytest.raises(InputError, match=r"lies outside the study's folder|is a broken link|does not exist"):
        _ = po.load(folder).file.published
    study(folder, panel=name("panel.csv"))
    with pytest.raises(InputError, match=r"lies outside the study's folder|is a broken link|does not exist"):
        po.load(folder).panel()


def test_a_study_that_is_a_link_out_of_its_folder_is_refused(tmp_path):
    study(tmp_path / "other")
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "study.toml").symlink_to(tmp_path / "other" / "study.toml")
    with pytest.raises(InputError, match="is a link out of its folder"):
        po.load(tmp_path / "s")


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "a\\\\b", "..", ".hidden", "a\\n", "a" * 81, "a:b", "CON/../x", ""]
)
def test_no_name_of_a_study_leads_out_of_the_output_folder(name, tmp_path):
    folder = study(tmp_path / "s")
    path = folder / "study.toml"
    path.write_text(path.read_text().replace('"mine"', f'"{name}"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"study\.name"):
        po.load(folder)


@pytest.mark.parametrize("name", ["bad\0name.csv", "a" * 300 + ".csv"])
def test_names_that_no_file_can_have_are_one_sentence(name, tmp_path):
    with pytest.raises((InputError, ValueError)) as told:
        existing(tmp_path / name)
    assert isinstance(told.value, InputError)


FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "\n=1", "＝1+1", "＠x")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_csv_acts_in_a_spreadsheet(text):
    (header, row) = csv.reader(io.StringIO(csv_text(pd.DataFrame({text: [text]}))))
    assert header == row == [f"'{text}"]


def test_numbers_of_a_csv_stay_numbers():
    frame = pd.DataFrame({"a": [-1.5, 2.0], "b": ["-1.5", "+2"]})
    assert csv_text(frame) == "a,b\n-1.5,-1.5\n2.0,+2\n"


def test_every_csv_that_is_written_goes_through_one_writer():
    for path, nodes in SOURCES:
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr in (
                "to_csv",
                "to_excel",
                "ExcelWriter",
                "Workbook",
            ):
                pytest.fail(f"{path}:{node.lineno} writes a table past reports.write.csv_text")


CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    "read_pickle",
    "to_pickle",
    "urlopen",
    "urlretrieve",
    "system",
    "popen",
    "literal_eval",
    "read_html",
    "read_sql",
}
MODULES = {"pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "yaml", "requests", "httpx",
           "urllib", "socket", "ssl", "http", "ftplib", "smtplib", "telnetlib", "subprocess",
           "ctypes"}  # fmt: skip


def test_the_package_runs_no_text_and_opens_no_connection():
    """Dask alone, asked for by --scheduler or --workers, talks to its own workers, in pickled tasks."""
    for path, nodes in SOURCES:
        talks = path.parts[-3:] == ("analyses", "run", "workers.py")
        banned = MODULES - ({"pickle", "cloudpickle"} if talks else set())
        for node in nodes:
            where = f"{path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in CALLS, where
            if isinstance(node, ast.Attribute):
                assert node.attr not in ATTRIBUTES, where
            if isinstance(node, ast.keyword):
                assert node.arg not in ("allow_pickle", "shell"), where
            if isinstance(node, ast.Import):
                assert not {name.name.split(".")[0] for name in node.names} & banned, where
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert (node.module or "").split(".")[0] not in banned, where
