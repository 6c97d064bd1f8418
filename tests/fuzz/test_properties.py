"""Properties that hold for any input, and the corpus of what fuzzing found."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.published import half_unit, read_published, within_rounding
from posterity.data.study.formula import parse
from posterity.models.priors import parse_prior

from .targets import CORPUS, TARGETS, lay, told

ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(ANY, max_examples=15)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True).filter(lambda name: name != "log")
CELLS = st.one_of(
    st.text(max_size=8), st.floats().map(str), st.integers().map(str), st.sampled_from(["", "NA", "=1"])
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("fuzzed")
    lay(place)
    return place


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*-*")), ids=lambda path: path.name)
def test_what_fuzzing_found_is_mended(path, folder):
    told(TARGETS[path.name.split("-")[0]], folder, path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_good_files_are_taken(name, folder):
    target = TARGETS[name]
    assert told(target, folder, target.seeds[0]) is None


@ANY
@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_a_sentence(text):
    for call in (parse, parse_prior):
        with suppress(InputError):
            call(text)


@ANY
@given(st.lists(NAMES, min_size=2, max_size=6, unique=True), st.booleans())
def test_a_formula_reads_back_as_it_was_written(names, log):
    outcome, *terms = names
    text = f"{outcome} ~ " + " + ".join(f"log({t})" if log else t for t in terms) + " | city + year"
    formula = parse(text)
    assert str(formula.outcome) == outcome
    assert [t.variable for t in formula.regressors] == terms
    assert all(t.log == log for t in formula.regressors)
    assert formula.effects == ("city", "year")


@ANY
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**6), max_value=10**6),
    st.integers(0, 4),
)
@example(Decimal("17744.0715"), 3)  # a tie whose floats lie farther apart
def test_rounding_of_a_printed_number_holds_the_number(value, places):
    text = f"{value:.{places}f}"
    assert half_unit(text) == pytest.approx(0.5 * 10**-places, rel=1e-12)
    assert within_rounding(float(value), text)
    assert not within_rounding(float(value) + 1.1 * 10**-places, text)


@FEW
@given(
    content=st.binary(max_size=300),
    name=st.sampled_from([n for n in TARGETS if n not in ("study", "formula", "prior")]),
)
def test_any_bytes_for_a_file_are_a_sentence(content, name, folder):
    assert told(TARGETS[name], folder, content) is not None


@FEW
@given(cells=st.lists(st.lists(CELLS, min_size=14, max_size=14), max_size=4))
def test_any_cells_of_published_numbers_are_taken_or_a_sentence(cells, folder):
    buffer = io.StringIO()
    with (folder / "published.csv").open(encoding="utf-8") as handle:
        buffer.write(handle.readline())
    csv.writer(buffer).writerows(cells)
    path = folder / "any.csv"
    path.write_bytes(buffer.getvalue().encode("utf-8", errors="replace"))
    with suppress(InputError):
        for one in read_published(path):
            low, high = one.rounding("estimate")
            assert low <= one.estimate <= high
            interval = one.std_error_interval()
            assert interval is None or 0 <= interval[0] <= interval[1]


@FEW
@given(
    entities=st.integers(2, 6),
    times=st.integers(2, 5),
    random=st.randoms(use_true_random=False),
    ending=st.sampled_from([".csv", ".parquet", ".xlsx", ".dta"]),
)
def test_a_panel_is_the_same_from_every_format_and_order(entities, times, random, ending, tmp_path_factory):
    e, t = np.divmod(np.arange(entities * times), times)
    frame = pd.DataFrame({"city": [f"c{i}" for i in e], "year": 2000 + t, "y": (e * 7 + t * 3) / 8})
    order = list(frame.index)
    random.shuffle(order)
    mixed = frame.loc[order].reset_index(drop=True)
    path = tmp_path_factory.mktemp("panel") / f"panel{ending}"
    write = {
        ".csv": mixed.to_csv,
        ".parquet": mixed.to_parquet,
        ".xlsx": mixed.to_excel,
        ".dta": mixed.to_stata,
    }[ending]
    write(path, **({"write_index": False} if ending == ".dta" else {"index": False}))
    panel = Panel.read(path, entity="city", time="year")
    assert panel.sha256 == Panel.of(frame, entity="city", time="year", source="frame").sha256
