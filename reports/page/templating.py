"""Jinja2 as the pages use it: every name from a study file is escaped, and nothing may be left undefined."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ...analyses.judge.diagnostics import LIMITS
from ..rows import factor, minus, probability, shorten

TEMPLATES = Path(__file__).parents[1] / "templates"
LONGEST = 60
UNBROKEN = re.compile(r" (?!\[|\(|to [^])]*$)")
HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]+")


@cache
def environment() -> Environment:
    """The environment, with the filters that templates share and the limits of the diagnostics."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "probability": probability,
        "factor": factor,
        "minus": minus,
        "parted": parted,
        "data": data_uri,
        "slug": lambda text: text.replace(" ", "-"),
        "short": lambda text: shorten(text, LONGEST),
        "named": named,
    }
    made.globals["limits"] = LIMITS
    return made


def rendered(template: str, **values: Any) -> Markup:
    """A part of a page, from a template."""
    return Markup(environment().get_template(template).render(**values))


def named(text: str, room: int | None = None) -> Markup:
    """A name from a file: apart from the direction of the text about it, and Chinese said to be Chinese."""
    escaped = str(escape(text if room is None else shorten(text, room)))
    spoken = HAN.sub(lambda run: f'<span lang="zh">{run[0]}</span>', escaped)
    return Markup(f"<bdi>{spoken}</bdi>")


def parted(text: str) -> str:
    """Numbers of a crowded table, where a line may break only before a bracket or a range."""
    return UNBROKEN.sub("\N{NO-BREAK SPACE}", text)


def data_uri(svg: bytes) -> str:
    """A picture inside the page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
