"""Write the newest versions that the ranges of pyproject.toml allow into it, as uv's exact constraints:

    python .ci/versions.py

The Python that runs it needs uv. Run the tests before you commit what it wrote: the constraints are the
versions that the tests passed with.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
TABLES = ("constraint-dependencies", "build-constraint-dependencies")
EVERYTHING = ("--all-extras", "--all-groups", "--no-emit-project", "--no-hashes")
PLAIN = ("--no-header", "--no-annotate")


def main() -> None:
    text = PROJECT.read_text(encoding="utf-8")
    before = tomllib.loads(text)
    for table, found in zip(TABLES, newest(written(text, {table: [] for table in TABLES})), strict=True):
        text = written(text, {table: found})
        old = {_name(line): line for line in before["tool"]["uv"][table]}
        for line in found:
            if old.get(_name(line)) != line:
                sys.stdout.write(f"{old.get(_name(line), 'new')} -> {line}\n")
    PROJECT.write_text(text, encoding="utf-8")


def newest(project: str) -> tuple[list[str], list[str]]:
    """The newest versions that a project file without constraints allows: its packages, then its build's."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(project, encoding="utf-8")
        packages = _uv("export", "--project", folder, *EVERYTHING, *PLAIN)
        build = "\n".join(tomllib.loads(project)["build-system"]["requires"])
        return packages, _uv("pip", "compile", "--no-config", "--universal", *PLAIN, "-", given=build)


def written(text: str, tables: dict[str, list[str]]) -> str:
    """The text of a project file with these constraints in place of its own."""
    for table, lines in tables.items():
        listed = "".join(f"    {_quoted(line)},\n" for line in lines)
        text = re.sub(
            rf"^{table} = \[\n.*?^\]", f"{table} = [\n{listed}]", text, flags=re.MULTILINE | re.DOTALL
        )
    return text


def _name(line: str) -> str:
    """A package's name with its marker, for a package may stand in two versions, each for its Python."""
    name, _, rest = line.partition("==")
    return f"{name};{rest.partition(';')[2]}"


def _quoted(line: str) -> str:
    return '"' + line.replace('"', "'") + '"'


def _uv(*arguments: str, given: str | None = None) -> list[str]:
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True)
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


if __name__ == "__main__":
    main()
