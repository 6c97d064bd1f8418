"""An unbalanced panel with instruments."""

import pandas as pd
import pytest

from posterity.models.frequentist.iv import instrument_design

from ..instrument_panels import panel


@pytest.fixture
def unbalanced(simulate):
    """A panel with gaps, its explicit dummies beside the exogenous regressor, and cities within regions."""
    frame, design = panel(simulate)
    dummies = [pd.get_dummies(frame[c], prefix=c, drop_first=True, dtype=float) for c in ("city", "year")]
    exogenous = pd.concat([frame[["x2"]], *dummies], axis=1).assign(const=1.0)
    return frame, instrument_design(design, 1, 2), exogenous
