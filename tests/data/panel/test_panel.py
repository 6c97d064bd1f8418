"""Panels: the four formats give one panel, and its fingerprint ignores order."""

import numpy as np
import pandas as pd
import pytest

from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Cluster, Spec


@pytest.mark.parametrize("ending", ["csv", "parquet", "dta", "xlsx"])
def test_formats_agree(frame, tmp_path, ending):
    path = tmp_path / f"panel.{ending}"
    writers = {
        "csv": lambda: frame.to_csv(path, index=False),
        "parquet": lambda: frame.to_parquet(path),
        "dta": lambda: frame.to_stata(path, write_index=False),
        "xlsx": lambda: frame.to_excel(path, index=False),
    }
    writers[ending]()
    panel = Panel.read(path, entity="city", time="year")
    np.testing.assert_allclose(panel.numeric("y").to_numpy(), frame["y"].to_numpy(), rtol=1e-15)
    assert (panel.n_entities, panel.n_times, panel.balanced) == (12, 7, True)


def test_a_fingerprint_knows_where_a_column_ends():
    def of(p, q):
        frame = pd.DataFrame({"e": ["a", "a", "b", "b"], "p": p, "q": q, "t": [1, 2, 1, 2]})
        return Panel.of(frame, entity="e", time="t", source="SYNTHETIC").sha256

    assert of([5, 6, 7, 2], [34, 5, 6, 7]) != of([5, 6, 7, 23], [4, 5, 6, 7])


def test_fingerprint_ignores_the_order_of_rows_and_columns(frame):
    first = Panel.of(frame, entity="city", time="year", source="a")
    second = Panel.of(
        frame.sample(frac=1, random_state=0)[frame.columns[::-1]], entity="city", time="year", source="b"
    )
    assert first.sha256 == second.sha256
    changed = Panel.of(frame.assign(y=frame["y"] + 1e-12), entity="city", time="year", source="c")
    assert changed.sha256 != first.sha256


def test_xarray_inside(any_frame):
    panel = Panel.of(any_frame, entity="city", time="year", source="test")
    assert panel.dataset["y"].dims == ("city", "year")
    assert int(panel.dataset["y"].notnull().sum()) == len(any_frame)
    assert panel.balanced == (len(any_frame) == 84)


def test_synthetic_by_file_name(frame, tmp_path):
    path = tmp_path / "panel-SYNTHETIC.csv"
    frame.to_csv(path, index=False)
    assert Panel.read(path, entity="city", time="year").synthetic


def read(tmp_path, text, **options):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    return Panel.read(tmp_path / "p.csv", entity="id", time="year", **options)


def test_entities_of_a_csv_stay_as_written(tmp_path):
    panel = read(tmp_path, "id,year,x\n003,1,1\n003,2,NA\nNA,1,3\nNA,2,4\n")
    assert list(panel.frame["id"]) == ["003", "003", "NA", "NA"]
    assert panel.numeric("x").isna().sum() == 1


def test_rename_applies_to_files(tmp_path):
    panel = read(tmp_path, "ID,t,x\n01,1,1\n02,2,2\n", rename={"ID": "id", "t": "year"})
    assert list(panel.frame["id"]) == ["01", "02"]
    with pytest.raises(InputError, match=r"no column 'Id'.*Did you mean 'ID'"):
        read(tmp_path, "ID,t,x\n01,1,1\n", rename={"Id": "id"})
    with pytest.raises(InputError, match="'x' stands twice"):
        read(tmp_path, "id,year,x\n01,1,1\n", rename={"year": "x"})


def test_true_and_false_are_numbers_where_nothing_else_stands(tmp_path):
    panel = read(tmp_path, "id,year,a,b\np,1,TRUE,TRUE\np,2,,no\nq,1,False,FALSE\n")
    np.testing.assert_array_equal(panel.numeric("a"), [1, np.nan, 0])
    with pytest.raises(InputError, match="'TRUE' is not a number"):
        panel.numeric("b")


def test_composed_and_decomposed_names_are_one_entity():
    frame = pd.DataFrame({"id": ["Évora", "E\u0301vora", "Faro"], "year": [1, 2, 1]})
    assert Panel.of(frame, entity="id", time="year", source="test").n_entities == 2


def test_ids_beyond_exact_floats_stay_text():
    frame = pd.DataFrame({"id": [1e300, 2.0, 3.0], "year": [1, 2, 1]})
    panel = Panel.of(frame, entity="id", time="year", source="test")
    assert set(panel.frame["id"]) == {"1e+300", "2.0", "3.0"}


def test_rows_are_numbered_anew_where_the_index_repeats(frame):
    frame.index = [0] * len(frame)
    panel = Panel.of(frame, entity="city", time="year", source="test")
    assert list(panel.frame.index) == list(range(1, len(frame) + 1))


def test_clusters_must_be_text_or_numbers(frame):
    spec = Spec(formula="y ~ x1 | city", vcov=Cluster(cluster="region"))
    panel = Panel.of(frame.assign(region=[[1]] * len(frame)), entity="city", time="year", source="test")
    with pytest.raises(InputError, match=r"row 0, column 'region': \[1\] is neither text nor a number"):
        build_design(panel, spec)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(InputError, match=r"p\.csv cannot be read for lack of permission"):
        read(tmp_path, "id,year\n")


def test_a_broken_link(tmp_path):
    (tmp_path / "link.csv").symlink_to("gone.csv")
    with pytest.raises(InputError, match=r"link\.csv is a broken link to gone\.csv"):
        Panel.read(tmp_path / "link.csv", entity="id", time="year")
