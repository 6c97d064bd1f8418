"""What shared indicators build into a coefficient."""

from __future__ import annotations

import numpy as np
import pytest

import posterity as po
from posterity.analyses.indices.built_in_association import _ols, built_in_associations, simulable, source_of
from posterity.analyses.indices.index import index
from posterity.analyses.indices.unlinked_panels import ASSUMED, Assumptions, Shuffle, _latent
from posterity.data.indices.indicators import match, read_systems
from posterity.data.panel.panel import Panel

from ...there import there


def test_simulated_structure():
    """Shares of variance and persistence of the latent series are the assumed ones."""
    fixed = Assumptions((0.5, 0.5), (0.8, 0.8), (0.5, 0.5), (0.7, 0.7))
    latent, sd_log = _latent(fixed, (200, 40), 40, np.random.default_rng(1))
    grid = latent.reshape(40, 200, 40)
    assert (sd_log == 0.5).all()
    assert grid.mean(axis=2).var() == pytest.approx(0.8 + 0.1 * 0.136, abs=0.05)  # mean of 40 years: 0.136
    within = grid - grid.mean(axis=1, keepdims=True)
    within -= within.mean(axis=2, keepdims=True)
    assert within.var() == pytest.approx(0.1, abs=0.02)
    lagged = (within[:, :, 1:] * within[:, :, :-1]).mean() / within.var()
    assert lagged == pytest.approx(0.7, abs=0.08)


def test_swept_least_squares_is_that_of_linearmodels(study, table):
    from posterity.data.sample.build import build_design
    from posterity.models.frequentist.least_squares import least_squares

    panel = index(table, draws=2).panel()
    for name, effects in (("T1.1", (True, True)), ("T1.2", (False, False))):
        design = build_design(panel, study.spec(name).spec)
        coef, slope = _ols(np.column_stack([design.y, design.X])[None], (30, 8), effects)
        np.testing.assert_allclose(coef[0], least_squares(design).coef[:-1], rtol=1e-9)
        np.testing.assert_allclose(slope[0], coef[0] * design.X.std(axis=0) / design.y.std(), rtol=1e-9)


def shared_study(folder, indicators, spec, shared=""):
    (folder / "indicators.csv").write_text(
        "index,dimension,indicator,direction\n" + indicators, encoding="utf-8"
    )
    head = (folder / "study.toml").read_text(encoding="utf-8").split("[spec")[0]
    text = head + f'[spec."T1.1"]\nformula = "{spec}"\n' + shared
    (folder / "study.toml").write_text(text, encoding="utf-8")
    study = po.load(folder / "study.toml")
    return study, read_systems(there(study.file.indicators_path))


def test_indices_of_the_same_indicator_have_coefficient_one(folder):
    study, systems = shared_study(folder, "Y,,a,+\nX,,a,+\n", "Y ~ X + z | city + year")
    (found,) = built_in_associations(study.spec("T1.1"), systems, [], simulations=120)
    np.testing.assert_allclose(found.shared, 1, atol=1e-9)
    assert abs(found.unshared.mean()) < 4 * found.unshared.std() / np.sqrt(120)
    assert (found.names, found.published, found.share_at_least) == (("a",), 0.5, 1.0)


def test_half_of_equal_indicators_shared_is_half_of_the_coefficient(folder):
    """Two indicators alike in law, one shared: the slope of (a + b) on (a + c) is 1/2."""
    study, systems = shared_study(folder, "Y,,a,+\nY,,b,+\nX,,a,+\nX,,c,+\n", "Y ~ X | city + year")
    narrow = Assumptions((0.05, 0.05), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5))
    (found,) = built_in_associations(study.spec("T1.1"), systems, [], narrow, simulations=400)
    assert found.shared_slope.mean() == pytest.approx(0.5, abs=0.04)


def test_near_duplicates_and_variables_that_are_indicators(folder):
    """A near-duplicate gives about its correlation; a variable that is the indicator itself gives 1."""
    declared = '[[shared]]\nnames = ["a", "b"]\nalike = 0.8\n'
    study, systems = shared_study(folder, "Y,,a,+\nX,,b,+\n", "Y ~ X | city + year", declared)
    narrow = Assumptions((0.05, 0.05), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5))
    (found,) = built_in_associations(study.spec("T1.1"), systems, study.file.shared, narrow, simulations=400)
    assert found.shared_slope.mean() == pytest.approx(0.8, abs=0.05)
    assert found.names == ("a",)

    declared = '[[shared]]\nnames = ["log(a)", "W"]\n'
    study, systems = shared_study(folder, "X,,a,+\n", "log(W) ~ X", declared.replace("log(a)", "a"))
    (found,) = built_in_associations(study.spec("T1.1"), systems, study.file.shared, narrow, simulations=40)
    assert found.shared_slope.min() > 0.999
    study, systems = shared_study(folder, "X,,a,+\n", "W ~ X", declared)
    (found,) = built_in_associations(study.spec("T1.1"), systems, study.file.shared, narrow, simulations=40)
    assert found.shared_slope.min() > 0.999
    assert found.published is None


def test_built_in_association_of_liu_li_2025():
    """T4.2: with effects, what is not shared associates nothing; what is shared does."""
    study = po.load("liu-li-2025")
    systems = read_systems(there(study.file.indicators_path))
    assert {"T4.2", "T9.1", "T9.2"} <= {view.id for view in simulable(study, systems)}
    other = po.load("bashlai-2026")
    assert [v.id for v in simulable(other, read_systems(there(other.file.indicators_path)))] == []
    (found,) = built_in_associations(study.spec("T4.2"), systems, study.file.shared, simulations=300)
    assert (found.published, found.std_error) == (0.205, 0.041)
    assert set(found.names) == {"gdp_per_capita", "rd_intensity", "forest_coverage", "broadband_ports"}
    assert abs(found.unshared.mean()) < 4 * found.unshared.std() / np.sqrt(300)
    assert found.shared.mean() > 10 * found.shared.std() / np.sqrt(300)
    assert found.how.startswith(ASSUMED.sentence)
    assert found.how.endswith("A guess: broadband_users and broadband_ports correlate 0.8.")
    assert "0.6 to 0.95 of the variance between entities" in found.how


def test_shuffling_a_panel_keeps_an_indicator_and_breaks_its_links(study, table, folder):
    """Shuffled entities keep their rows; the same indicator in both indices keeps its coefficient of one."""
    indexed = index(table, draws=2)
    source = source_of(study.spec("T1.1"), table.systems, indexed)
    assert isinstance(source, Shuffle)
    assert source.size == (30, 8)
    rng = np.random.default_rng(1)
    seen: dict[str, np.ndarray] = {}
    drawn = source.draw("a", None, source.size, seen, 2, rng).reshape(2, 30, 8)
    np.testing.assert_array_equal(np.sort(drawn[1][:, 0]), np.sort(source.columns["a"][:, 0]))
    np.testing.assert_array_equal(drawn[0], source.columns["a"][seen["a"][0]])
    assert (seen["a"][0] != seen["a"][1]).any()
    alone, systems = shared_study(folder, "Y,,a,+\nX,,a,+\n", "Y ~ X + z | city + year")
    (found,) = built_in_associations(alone.spec("T1.1"), systems, [], source, simulations=200)
    np.testing.assert_allclose(found.shared, 1, atol=1e-9)
    assert abs(found.unshared.mean()) < 4 * found.unshared.std() / np.sqrt(200)
    assert "change places among city names" in found.how
    without = Panel(table.panel.frame.drop(columns="z"), "city", "year", "x")
    assert (
        source_of(study.spec("T1.1"), table.systems, index(match(without, table.systems), draws=2)) is ASSUMED
    )
