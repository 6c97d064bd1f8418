"""A small fixest-style formula language, parsed and never evaluated.

    formula   := term '~' ( sum | '1' ) [ '|' sum ] [ '|' sum '~' sum ]
    sum       := term { '+' term }
    term      := name | 'log' '(' name ')'
    name      := letters, digits and underscores (any script), or `anything in backticks`

`y ~ x1 + x2 | entity + year | endogenous ~ iv1 + iv2`; `1` stands for no other regressor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InputError

TOKEN = re.compile(r"\s*(?:(?P<name>[^\W\d]\w*)|`(?P<quoted>[^`\n]+)`|(?P<mark>[~+|()]|1(?!\w))|(?P<bad>\S))")
MAX_LENGTH = 2_000


@dataclass(frozen=True)
class Term:
    """One term of a formula: a variable, perhaps in logarithms."""

    variable: str
    log: bool = False

    def __str__(self) -> str:
        return f"log({self.variable})" if self.log else self.variable


@dataclass(frozen=True)
class Formula:
    """A parsed formula; `effects` are column names, the rest are terms."""

    outcome: Term
    regressors: tuple[Term, ...]
    effects: tuple[str, ...] = ()
    endogenous: tuple[Term, ...] = ()
    instruments: tuple[Term, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        """Right-hand variables whose coefficients are estimated, endogenous ones first."""
        return self.endogenous + self.regressors

    @property
    def variables(self) -> tuple[str, ...]:
        """Every column that the formula reads, effects aside, without repetition."""
        used = (self.outcome, *self.terms, *self.instruments)
        return tuple(dict.fromkeys(t.variable for t in used))


def parse(text: str) -> Formula:
    """Parse a formula.

    Raises
    ------
    InputError
        With the position and the offending piece; nothing in the text is ever run.
    """
    if len(text) > MAX_LENGTH:
        raise InputError(f"formula of {len(text)} characters is longer than {MAX_LENGTH}: shorten it.")
    return _Parser(text).formula()


def parse_term(text: str) -> Term:
    """Parse a single term such as `log(GSP)`."""
    if len(text) > MAX_LENGTH:
        raise InputError(f"term of {len(text)} characters is longer than {MAX_LENGTH}: shorten it.")
    parser = _Parser(text)
    term = parser.term()
    parser.end()
    return term


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        for match in TOKEN.finditer(text):
            kind = match.lastgroup or ""
            if kind == "bad":
                raise self._error(
                    f"{match['bad']!r} at character {match.start('bad') + 1} is not part of a formula"
                )
            self.tokens.append(("name" if kind == "quoted" else kind, match[kind]))
        self.at = 0

    def _error(self, what: str) -> InputError:
        return InputError(
            f"formula {self.text!r}: {what}; write 'outcome ~ x1 + log(x2) | entity + year', "
            "with names and log() only."
        )

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, mark: str) -> None:
        if self.at >= len(self.tokens) or self.tokens[self.at] != ("mark", mark):
            raise self._error(f"{mark!r} expected, found {self.peek() or 'the end'!r}")
        self.at += 1

    def is_mark(self, mark: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] == ("mark", mark)

    def name(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
            raise self._error(f"a variable name expected, found {self.peek() or 'the end'!r}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def term(self) -> Term:
        name = self.name()
        if not self.is_mark("("):
            return Term(name)
        if name != "log":
            raise self._error(f"{name}(...) is a call, and only log() is allowed")
        self.take("(")
        variable = self.name()
        self.take(")")
        return Term(variable, log=True)

    def sum(self) -> tuple[Term, ...]:
        terms = [self.term()]
        while self.is_mark("+"):
            self.take("+")
            terms.append(self.term())
        return tuple(terms)

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise self._error(f"{self.peek()!r} is left over")

    def formula(self) -> Formula:
        outcome = self.term()
        self.take("~")
        regressors: tuple[Term, ...] = ()
        if self.is_mark("1"):
            self.take("1")
            if self.is_mark("+"):
                raise self._error("'1' stands alone, for no regressor")
        else:
            regressors = self.sum()
        effects: tuple[str, ...] = ()
        endogenous: tuple[Term, ...] = ()
        instruments: tuple[Term, ...] = ()
        while self.is_mark("|"):
            self.take("|")
            part = self.sum()
            if self.is_mark("~"):
                self.take("~")
                endogenous, instruments = part, self.sum()
                break
            if effects:
                raise self._error("a second '|' part must read 'endogenous ~ instruments'")
            if any(t.log for t in part):
                raise self._error("log() of an effect has no meaning")
            effects = tuple(t.variable for t in part)
        self.end()
        if not regressors and not endogenous:
            raise self._error(
                "'1' stands for no regressor, which only a formula with instruments can do without"
            )
        result = Formula(outcome, regressors, effects, endogenous, instruments)
        right = [str(t) for t in result.terms]
        if len(set(right)) < len(right):
            raise self._error("a variable stands twice on the right-hand side")
        if len(set(effects)) < len(effects):
            raise self._error("an effect stands twice")
        if str(outcome) in right:
            raise self._error(f"the outcome {outcome} stands on both sides")
        if len(instruments) < len(endogenous):
            raise self._error("there are fewer instruments than endogenous variables")
        return result
