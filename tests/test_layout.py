"""The four rooms: what is packaged, and which way imports flow."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("data", "models", "analyses", "reports")


def test_package_list_matches_the_folders():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(("posterity", *path.parent.relative_to(ROOT).parts))
        for room in (*ROOMS, "cli")
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert set(listed) == {"posterity", *found}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_the_rooms_before_it(room):
    later = ROOMS[ROOMS.index(room) + 1 :]
    for path in (ROOT / room).rglob("*.py"):
        depth = len(path.relative_to(ROOT).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == depth:
                assert (node.module or "").split(".")[0] not in later, f"{path}: {ast.unparse(node)}"
            assert not (
                isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "posterity"
            ), path


def test_every_study_and_its_data_are_packaged():
    import posterity as po
    from posterity.analyses.study import shipped_studies

    for name in shipped_studies():
        assert po.load(name).file.published
