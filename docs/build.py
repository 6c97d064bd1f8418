"""The documentation as HTML, with one command:

    python docs/build.py                     docs/_build/html/index.html, with a gallery of the three studies
    python docs/build.py --without-gallery   the pages alone

The gallery runs the three studies that come with posterity and takes its sentences from their summaries.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
STUDIES = ("munnell-1990", "liu-li-2025", "bashlai-2026")
KEPT = ("report.html", "summary.pdf", "summary.md", "comparison.csv")
SENTENCE = "The reports of the three studies that come with posterity, as `python docs/build.py` made them.\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--without-gallery", action="store_true")
    parser.add_argument("--draws", type=int, default=1000)
    arguments = parser.parse_args()
    shutil.rmtree(HERE / "_build", ignore_errors=True)
    shutil.rmtree(HERE / "_extra", ignore_errors=True)
    (HERE / "_extra").mkdir()
    page = ["# Gallery\n", SENTENCE]
    for study in () if arguments.without_gallery else STUDIES:
        page += _study(study, arguments.draws)
    (HERE / "gallery.md").write_text("\n".join(page), encoding="utf-8")
    (HERE / "reference" / "commands.md").write_text(_commands(), encoding="utf-8")
    html = HERE / "_build" / "html"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", str(HERE), str(html)], check=True
    )
    sys.stdout.write(f"{html / 'index.html'}\n")


def _study(study: str, draws: int) -> list[str]:
    """A study's part of the gallery; its files go beside the pages."""
    runs = HERE / "_build" / "runs"
    command = [sys.executable, "-m", "posterity.cli", "run", study, "--draws", str(draws), "--out", str(runs)]
    subprocess.run(command, check=True)
    to = HERE / "_extra" / "gallery" / study
    to.mkdir(parents=True)
    for name in KEPT:
        shutil.copy(runs / study / name, to / name)
    figures = runs / study / "figures"
    figure = figures / "overview.svg" if (figures / "overview.svg").exists() else min(figures.glob("T*.svg"))
    shutil.copy(figure, to / "figure.svg")
    title, _, rest = (to / "summary.md").read_text(encoding="utf-8").partition("\n")
    answer = next(line for line in rest.splitlines() if line.startswith("**Of "))
    label = next(line for line in rest.splitlines() if line.startswith("*posterity"))
    links = ", ".join(f"[{name}](gallery/{study}/{name})" for name in KEPT)
    picture = (
        f'<p><a href="gallery/{study}/report.html"><img src="gallery/{study}/figure.svg" '
        f'alt="{study}: '
        'published and posterior"></a></p>\n'
    )
    return [f"#{title}\n", f"{label}\n", f"{answer}\n", picture, f"{links}\n"]


def _commands() -> str:
    """What every command says of itself."""
    from typer.main import get_command

    from posterity.cli import app

    group = get_command(app)
    parts = ["# Commands\n", "`STUDY` is a name, or the path of a TOML file or of a folder that holds "
                             "`study.toml`. "
             "Exit status 0 on success, 2 on a user's error, which is told in one sentence.\n"]  # fmt: skip
    for name, command in vars(group)["commands"].items():
        parts += [f"## {name}\n", f"{command.help}\n", "| option | meaning |", "|---|---|"]
        for parameter in command.params:
            shown = (
                ", ".join(parameter.opts)
                if parameter.opts[0].startswith("-")
                else (parameter.metavar or parameter.name)
            )
            meaning = (getattr(parameter, "help", None) or "").replace("|", "\\|")
            default = parameter.default
            plain = (
                default if isinstance(default, (str, int, float)) and not isinstance(default, bool) else None
            )
            parts.append(
                f"| `{shown.replace('|', ' or ')}` | "
                f"{meaning}{f' (default {plain})' if plain is not None else ''} |"
            )
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
