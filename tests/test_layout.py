"""The four rooms: what is packaged, which way imports flow, and how large a file and a folder may be."""

import ast
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("data", "models", "analyses", "reports")
FILES = sorted(path for room in (*ROOMS, "cli") for path in (ROOT / room).rglob("*.py"))
LINES, SIDE_BY_SIDE = 300, 15


def module_of(path: Path) -> tuple[str, ...]:
    """A file's name in dotted parts; that of a folder's `__init__` is the folder's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if path.name == "__init__.py" else parts


def imports_of(path: Path, modules: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """The modules that a file imports anywhere in it, within functions and for types alone too."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path)[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            named = (node.module or "").split(".") if node.module else []
            base = (*package[: len(package) - node.level + 1], *named)
            for alias in node.names:
                found.add((*base, alias.name) if (*base, alias.name) in modules else base)
    return (found & modules) - {module_of(path)}


def test_package_list_matches_the_folders():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {".".join(("posterity", *module_of(path))) for path in FILES if path.name == "__init__.py"}
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


def test_no_files_import_each_other_in_a_circle():
    modules = {module_of(path) for path in FILES}
    graph = {module_of(path): imports_of(path, modules) for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(".".join(module) for module in reversed(circle.args[1])))


def test_no_file_is_longer_than_a_reader_follows():
    long = {
        p.relative_to(ROOT).as_posix(): n
        for p in FILES
        if (n := len(p.read_text("utf-8").splitlines())) > LINES
    }
    assert not long


def test_no_folder_holds_more_files_than_a_reader_surveys():
    folders = {path.parent for path in FILES}
    counts = {f: sum(p.parent == f and p.name != "__init__.py" for p in FILES) for f in folders}
    assert not {f.relative_to(ROOT).as_posix(): n for f, n in counts.items() if n > SIDE_BY_SIDE}


def test_every_study_and_its_data_are_packaged():
    import posterity as po
    from posterity.analyses.study import shipped_studies

    for name in shipped_studies():
        assert po.load(name).file.published


def test_the_longest_tests_are_where_they_are_said_to_be():
    from .conftest import HERE, LONGEST

    assert not [name for name in LONGEST if not (HERE / name).exists()]
