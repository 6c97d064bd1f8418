"""Conventions of weighting and scaling, side by side."""

from __future__ import annotations

import numpy as np
import pytest

from posterity.analyses.indices.built_in_association import _ols
from posterity.analyses.indices.conventions import conventions, multiverse
from posterity.data.indices.composite import Convention, composite
from posterity.data.panel.panel import Panel


def test_conventions_are_distinct_and_the_mistake_is_marked():
    listed = conventions()
    assert len({c.label for c, _ in listed}) == len(listed)
    assert {c.constant for c, good in listed if not good} == {"years"}
    assert {c.constant for c, good in listed if good} == {"rows"}
    assert {c.weighting for c, _ in listed} == {"entropy", "equal", "pca"}


def test_multiverse_holds_each_convention(study, table):
    from posterity.data.sample.build import build_design

    curve = multiverse(study.spec("T1.1"), table, "X", form="fixed")
    assert len(curve.mean) == len(conventions())
    number = [c.label for c in curve.conventions].index(Convention("equal", standard="z").label)
    values = {
        name: composite(table.X[:, table.where(s)], s.negative, Convention("equal", standard="z")).values
        for name, s in table.systems.items()
    }
    frame = table.panel.frame.assign(**values)
    design = build_design(Panel(frame, "city", "year", "x"), study.spec("T1.1").spec)
    _, slope = _ols(np.column_stack([design.y, design.X])[None], (30, 8), (True, True))
    assert curve.mean[number] == pytest.approx(slope[0, 0], abs=0.02)
    assert (curve.low < curve.mean).all()
    assert (curve.mean < curve.high).all()
