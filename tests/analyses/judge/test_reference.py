"""Degrees of freedom of a printed t, and what they do to a verdict."""

import pytest
from scipy import stats

import posterity as po
from posterity.analyses.audit.columns import arrange
from posterity.analyses.judge.reference import clusters_unknown, degrees_of_freedom

from ...papers import write_paper

HEAD = """
[study]
name = "ten-cities"
title = "A SYNTHETIC paper"
entity = "city"
time = "year"
published = "published.csv"
entities = 10
periods = [2001, 2006]
[groups.region]
east = ["a", "b", "c", "d", "e"]
west = ["f", "g", "h", "i", "j"]
"""
EAST = 'formula = "y ~ x | city + year"\nsteps = [{ keep = { region = "east" } }]\n'
ROW = "T1,1,x,0.5,0.2,,,,,,30,,y,\n"


def ten_cities(folder, keys, head=HEAD, row=ROW):
    study = po.load(write_paper(folder, f'[spec."T1.1"]\n{keys}', row, head))
    file, spec = study.file, study.file.spec["T1.1"]
    return study, (file, spec, file.printed("T1.1")[0])


def test_clusters_of_a_subsample_are_those_that_it_keeps(tmp_path):
    """Five of ten cities: t(4), 0.5 ± 2.776 × 0.2, which holds 0: no effect is claimed; by t(9) one is."""
    study, asked = ten_cities(tmp_path, EAST + 'vcov = { cluster = "city" }\n')
    assert degrees_of_freedom(*asked) == 4
    assert not clusters_unknown(*asked)
    table = po.compare(po.fit(study, priors={"slope": "normal(0, 1000)"})).set_index("id")
    found = table.loc["T1.1.x"]
    assert found["posterior_q2.5"] == pytest.approx(0.5 - stats.t.ppf(0.975, 4) * 0.2, abs=0.02)
    assert (found["claim"], found["verdict"]) == ("null", "null stands")
    assert "few clusters: t with 4 degrees" in found["flags"]


def test_the_audit_and_the_judge_count_alike(tmp_path):
    """30 rows, one slope, 5 + 6 - 1 constants: 19 degrees of freedom, not the 14 of all ten cities."""
    study, asked = ten_cities(tmp_path, EAST)
    assert degrees_of_freedom(*asked) == 19
    assert arrange(study.file).columns[0].residual_df == 19


def test_a_lag_costs_one_effect_of_time(tmp_path):
    keys = 'formula = "y ~ x | city + year"\nsteps = [{ lag = { x = 1 } }]\n'
    study, asked = ten_cities(tmp_path, keys, row=ROW.replace(",30,", ",50,"))
    assert degrees_of_freedom(*asked) == 50 - 1 - (10 + 5 - 1)
    assert arrange(study.file).columns[0].residual_df == 50 - 1 - (10 + 5 - 1)


def test_effects_of_time_alone_are_counted_by_the_periods(tmp_path):
    study, asked = ten_cities(tmp_path, 'formula = "y ~ x | year"\n', row=ROW.replace(",30,", ",60,"))
    assert degrees_of_freedom(*asked) == arrange(study.file).columns[0].residual_df == 60 - 1 - 6


@pytest.mark.parametrize(
    ("keys", "head", "row", "df", "unknown"),
    [
        ('df = 7\nvcov = { cluster = "city" }\n', HEAD, ROW, 7, False),
        ('df = 7\nvcov = { cluster = "city" }\n', HEAD + "[tables]\ndf = 3\n", ROW, 7, False),
        ('vcov = { cluster = "city" }\n', HEAD + "[tables]\ndf = 3\n", ROW, 3, False),
        ('vcov = { cluster = "state" }\n', HEAD, ROW, 19, True),
        (
            'vcov = { cluster = "region" }\n',
            HEAD,
            ROW,
            19,
            True,
        ),  # one region is left, and a cluster is no sample
        ('vcov = { cluster = "state" }\n', HEAD, ROW.replace(",30,", ",,"), 1e6, True),
        ('vcov = { cluster = "city" }\n', HEAD, "T1,1,x,0.5,,,,0.1,0.9,,30,,y,\n", 1e6, False),
    ],
)
def test_what_is_stated_comes_first_then_clusters_then_rows(tmp_path, keys, head, row, df, unknown):
    _, asked = ten_cities(tmp_path, EAST + keys, head, row)
    assert degrees_of_freedom(*asked) == df
    assert clusters_unknown(*asked) is unknown


def test_two_clusters_leave_one_degree_of_freedom(tmp_path):
    _, asked = ten_cities(tmp_path, 'formula = "y ~ x | city + year"\nvcov = { cluster = "region" }\n')
    assert degrees_of_freedom(*asked) == 1
    assert not clusters_unknown(*asked)
