"""Steps of a column as positions in a twin's balanced panel, and what no twin can follow."""

import pytest

from posterity.analyses.twins.columns import column_of
from posterity.analyses.twins.plan import entity_names
from posterity.analyses.twins.targets import UnmappedError
from posterity.data.study.file import read_study

from ...papers import HEAD, write_paper

SIZE = """entities = 6
periods = [2001, 2005]
[groups.region]
east = ["a", "b"]
west = ["c", "d"]
"""


def column(folder, steps):
    specs = f'[spec."T1.1"]\nformula = "y ~ x | city + year"\nsteps = [{steps}]\n'
    file = read_study(write_paper(folder, specs, "T1,1,x,0.5,0.2,,,,,,30,,y,\n", HEAD + SIZE) / "study.toml")
    found, names, rows = column_of(file, "T1.1", entity_names(file))
    assert names == ("y", "x")
    return found.steps, rows


@pytest.mark.parametrize(
    ("steps", "positions", "rows"),
    [
        ('{ keep = { region = "west" } }', (("entities", (2, 3)),), 2 * 5),
        ('{ drop = { region = "west" } }', (("entities", (0, 1, 4, 5)),), 4 * 5),
        ('{ drop = { region = "east" } }, { drop = { city = "c" } }',
         (("entities", (2, 3, 4, 5)), ("entities", (1, 2, 3))), 15),
        ("{ keep = { year = [2002, 2004] } }", (("times", (1, 3)),), 6 * 2),
        ('{ keep = { region = "east", year = [2001, 2002] } }', (("entities", (0, 1)), ("times", (0, 1))), 4),
        ("{ winsorise = [0.1, 0.9] }, { lag = { x = 2 } }", (("winsorise", 0.1, 0.9), ("lag", (0, 2))),
         6 * 3),
        ("{ drop = { year = 2001 } }, { lag = { x = 1 } }", (("times", (1, 2, 3, 4)), ("lag", (0, 1))),
         6 * 3),
        ("{ standardise = true }, { interpolate = true }", (("standardise",),), 6 * 5),
    ],
)  # fmt: skip
def test_positions_are_those_of_what_is_left(tmp_path, steps, positions, rows):
    assert column(tmp_path, steps) == (positions, rows)


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ('{ keep = { size = "large" } }', "does not tell"),
        ('{ drop = { region = ["east"], year = [2001] } }', "some periods only"),
        ("{ lag = { x = 1 } }, { drop = { year = 2005 } }", "follows its lag"),
        ("{ drop = { year = 2003 } }, { lag = { x = 1 } }", "an earlier step leaves out"),
    ],
)
def test_a_step_that_no_balanced_panel_follows_is_refused_in_words(tmp_path, steps, why):
    with pytest.raises(UnmappedError, match=why):
        column(tmp_path, steps)
