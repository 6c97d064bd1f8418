"""Indicator systems, their columns in real tables, names of provinces, and gaps."""

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.data.errors import InputError
from posterity.data.indices.composite import composite
from posterity.data.indices.gaps import CARRIED, INTERPOLATED, OBSERVED, fill
from posterity.data.indices.indicators import match, read_systems
from posterity.data.panel.names import name_findings, provinces, recognised
from posterity.data.panel.panel import Panel

from ...there import there

# Twelve columns of the yearbooks' science and technology tables.
SCIENCE = """index,dimension,indicator,direction,column
ST,input,R&D spending,+,v4_ztr_jf_RD
ST,input,R&D intensity,+,v4_ztr_qd_RD
ST,input,R&D staff,+,v4_zh_qsdl_hj
ST,input,basic research staff,+,v4_zh_qsdl_jcyj
ST,input,spending of firms,+,v4_zh_nbzc_qyzj
ST,input,fiscal spending on science,+,v6_cz_yszc_kxjs
ST,output,inventions granted,+,v4_cg_zlsq2_fm
ST,output,patents granted,+,v4_cg_zlsq2_hj
ST,output,inventions in force,+,v4_cg_zlsyx_fm
ST,output,design patents applied for,+,v4_cg_zlsq_wgsj
ST,output,technology contracts sold,+,v4_cg_jssc_je
ST,output,technology contracts bought,+,v4_cg_jssr_je
ST,output,high-technology firms,+,v4_cy_scjy_qys
"""


@pytest.fixture
def science(tmp_path):
    path = tmp_path / "indicators.csv"
    path.write_text(SCIENCE, encoding="utf-8")
    return read_systems(path)


@pytest.fixture(scope="session")
def yearbooks(shared):
    return Panel.read(shared("china-science-provinces.csv"), entity="province", time="year")


def small(**columns):
    frame = pd.DataFrame({"city": ["a"] * 4 + ["b"] * 4, "year": [2000, 2001, 2002, 2003] * 2} | columns)
    frame.index = frame.index + 2
    return Panel.of(frame, entity="city", time="year", source="small.csv")


# What the papers' tables show, counted by eye: indicators of each dimension, and which are burdens.
SYSTEMS = {
    "liu-li-2025": {
        "NqP": ({"Workers": 6, "Labor Object": 8, "Production materials": 9}, 3),
        "Cp": ({"Cp1": 9, "Cp2": 11}, 3),
    },
    "bashlai-2026": {
        "CO": ({"Material prosperity": 3, "Spiritual prosperity": 3, "Urban-rural disparities": 1}, 1),
        "NQP": ({"Technological productivity": 4, "Green productivity": 3, "Digital productivity": 2}, 3),
        "TRADE": ({"Trade": 2}, 0),
    },
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_of_the_papers(name):
    systems = read_systems(there(po.load(name).file.indicators_path))
    found = {
        index: ({d: len(s.part(d).indicators) for d in s.dimensions}, int(s.negative.sum()))
        for index, s in systems.items()
    }
    assert found == SYSTEMS[name]


def test_what_liu_and_li_share():
    """Three indicators stand in both systems under one column; the rest is declared in the study file."""
    study = po.load("liu-li-2025").file
    systems = read_systems(there(study.indicators_path))
    both = set(systems["NqP"].columns) & set(systems["Cp"].columns)
    assert both == {"gdp_per_capita", "rd_intensity", "forest_coverage"}
    columns = {c for s in systems.values() for c in s.columns}
    variables = {v for spec in study.spec.values() for v in spec.parsed.variables}
    for group in study.shared:
        assert {t.variable for t in group.terms} <= columns | variables
    assert ("broadband_ports", "broadband_users") in [tuple(g.names) for g in study.shared]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("direction", "sign", "row 1 has no column 'direction'"),
        ("R&D staff,+", "R&D staff,up", "row 4, column 'direction' holds 'up'; write + or -"),
        ("ST,input,R&D staff", ",input,R&D staff", "row 4, column 'index' is blank"),
        ("v4_zh_qsdl_hj", "v4_ztr_qd_RD", "row 4: 'v4_ztr_qd_RD' stands twice in index 'ST'"),
        ("R&D staff,", "R&D staff,extra,", "row 4 has 6 cells where the header has 5"),
        (SCIENCE[SCIENCE.index("\n") :], "\n", "lists no indicator"),
    ],
)
def test_bad_systems(tmp_path, old, new, sentence):
    path = tmp_path / "indicators.csv"
    path.write_text(SCIENCE.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_systems(path)
    assert sentence in str(error.value)


def test_columns_by_column_name_or_measurement(tmp_path):
    path = tmp_path / "indicators.csv"
    path.write_text(
        "index,dimension,indicator,direction,column,measurement\n"
        "I,,one,+,col1,\nI,,two,+,,\nI,,three,-,col3,units per head\n",
        encoding="utf-8",
    )
    values = np.arange(8.0)
    table = match(
        small(col1=values, two=values + 1, **{"units per head": values + 2}, extra=values), read_systems(path)
    )
    assert table.columns == ("col1", "two", "col3")
    np.testing.assert_array_equal(table.X[0], [0, 1, 2])
    assert table.unused == ("extra",)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.drop(columns="v4_ztr_qd_RD"), "lacks 1 of the 13 indicators of ST: 'v4_ztr_qd_RD'"),
        (lambda f: f.rename(columns={"v4_ztr_qd_RD": "v4_ztr_qd_rd"}), "Did you mean 'v4_ztr_qd_rd'?"),
        (
            lambda f: f[["province", "year"]],
            "has no indicator of ST; it needs columns such as 'v4_ztr_jf_RD'",
        ),
        (
            lambda f: f.assign(v4_ztr_qd_RD=f["v4_ztr_qd_RD"].astype(object).where(f.index != 9, "n/k")),
            "row 9, column",
        ),
        (lambda f: f.assign(v4_ztr_qd_RD=np.nan), "column 'v4_ztr_qd_RD' is blank throughout"),
    ],
)
def test_bad_tables(yearbooks, science, change, sentence):
    panel = Panel.of(change(yearbooks.frame), entity="province", time="year", source="table.csv")
    with pytest.raises(InputError) as error:
        match(panel, science)
    assert sentence in str(error.value)


def test_science_index_of_thirty_provinces(yearbooks, science):
    """13 columns, Tibet left out; gaps are whole years of two tables and two single cells, each flagged."""
    panel = yearbooks.where(yearbooks.frame["province"] != "西藏")
    table = match(panel, science)
    filled = fill(table.X, table.entity, table.years)
    flags = {c: np.bincount(filled.flags[:, j], minlength=3) for j, c in enumerate(table.columns)}
    assert {c: list(n) for c, n in flags.items() if n[OBSERVED] < 390} == {
        "v4_cg_jssc_je": [360, 0, 30],  # the tables of 2012 to 2023 only
        "v4_cg_jssr_je": [360, 0, 30],
        "v4_cy_scjy_qys": [360, 30, 0],  # 2017
        "v4_cg_zlsq_wgsj": [389, 1, 0],  # Jilin 2019
        "v4_zh_nbzc_qyzj": [389, 1, 0],  # Beijing 2012
    }
    index = composite(filled.values, science["ST"].negative)
    assert index.values.shape == (390,)
    latest = pd.Series(index.values, index=panel.frame["province"].to_numpy())[table.years == 2023]
    assert list(latest.nlargest(3).index) == ["广东", "江苏", "北京"]


def test_names_of_the_real_file_are_right(yearbooks):
    known = recognised(set(yearbooks.frame["province"]), {}, None)
    assert known == provinces()
    assert name_findings(yearbooks, known) == []


@pytest.mark.parametrize(
    ("old", "new", "rows", "sentences"),
    [
        ("内蒙古", "内蒙", lambda f: f["year"] < 2014,
         ["'内蒙' (2011-2013, 3 rows) is not a known province; did you mean '内蒙古'"]),
        ("陕西", "陜西", lambda f: f["year"] == 2020,
         ["'陜西' (2020, 1 row) is not a known province; did you mean '陕西', which lacks just these"]),
        ("黑龙江", "黑 龙 江", lambda f: f["year"] > 2020, ["did you mean '黑龙江', which lacks"]),
        ("广西", "广西壮族自治区", lambda f: f["year"] > 2020,
         ["'广西' (2011-2020) and '广西壮族自治区' (2021-2023) look like two"]),
        ("西藏", "全国", lambda f: f["year"] > 0,
         ["'全国' (2011-2023, 13 rows) is not a known province; correct it"]),
    ],
)  # fmt: skip
def test_wrong_names_are_named(yearbooks, old, new, rows, sentences):
    frame = yearbooks.frame.copy()
    frame.loc[rows(frame) & (frame["province"] == old), "province"] = new
    panel = Panel.of(frame, entity="province", time="year", source="f.csv")
    found = name_findings(panel, recognised(set(frame["province"]), {}, None))
    errors = [finding.statement for finding in found if finding.error]
    assert len(errors) == len(sentences)
    for sentence, statement in zip(sentences, errors, strict=True):
        assert sentence in statement


def test_years_that_an_entity_lacks_are_said_and_lists_of_the_study_are_used():
    panel = small()
    panel = Panel.of(panel.frame.iloc[:-2], entity="city", time="year", source="small.csv")
    (note,) = name_findings(panel, {})
    assert (note.error, note.names) == (False, ("b",))
    assert "'b' has no row in 2002-2003" in note.statement
    known = recognised({"a", "b"}, {"region": {"x": ["a"], "y": ["c"]}}, 2)
    assert [f.names for f in name_findings(panel, known) if f.error] == [("b",)]
    assert recognised({"a", "b"}, {"region": {"x": ["a"]}}, 2) == {}


def test_alike_names_that_never_meet_without_a_list():
    frame = pd.DataFrame(
        {"city": ["Springfield", "Springfeld", "Shelbyville", "Shelbyville"], "year": [1, 2, 1, 2]}
    )
    panel = Panel.of(frame, entity="city", time="year", source="s.csv")
    assert ("Springfeld", "Springfield") in [f.names for f in name_findings(panel, {})]


def test_linear_interpolation_within_entities():
    X = np.array([[1, np.nan, 3, np.nan], [np.nan, 4, np.nan, 10]]).reshape(8, 1)
    entity, time = np.repeat([0, 1], 4), np.tile([2000, 2001, 2002, 2004], 2)
    filled = fill(X, entity, time)
    np.testing.assert_allclose(filled.values[:, 0], [1, 2, 3, 3, 4, 4, 6, 10])
    assert list(filled.flags[:, 0]) == [0, INTERPOLATED, 0, CARRIED, CARRIED, 0, INTERPOLATED, 0]
    assert filled.draws.shape == (0, 8, 1)


def test_an_entity_without_any_value_is_named():
    X = np.array([[1.0], [2.0], [np.nan], [np.nan]])
    with pytest.raises(InputError, match="entity 2 has no value of indicator 1"):
        fill(X, np.array([0, 0, 1, 1]), np.array([1, 2, 1, 2]))


def test_imputations_cover_what_was_taken_away():
    """Random walks with cells removed: 90% intervals hold about 90% and are centred on the interpolation."""
    rng = np.random.default_rng(5)
    entity, time = np.divmod(np.arange(240 * 12), 12)
    scale = rng.uniform(0.5, 2, 240)
    walk = (scale[:, None] * rng.standard_normal((240, 12))).cumsum(axis=1) - 500
    X = np.where(rng.uniform(size=(2880, 1)) < 0.25, np.nan, walk.reshape(-1, 1))
    X[::12] = walk[:, :1]
    filled = fill(X, entity, time, draws=400, seed=1)
    gap = filled.flags[:, 0] > 0
    low, high = np.quantile(filled.draws[:, gap, 0], [0.05, 0.95], axis=0)
    truth = walk.reshape(-1)[gap]
    assert gap.sum() > 600
    assert 0.85 < ((low < truth) & (truth < high)).mean() < 0.95
    error = filled.draws[:, gap, 0].mean(axis=0) - filled.values[gap, 0]
    assert np.abs(error / filled.draws[:, gap, 0].std(axis=0)).max() < 5 / np.sqrt(400)
    np.testing.assert_array_equal(filled.draws[:, ~gap], np.broadcast_to(X[~gap], (400, *X[~gap].shape)))


def test_positive_columns_stay_positive():
    X = np.array([[1.0], [np.nan], [1e-3], [2.0], [1.5], [1.0]])
    draws = fill(X, np.array([0, 0, 0, 1, 1, 1]), np.array([1, 2, 3] * 2), draws=200).draws
    assert (draws > 0).all()
    assert np.unique(draws[:, 1]).size == 200
