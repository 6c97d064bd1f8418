"""What one would have to believe beforehand for a conclusion on a slope to fall, in words."""

from __future__ import annotations

import math
from typing import Any

from ....analyses.robustness.priors.power_scaling import SENSITIVE
from ...rows import MINUS, NOTHING, power

OVER = 1e6


def sentence(record: dict[str, Any]) -> str:
    """What one would have to believe, in words."""
    unit = "sd" if record["standardised"] else "in the paper's units"
    tip = record["tipping"]
    if tip is None:
        said = "No normal prior centred at 0, however wide, makes the interval exclude 0; "
        said += (
            f"{_sign(record)} only for whoever held it at odds of {odds_in_words(record['odds']['run'])} or"
            " better beforehand."
        )
    else:
        belief = f"|slope| is below {three_digits(tip['belief'])} {unit}"
        if record["standardised"]:
            belief += f" ({three_digits(tip['effect'])} on the paper's scale)"
        said = f"The sign stands unless you believed beforehand, with 95% probability, that {belief}; "
        said += f"it is 97.5% probable from prior odds of {odds_in_words(record['odds']['run'])} for it."
    if record["prior_driven"]:
        said += " Prior-driven: "
        many = record["reasonable"]
        senses = (record["psense"], record["psense_all"] or record["psense"])
        weak = any(s["prior"] >= SENSITIVE and s["likelihood"] <= s["prior"] for s in senses)
        why = [
            w
            for w, holds in (
                ("the data say no more of it than the prior does", weak),
                (f"reasonable priors give {' and '.join(many)}", len(many) > 1),
            )
            if holds
        ]
        said += ", and ".join(why) + "."
    return said


def _sign(record: dict[str, Any]) -> str:
    return f"a {'positive' if record['odds']['sign'] > 0 else 'negative'} slope is settled"


def odds_in_words(value: float | None) -> str:
    if value is None:
        return "more than a million to 1"
    if value >= 1:
        return f"{three_digits(value)} to 1" if value < OVER else "more than a million to 1"
    return f"1 to {three_digits(1 / value)}" if value > 1 / OVER else "1 to a million or less"


def three_digits(value: float) -> str:
    """Three significant digits with a proper minus."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else NOTHING
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -5:
        return f"{value / 10**exponent:.1f} × {power(exponent)}".replace("-", MINUS)
    return f"{value:.{max(0, 2 - exponent)}f}".replace("-", MINUS)
