"""Examples in docstrings run and print what they say; every public name has one."""

from __future__ import annotations

import doctest
import inspect

import pytest

import posterity as po

EXACT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(autouse=True)
def reader(tmp_path, monkeypatch):
    """A reader in an empty folder, whose figures are drawn and not shown."""
    import matplotlib
    import matplotlib.pyplot as plt

    matplotlib.use("agg")
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


@pytest.mark.parametrize("name", po.__all__)
def test_the_example_of_a_public_name_is_true(name):
    docstring = inspect.getdoc(getattr(po, name)) or ""
    assert "\nExamples\n--------\n" in docstring
    example = doctest.DocTestParser().get_doctest(docstring, {}, f"posterity.{name}", None, None)
    assert any(name in line.source for line in example.examples)
    told: list[str] = []
    doctest.DocTestRunner(optionflags=EXACT).run(example, out=told.append)
    assert not told, "".join(told)
