"""Contrast by WCAG 2.2, and verdicts that stay apart without red or green."""

import re
from itertools import combinations

import numpy as np
import pytest

from posterity.reports.page.first_screen import LETTERS
from posterity.reports.page.templating import TEMPLATES

CSS = (TEMPLATES / "report.css").read_text(encoding="utf-8")
VARIABLES = dict(re.findall(r"--([\w-]+): (#\w{6});", CSS))
WHITE = "#ffffff"
VERDICTS = ("holds", "shrinks", "grows", "uncertain", "reverses", "null-stands", "emerges", "not-reproduced")
LIGHT = ("uncertain", "null-stands")  # with dark letters
# Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1.0, on linear RGB
SIMULATED = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour):
    value = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """(L1 + 0.05) / (L2 + 0.05), https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    high, low = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    """CIELAB of linear sRGB, white D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089], 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_contrast_is_that_of_the_standard():
    """Black on white is 21:1; #767676 is the lightest grey that passes on white, 4.54:1 (WebAIM)."""
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.005)


def test_text_can_be_read():
    pairs = [
        (VARIABLES[name], ground)
        for name in ("ink", "quiet", "link")
        for ground in (WHITE, VARIABLES["tint"])
    ]
    pairs += [
        (VARIABLES["quiet"], "#e6e9ec"),
        ("#8a3b00", WHITE),
        *((VARIABLES["ink"], VARIABLES[name]) for name in LIGHT),
    ]
    pairs += [(WHITE, VARIABLES[name]) for name in VERDICTS if name not in LIGHT]
    chips = re.findall(r"\.chip\.[\w-]+ \{ color: (#\w{6}); background: (#\w{6});", CSS)
    assert len(chips) >= 6
    assert {pair: contrast(*pair) for pair in [*pairs, *chips] if contrast(*pair) < 4.5} == {}


@pytest.mark.parametrize("kind", [None, *SIMULATED])
def test_verdicts_stay_apart_for_every_eye(kind):
    """Fifteen in CIELAB is far beyond a just noticeable difference of 2.3; the letters differ besides."""
    seen = {
        v: lab(np.array(SIMULATED[kind]) @ linear(VARIABLES[v]) if kind else linear(VARIABLES[v]))
        for v in VERDICTS
    }
    apart = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(VERDICTS, 2)}
    assert min(apart.values()) > 15, apart
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_motion_can_be_declined():
    assert re.search(r"prefers-reduced-motion: reduce\) \{\s*html \{ scroll-behavior: auto", CSS)
