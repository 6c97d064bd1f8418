"""Panels: the four formats give one panel, and its fingerprint ignores order."""

import numpy as np
import pytest

from posterity.data.panel import Panel


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
