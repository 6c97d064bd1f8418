"""Every kind that a study can name has an object in the analyses, and only those."""

import pytest

from posterity.analyses.calibration.calibrate import MODELS
from posterity.analyses.kinds import kind_of
from posterity.analyses.kinds.kind import Kind
from posterity.analyses.robustness import PARTS
from posterity.data.study.kinds import KINDS
from posterity.reports.kinds import KINDS as KINDS_OF_REPORTS
from posterity.reports.kinds.kind import Kind as ShownKind


def test_every_kind_of_a_study_file_is_one_object_in_analyses_and_reports_and_no_other_is():
    assert all(isinstance(kind_of(name), Kind) for name in KINDS)
    assert all(isinstance(KINDS_OF_REPORTS[name], ShownKind) for name in KINDS)
    assert set(KINDS_OF_REPORTS) == set(KINDS)
    with pytest.raises(KeyError):
        kind_of("iv")


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_names_parts_of_robustness_that_exist_and_subjects_that_can_be_calibrated(name):
    kind = kind_of(name)
    assert kind.robustness
    assert set(kind.robustness) <= set(PARTS)
    assert kind.standard_subjects
    assert set(kind.standard_subjects) <= set(MODELS)


def test_only_what_effects_could_change_is_said_to_be_open_at_tables_evidence():
    said = {name: kind_of(name).flags_at_tables for name in KINDS}
    assert [name for name, flags in said.items() if flags] == ["effects", "pooled"]
    assert "whether it survives entity effects" in said["pooled"][0]
