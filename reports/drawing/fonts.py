"""Fonts of every figure: one for Latin, what is installed for Chinese, a last one for any character."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

CJK = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Heiti SC",
    "Microsoft YaHei",
    "SimHei",
)
CJK_FILES = ("notosanscjk-regular", "notosanscjk-bold", "sourcehansans", "wqy")
LAST = (  # comes with matplotlib, which warns of what it must show unless it is asked for by name
    "Last Resort High-Efficiency"
)


@cache
def style() -> dict[Any, Any]:
    """Settings under which figures are made and saved: the same bytes for the same fit."""
    return {
        "font.family": ["DejaVu Sans", *_cjk_fonts(), LAST],
        "mathtext.fontset": "stix",
        "svg.hashsalt": "posterity",
        "svg.fonttype": "path",
        "axes.unicode_minus": True,
    }


def _cjk_fonts() -> list[str]:
    """Installed fonts with Chinese characters, also those that matplotlib's list does not have yet."""
    known = set(font_manager.get_font_names())
    if not known & set(CJK):
        for path in sorted(font_manager.findSystemFonts()):
            if Path(path).name.lower().startswith(CJK_FILES):
                font_manager.fontManager.addfont(path)
        known = set(font_manager.get_font_names())
    return [name for name in CJK if name in known]


@contextmanager
def quiet_fonts() -> Iterator[None]:
    """Silence matplotlib about fallback fonts that have no bold face."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def embedding(*figures: Figure) -> int:
    """PDF's font type: TrueType, or drawn glyphs where a text needs a Chinese font without such outlines."""
    texts = (text.get_text() for figure in figures for text in figure.findobj(Text))
    return 3 if any(east_asian_width(c) in "WF" for text in texts for c in text) else 42
