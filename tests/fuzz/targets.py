"""What is fuzzed: each target takes a stranger's bytes, and may raise InputError and nothing else."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from posterity.analyses.audit import audit
from posterity.analyses.check import check_panel
from posterity.analyses.run.tables import tables_inputs
from posterity.analyses.study import Study, load
from posterity.data.errors import InputError
from posterity.data.indices.indicators import match, read_systems
from posterity.data.panel.names import name_findings, recognised
from posterity.data.study.formula import parse
from posterity.models.priors import with_overrides

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
TOLD = 1_600  # characters of a sentence, at most

STUDY = """[study]
name = "fuzzed"
title = "SYNTHETIC: every key of a study file"
entity = "city"
time = "year"
published = "published.csv"
indicators = "indicators.csv"
descriptives = "T0"
entities = 6
periods = [2000, 2004]
[panel]
file = "panel.csv"
synthetic = true
derive = { lx = "log(x)" }
rename = { weight = "w" }
[tables]
df = 3
[model]
form = "mundlak"
priors = { slope = "normal(0, 1)", sd_entity = "half_normal(1)" }
[variables]
y = "outcome"
[groups.region]
east = ["a", "b", "c"]
west = ["d", "e", "f"]
[[shared]]
names = ["m", "z"]
alike = 0.9
[[claim]]
kind = "value"
of = ["T1.1.*"]
value = "0.5"
text = "said"
[[claim]]
kind = "ratio"
of = ["T1.1.x", "T1.2.x"]
value = "2"
text = "said"
[[claim]]
kind = "full_mediation"
of = ["T2.1.direct", "T2.1.indirect"]
text = "said"
[[claim]]
kind = "attributed"
of = ["T1.1.x", "T1.2.x", "T1.3.x"]
text = "said"
[spec."T1.1"]
formula = "y ~ x + z"
[spec."T1.2"]
formula = "y ~ x + log(z) | city + year"
vcov = { cluster = "region" }
steps = [ { winsorise = [0.01, 0.99] }, { drop = { city = ["a"] } }, { lag = { x = 1 } } ]
[spec."T2.1"]
kind = "mediation"
formula = "y ~ x + z | city + year"
mediator = "m"
treatment = "x"
[spec."T3.1"]
kind = "threshold"
formula = "y ~ x + z | city + year"
variable = "q"
regime_dependent = "x"
max_thresholds = 2
[spec."T4.1"]
kind = "instrument"
formula = "y ~ z | city + year | x ~ w"
[spec."T1.3"]
formula = "y ~ x | city + year"
steps = [ { standardise = true }, { interpolate = true }, { keep = { city = ["a", "b", "c", "d"] } } ]
varying = { by = "region", terms = ["x"] }
"""
PUBLISHED = """table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note
T0,mean,x,1.25,,,,,,,30,,,
T0,sd,x,0.51,,,,,,,30,,,
T0,min,x,-1,,,,,,,30,,,
T0,max,x,3,,,,,,,30,,,
T0,sd,y,1.01,,,,,,,30,,,
T1,1,x,0.5,0.1,,***,,,,30,0.61,y,
T1,1,z,-0.2,,-2.31,**,,,,30,0.61,y,
T1,2,x,0.25,0.12,,*,,,0.04,24,0.8,y,n
T1,2,_cons,1.25,,,unknown,1.0,1.5,,24,0.8,y,
T1,3,x,0.25,0.12,,none,,,,20,,y,
T2,1,direct,0.2,0.1,,**,,,,30,,y,
T2,1,indirect,0.05,,,,0.01,0.09,,30,,y,
T2,1,total,0.25,0.1,,**,,,,30,,y,
T3,1,x_regime1,0.2,0.1,,**,,,,30,,y,
T3,1,threshold1,0.7,,,,0.5,0.9,0.01,30,,y,
T4,1,x,0.4,0.2,,**,,,,30,,y,
T9,VIF,x,1.5,,,,,,,30,,y,
"""
INDICATORS = """index,dimension,indicator,direction,column,unit,table,measurement,note
x,d1,one,+,i1,,T1,first,
x,d1,two,-,i2,,T1,,
x,d2,three,+,m,,T1,,
y,d3,four,+,z,,T2,,
y,d3,five,-,q,,T2,,
"""


def frame() -> pd.DataFrame:
    """A SYNTHETIC panel with every column that the study names."""
    rng = np.random.default_rng(1)
    city, year = np.divmod(np.arange(30), 5)
    values = {name: rng.normal(3, 1, 30).round(3) for name in ("y", "x", "z", "m", "q", "weight", "i1", "i2")}
    values["x"] = np.abs(values["x"]) + 0.1
    return pd.DataFrame({"city": [*map("abcdef".__getitem__, city)], "year": 2000 + year, **values})


@dataclass(frozen=True)
class Target:
    """One reader: the file that is replaced, what is then done, seeds, and words of its language."""

    file: str
    act: Callable[[Path], object]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def lay(folder: Path) -> None:
    """Write the good study, each of whose files a target replaces by its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("study.toml", STUDY), ("published.csv", PUBLISHED), ("indicators.csv", INDICATORS)):
        (folder / name).write_text(text, encoding="utf-8")
    frame().to_csv(folder / "panel.csv", index=False)


def told(target: Target, folder: Path, content: bytes) -> str | None:
    """Give a target its bytes: the sentence that it says of them, or None where it takes them."""
    path = folder / target.file
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(content)
    try:
        target.act(path)
    except InputError as error:
        sentence = str(error)
        assert sentence.strip(), "an InputError says nothing"
        assert len(sentence) <= TOLD, f"a sentence of {len(sentence)} characters"
        return sentence
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
    return None


def _study(path: Path) -> None:
    study = load(path)
    _tables(study)
    json.dumps(study.file.model_dump(exclude={"path"}), default=str)
    check_panel(study, study.panel())


def _tables(study: Study) -> None:
    for view in study.specs():
        view.priors()
        tables_inputs(view)
    json.dumps([finding.record() for finding in audit(study)], default=str, allow_nan=False)


def _panel(path: Path) -> None:
    study = load(path.parent)
    check_panel(study, study.panel(path))


def _indicators(path: Path) -> None:
    study = load(path.parent)
    systems = read_systems(path)
    panel = study.panel()
    match(panel, systems)
    header = study.file.study
    name_findings(panel, recognised(set(panel.frame[panel.entity]), study.file.groups, header.entities))
    audit(study)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _bytes(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def _csv() -> bytes:
    return frame().to_csv(index=False).encode()


def _excel() -> bytes:
    return _bytes(lambda b: frame().head(12).to_excel(b, index=False))


def _stata() -> bytes:
    return _bytes(lambda b: frame().head(12).to_stata(b, write_index=False))


def _parquet() -> bytes:
    return _bytes(lambda b: frame().head(12).to_parquet(b))


FORMULAS = ("y ~ x", "y ~ x + log(z) | city + year", "log(`a b`) ~ x | city | z ~ w + v", "y ~ 变量_1 + x2")
PRIORS = ("normal(0, 1)", "student_t(3, 0, 2.5)", "half_normal(0.5)", "inverse_gamma(5, 2)", "cauchy(0, 1e3)")
CELLS = (
    b",",
    b"\n",
    b'"',
    b"T1",
    b"x",
    b"***",
    b"none",
    b"nan",
    b"-0.00",
    b"1e300",
    b"1e-300",
    b"0.1",
    b"_cons",
)
TOML = (
    b"[", b"]", b"{", b"}", b"=", b'"', b'"""', b"[[claim]]\n", b"[spec.\"T1.4\"]\n", b"nan", b"inf", b"true",
    b"1979-05-27", b"kind = ", b"formula = ", b"steps = ", b"winsorise", b"drop", b"keep", b"lag",
    b"interpolate", b"standardise", b"value", b"maximum", b"minimum", b"mean", b"ratio", b"above", b"below",
    b"sign", b"significant", b"insignificant", b"increasing", b"difference", b"attributed", b"interaction",
    b"full_mediation", b"same_stars", b"clustered", b"standardised", b"trimmed", b"reported", b"pooled",
    b"effects", b"mediation", b"threshold", b"instrument", b"fixed", b"random", b"hetero", b"iid", b"cluster",
    b"T1.*", b"*", b"T0.sd.x", b"log(x)", b"../", b"/dev/zero", b"~", b"|", b"thresholds = 3",
)  # fmt: skip

TARGETS: dict[str, Target] = {
    "study": Target("study.toml", _study, (STUDY.encode(),), TOML),
    "published": Target("published.csv", lambda p: _tables(load(p.parent)), (PUBLISHED.encode(),), CELLS),
    "formula": Target(
        "formula.txt", lambda p: parse(_text(p)), tuple(f.encode() for f in FORMULAS), TOML[-4:]),
    "prior": Target(
        "prior.txt",
        lambda p: with_overrides({"slope": _text(p)}),
        tuple(p.encode() for p in PRIORS),
        (b"(", b")", b",", b"e", b"-", b"inf", b"nan", b"_"),
    ),
    "indicators": Target(
        "indicators.csv", _indicators, (INDICATORS.encode(),), (*CELLS, b"+", b"-", b"i1", b"m")),
    "csv": Target(
        "panel.csv", _panel, (_csv(),), (*CELLS, b"2000", b"inf", b"a", b"TRUE", b"NA", b"\xff\xfe", b";")),
    "xlsx": Target(
        "panel.xlsx", _panel, (_excel(),),
        (b'r="A1048576"', b"<c ", b"</row>", b't="s"', b't="d"', b'ref="A1:Z9"')),
    "stata": Target("panel.dta", _panel, (_stata(),)),
    "parquet": Target("panel.parquet", _panel, (_parquet(),)),
}  # fmt: skip


def members(content: bytes) -> dict[str, bytes]:
    """The parts of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    def write(buffer: io.BytesIO) -> None:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
            for name, content in parts.items():
                book.writestr(name, content)

    return _bytes(write)
