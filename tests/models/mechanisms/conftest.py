"""A panel whose mediator is among its regressors."""

from __future__ import annotations

import numpy as np
import pytest

from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec


@pytest.fixture
def two_way(simulate):
    """With gaps."""
    frame = simulate(missing=0.25)
    frame = frame.assign(m=frame["x1"] * 0.5 + np.random.default_rng(0).normal(size=len(frame)))
    spec = Spec(formula="y ~ x1 + m + x2 | city + year")
    return build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)
