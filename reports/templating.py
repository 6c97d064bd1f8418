"""Jinja2 as the pages use it: every name from a study file is escaped, and nothing may be left undefined."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .rows import factor, probability, shorten

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 60


@cache
def environment() -> Environment:
    """The environment, with the filters that templates share."""
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
        "data": data_uri,
        "slug": lambda text: text.replace(" ", "-"),
        "short": lambda text: shorten(text, LONGEST),
    }
    return made


def rendered(template: str, **values: Any) -> Markup:
    """A part of a page."""
    return Markup(environment().get_template(template).render(**values))


def data_uri(svg: bytes) -> str:
    """A picture inside the page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
