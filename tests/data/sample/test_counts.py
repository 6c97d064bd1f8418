"""Counts of a column without a panel against those of the design that a panel of the same shape gives."""

import numpy as np
import pandas as pd
import pytest

from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.counts import Counts, absorbed_constants, counts_of_column, counts_of_design
from posterity.data.sample.outline import outline_of
from posterity.data.sample.steps import STEPS, outline_after
from posterity.data.study.file import read_study
from posterity.data.study.spec import Spec, Step

from ...papers import write_paper

EAST, WEST = ["a", "b", "c", "d", "e"], ["f", "g", "h", "i", "j"]
HEAD = """
[study]
name = "ten-cities"
title = "A SYNTHETIC paper"
entity = "city"
time = "year"
published = "published.csv"
entities = 10
periods = [2001, 2008]
"""
GROUPS = f"""
[groups.region]
east = {EAST}
west = {WEST}
[groups.coast]
yes = ["a", "b", "f"]
no = ["c", "d", "e", "g", "h", "i", "j"]
"""
SPEC = '[spec."T1.1"]\nformula = "y ~ x + z | city + year"\n'
ROW = "T1,1,x,0.5,0.2,,,,,,60,,y,\n"


@pytest.fixture
def study(tmp_path):
    """Ten cities in two regions, eight years; with other head or groups where a test gives them."""

    def written(head: str = HEAD, groups: str = GROUPS, spec: str = SPEC):
        return read_study(write_paper(tmp_path, groups + spec, ROW, head) / "study.toml")

    return written


@pytest.fixture
def panel():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        [(city, year) for city in EAST + WEST for year in range(2001, 2009)], columns=["city", "year"]
    )
    frame[["x", "z", "y"]] = rng.normal(size=(len(frame), 3))
    return Panel.of(frame, entity="city", time="year", source="test")


SAMPLES: dict[str, list[dict]] = {
    "whole": [],
    "winsorised": [{"winsorise": (0.1, 0.9)}],
    "standardised and interpolated": [{"standardise": True}, {"interpolate": True}],
    "one region": [{"keep": {"region": "east"}}],
    "all but one region": [{"drop": {"region": ["west"]}}],
    "no named cities": [{"drop": {"city": ["a", "g"]}}],
    "named cities": [{"keep": {"city": ["a", "b", "g"]}}],
    "late years": [{"keep": {"year": [2005, 2006, 2007, 2008]}}],
    "not one year": [{"drop": {"year": 2004}}],
    "a region in some years": [{"keep": {"region": "west", "year": [2001, 2002, 2003, 2004]}}],
    "not a region in some years": [{"drop": {"region": "west", "year": [2001, 2002]}}],
    "one side of two groupings": [{"keep": {"region": "east", "coast": "no"}}],
    "cities after a region": [{"keep": {"region": "east"}}, {"drop": {"city": "a"}}],
    "lagged": [{"lag": {"x": 1}}],
    "lagged by two and one": [{"lag": {"x": 2, "z": 1}}],
    "lagged over a year left out": [{"drop": {"year": 2004}}, {"lag": {"x": 1}}],
    "a year left out after the lag": [{"lag": {"x": 1}}, {"drop": {"year": 2001}}],
    "lagged one after the other": [{"lag": {"x": 1}}, {"lag": {"z": 1}}],
    "lagged twice": [{"lag": {"x": 1}}, {"lag": {"x": 2}}],
    "lagged over a year left out, which is filled": [
        {"drop": {"year": 2004}},
        {"lag": {"x": 1}},
        {"interpolate": True},
    ],
}


@pytest.mark.parametrize("steps", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize(
    ("effects", "cluster"), [("", None), ("| city", "city"), ("| year", "coast"), ("| city + year", "year")]
)
def test_a_study_file_and_a_panel_give_the_same_counts(study, panel, steps, effects, cluster):
    file = study()
    spec = Spec.model_validate(
        {"formula": f"y ~ x + z {effects}", "steps": [Step(**s) for s in steps]}
        | ({"vcov": {"cluster": cluster}} if cluster else {})
    )
    told = counts_of_column(file, spec)
    if told.clusters == 1:
        with pytest.raises(InputError, match="at least two"):
            build_design(panel.with_groups(file.groups), spec)
        return
    assert told == counts_of_design(build_design(panel.with_groups(file.groups), spec))


def test_every_step_is_among_the_samples():
    assert {name for steps in SAMPLES.values() for step in steps for name in step} == set(STEPS)


@pytest.mark.parametrize(
    ("step", "entities", "periods"),
    [
        ({"keep": {"size": "large"}}, None, None),  # the study tells nobody's size
        ({"keep": {"region": "north"}}, None, None),  # no such region: on a panel an error
        ({"drop": {"region": ["east", "west"]}}, None, None),  # leaves nobody
        ({"drop": {"year": 1999}}, None, None),
        ({"lag": {"x": 9}}, None, None),
        ({"lag": {"x": 3}}, 10, 5),
    ],
)
def test_what_the_study_file_does_not_tell_is_unknown(study, step, entities, periods):
    outline = outline_after(outline_of(study()), [Step(**step)])
    assert (outline.count("city"), outline.count("year")) == (entities, periods)


def test_cities_without_names_are_counted_and_stay_outside_named_groups(study):
    """Twelve cities of which the groups name ten: the other two are in no region, and none that is kept."""
    outline = outline_of(study(HEAD.replace("entities = 10", "entities = 12")))
    assert outline.count("city") == 12
    assert outline_after(outline, [Step(drop={"region": "east"})]).count("city") == 7
    assert outline_after(outline, [Step(keep={"region": "east"})]).count("city") == 5
    assert outline_after(outline, [Step(keep={"year": 2003})]).count("city") == 12


def test_a_kept_group_is_counted_though_nobody_says_how_many_there_are_in_all(study):
    outline = outline_of(study(HEAD.replace("entities = 10", "")))
    assert outline.count("city") is None
    assert outline.count("region") == 2
    assert outline_after(outline, [Step(keep={"region": "east"})]).count("city") == 5
    assert outline_after(outline, [Step(drop={"region": "east"})]).count("city") is None


def test_a_study_that_names_more_entities_than_it_has_tells_no_number(study):
    assert outline_of(study(HEAD.replace("entities = 10", "entities = 9"))).count("city") is None


def test_a_panel_of_ten_to_the_fifteen_cities_is_counted_and_not_listed(study):
    file = study(HEAD.replace("entities = 10", "entities = 1000000000000000"))
    assert counts_of_column(file, file.spec["T1.1"]).entities == 10**15


@pytest.mark.parametrize(("effects", "constants"), [((), 1), ((10,), 10), ((10, 8), 17), ((10, 8, 2), 18)])
def test_effects_share_their_constant(effects, constants):
    assert absorbed_constants(effects) == constants


def test_residual_degrees_of_freedom_are_unknown_where_effects_are_not_counted():
    counts = Counts(entities=10, periods=None, clusters=None, slopes=2, effects=(10, None))
    assert counts.residual_df(80) is None
    assert counts.most_df(80) == 80 - 2 - 9
    known = Counts(entities=10, periods=8, clusters=None, slopes=2, effects=(10, 8))
    assert known.residual_df(80) == known.most_df(80) == 80 - 2 - 17
    assert known.residual_df(10) == 1


def test_thresholds_add_a_slope_each(study):
    spec = Spec(formula="y ~ x + z | city", variable="z", regime_dependent="x", thresholds=2)
    assert counts_of_column(study(), spec).slopes == 4
