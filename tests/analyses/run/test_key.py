"""Keys of the store: every part is in them, none can be left out, and they are the same in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest

import posterity as po
from posterity.analyses.run.fit import on_panel, on_tables
from posterity.analyses.run.key import Key, fingerprint
from posterity.analyses.run.results import Request
from posterity.analyses.run.store import NotStoredError
from posterity.analyses.run.twin_mixture import twin_job
from posterity.data.panel.panel import Panel
from posterity.models.engine.sampling import Sampler
from posterity.models.priors import DEFAULTS, parse_prior

from ...papers import write_paper

VERSIONS = {"numpy": "2.0"}
KEY = Key(
    kind="effects", data=("a", "b"), form="mundlak", errors="gaussian",
    priors={"slope": parse_prior("normal(0, 1)")}, sampler=Sampler(), engine="collapsed",
    extra={"roles": ["x1", None]},
)  # fmt: skip
OTHERS: dict[str, Any] = {
    "kind": "pooled",
    "data": ("b", "a"),
    "form": "fixed",
    "errors": "ar1",
    "priors": {"slope": parse_prior("normal(0, 1.00000001)")},
    "sampler": Sampler(seed=1),
    "engine": "nuts",
    "extra": {"roles": ["x2", None]},
}


def mark(key=KEY, versions=VERSIONS):
    return key.sha256(versions)


def test_every_part_changes_the_key_and_none_is_missing_here():
    assert {*OTHERS} == {part.name for part in fields(Key)}
    found = [mark(), *(mark(replace(KEY, **{name: value})) for name, value in OTHERS.items())]
    assert len({*found, mark(versions={"numpy": "2.1"})}) == len(found) + 1


@pytest.mark.parametrize("part", fields(Key), ids=lambda part: part.name)
def test_no_part_can_be_left_out(part):
    given = {one.name: getattr(KEY, one.name) for one in fields(Key) if one is not part}
    with pytest.raises(TypeError, match=part.name):
        Key(**given)


@pytest.mark.parametrize("name", [one.name for one in fields(Sampler)])
def test_every_setting_of_the_sampler_changes_the_key(name):
    other: Any = "gpu" if name == "device" else getattr(Sampler(), name) + 1
    assert mark(replace(KEY, sampler=replace(Sampler(), **{name: other}))) != mark()


def test_priors_by_name_family_and_every_digit():
    texts = ("normal(0, 1)", "normal(0, 1.0000000000000002)", "laplace(0, 1)")
    found = [mark(replace(KEY, priors={"slope": parse_prior(text)})) for text in texts]
    found.append(mark(replace(KEY, priors={"between": parse_prior("normal(0, 1)")})))
    assert len({*found}) == 4
    assert mark(replace(KEY, priors=dict(reversed([*DEFAULTS.items()])))) == mark(
        replace(KEY, priors=DEFAULTS)
    )


def test_equal_parts_have_equal_keys_in_another_process():
    """Whose hashes of texts, and so whose orders of sets, are others."""
    program = (
        "from posterity.analyses.run.key import Key; from posterity.models.engine.sampling import Sampler; "
        "from posterity.models.priors import parse_prior; "
        "print(Key(extra={'roles': ('x1', None)}, engine='collapsed', sampler=Sampler(), errors='gaussian', "
        "priors={'slope': parse_prior('normal(0, 1)')}, form='mundlak', data=('a', 'b'), kind='effects')"
        ".sha256({'numpy': '2.0'}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == mark()


def test_fingerprints_are_of_whole_values():
    @dataclass(frozen=True)
    class One:
        values: tuple[float, ...]

    long = tuple(np.arange(5000.0).tolist())  # longer than what NumPy would print
    assert fingerprint(One(long)) == fingerprint(One(long))
    assert fingerprint(One(long)) != fingerprint(One((*long[:2500], -1.0, *long[2501:])))
    assert fingerprint((1, 2)) == fingerprint([1, 2]) != fingerprint([2, 1])
    for unfit in (np.arange(5000.0), object(), {1, 2}, b"x"):
        with pytest.raises(TypeError, match="cannot be part of a key"):
            fingerprint({"extra": unfit})


SPECS = """\
[panel]
file = "panel.csv"
{model}
[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
{vcov}
[spec."T1.2"]
formula = "y ~ x1 + x2"
[spec."T1.3"]
formula = "y ~ x1 + x2 | city + year"
kind = "mediation"
treatment = "x1"
mediator = "x2"
[spec."T1.4"]
formula = "{instrument}"
{vcov}
[spec."T1.5"]
formula = "y ~ x1 + x2 | city + year"
kind = "threshold"
variable = "x2"
regime_dependent = "{dependent}"
max_thresholds = {most}
{more}
"""
NO_TERM = [(4, "x2")]  # an instrument where that is asked
ROWS = "".join(
    f"T1,{c},{t},0.5,0.1,,***,,,,84,,y,\n" for c in range(1, 6) for t in ("x1", "x2") if (c, t) not in NO_TERM
)
KINDS = {"effects": "T1.1", "pooled": "T1.2", "mediation": "T1.3", "instrument": "T1.4", "threshold": "T1.5"}
PLAIN = {
    "model": "", "vcov": "", "most": 1, "instrument": "y ~ x2 | city | x1 ~ z", "dependent": "x1", "more": "",
}  # fmt: skip
LIKE = """
[spec."T1.6"]
formula = "y ~ x1 + z | city + year"
kind = "mediation"
treatment = "x1"
mediator = "z"
"""
ROW_LIKE = "T1,6,x1,0.5,0.1,,***,,,,84,,y,\n"


@pytest.fixture
def keys(frame, tmp_path):
    """By kind, the key of a fit that is asked for and not made."""

    def asked(kind, request=None, evidence="panel", change=None, **settings):
        data = frame.assign(z=frame["x1"] + np.sin(np.arange(len(frame))))
        if change is not None:
            data = change(data)
        rows = ROWS + (ROW_LIKE if "more" in settings else "")
        study = po.load(write_paper(tmp_path, SPECS.format(**{**PLAIN, **settings}), rows))
        view = study.spec(KINDS[kind])
        panel = Panel.of(data, entity="city", time="year", source="frame")
        known = replace(request or Request(evidence), known_only=True)
        jobs = {"panel": lambda: on_panel(view, panel, known), "tables": lambda: on_tables(view, None, known),
                "twin": lambda: twin_job(view, [panel, panel], known, on_panel)}  # fmt: skip
        with pytest.raises(NotStoredError) as absent:
            jobs[evidence]()()
        return absent.value.key

    return asked


def of_panel(**changes):
    return replace(Request("panel"), **changes)


def one_cell(data):
    return data.assign(y=data["y"].where(data.index != 5, 9.0))


EVERYWHERE = {
    "data": {"change": one_cell},
    "seed": {"request": of_panel(sampler=Sampler(seed=2))},
    "draws": {"request": of_panel(sampler=Sampler(draws=50))},
    "priors": {"request": of_panel(priors={"slope": "normal(0, 0.5)"})},
}
FORM = {"form": {"request": of_panel(form="random")}}
ENGINE = {"engine": {"request": of_panel(engine="nuts")}}
OWN = {
    "effects": FORM | ENGINE | {"errors": {"model": '[model]\nerrors = "ar1"'}},
    "pooled": ENGINE | {"errors": {"model": '[model]\nerrors = "ar1"'}},
    "mediation": FORM | ENGINE | {"priors of rho": {"request": of_panel(priors={"rho": "normal(0, 0.1)"})}},
    "instrument": ENGINE
    | {
        "errors of the paper": {"vcov": 'vcov = "hetero"'},
        "which are instruments": {"instrument": "y ~ 1 | city | x1 ~ x2 + z"},
    },
    "threshold": FORM | {"most thresholds": {"most": 2}, "whose slope changes": {"dependent": "x2"}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_puts_into_its_key_what_its_fit_reads(keys, kind):
    changes = EVERYWHERE | OWN[kind]
    found = {name: keys(kind, **change) for name, change in changes.items()} | {"as it is": keys(kind)}
    assert found["as it is"] == keys(kind)
    assert len({*found.values()}) == len(found), json.dumps(found, indent=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mixture_over_twins_has_them_all_in_its_key(keys, kind):
    changes = EVERYWHERE | OWN[kind] | FORM | {"groups": {"model": '[groups.area]\nnorth = ["c00"]'}}
    found = {name: keys(kind, evidence="twin", **change) for name, change in changes.items()}
    found |= {"as it is": keys(kind, evidence="twin")}
    assert len({*found.values()}) == len(found), json.dumps(found, indent=1)


def test_printed_numbers_are_in_the_key_of_their_fit(keys, monkeypatch):
    plain = keys("effects", evidence="tables")
    for name in ("seed", "draws", "priors"):
        assert keys("effects", evidence="tables", **EVERYWHERE[name]) != plain
    assert keys("effects", evidence="tables", **ENGINE["engine"]) != plain
    assert keys("effects", evidence="tables") == plain
    monkeypatch.setattr(sys.modules[__name__], "ROWS", ROWS.replace("0.5,0.1", "0.5,0.2"))
    assert keys("effects", evidence="tables") != plain


def test_a_pooled_column_and_the_same_with_effects_have_two_keys(keys):
    assert keys("pooled") != keys("effects")


def test_mediators_that_are_fitted_together_are_in_the_key(keys):
    """A like column with another mediator is fitted beside: its data count, which alone they do not."""

    def other_z(data):
        return data.assign(z=data["z"].where(data.index != 5, 9.0))

    assert keys("mediation", change=other_z) == keys("mediation")
    together = keys("mediation", more=LIKE)
    assert together != keys("mediation")
    assert keys("mediation", more=LIKE, change=other_z) != together


@pytest.mark.parametrize(
    ("kind", "evidence", "name"),
    [
        ("effects", "panel", "one equation"),
        ("pooled", "panel", "one equation"),
        ("mediation", "panel", "mediation"),
        ("instrument", "panel", "instrument"),
        ("threshold", "panel", "threshold"),
        ("effects", "twin", "effects over twins"),
        ("effects", "tables", "tables"),
    ],
)
def test_a_key_names_what_is_stored_and_the_form_that_is_fitted(keys, monkeypatch, kind, evidence, name):
    seen = []

    def sha256(key, versions):
        seen.append(key)
        return "a key"

    monkeypatch.setattr(Key, "sha256", sha256)
    keys(kind, evidence=evidence)
    keys(kind, evidence=evidence, request=replace(Request(evidence), form="random"))
    assert {key.kind for key in seen} == {name}
    fitted = kind not in ("pooled", "instrument") and evidence != "tables"
    assert [key.form for key in seen] == (["mundlak", "random"] if fitted else [None, None])
