"""Every kind that a study can name has an object in the analyses, and only those."""

import pytest

from posterity.analyses.calibration.calibrate import MODELS
from posterity.analyses.kinds import NAMES, kind_of
from posterity.analyses.robustness import PARTS
from posterity.data.study.kinds import KINDS


def test_the_kinds_of_the_analyses_are_those_of_a_study_file():
    assert set(NAMES) == set(KINDS)
    with pytest.raises(KeyError):
        kind_of("iv")


@pytest.mark.parametrize("name", NAMES)
def test_a_kind_names_parts_of_robustness_that_exist_and_subjects_that_can_be_calibrated(name):
    kind = kind_of(name)
    assert kind.robustness
    assert set(kind.robustness) <= set(PARTS)
    assert kind.standard_subjects
    assert set(kind.standard_subjects) <= set(MODELS)


def test_only_what_effects_could_change_is_said_to_be_open_at_tables_evidence():
    said = {name: kind_of(name).flags_at_tables for name in NAMES}
    assert [name for name, flags in said.items() if flags] == ["pooled"]
    assert "whether it survives entity effects" in said["pooled"][0]
