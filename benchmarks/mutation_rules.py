"""The rules by which `mutants.py` changes one place of a Python file.

A candidate is one expression or statement and what stands there instead. Strings, annotations, error messages
(`raise` and `assert`) and imports are left alone: no test of a number should hang on them.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
OPPOSITES = {"low": "high", "high": "low", "min": "max", "max": "min", "any": "all", "all": "any"}
KEY = "Key"  # the class whose every part must be in what it makes
LEFT_ALONE = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.JoinedStr)
NO_NUMBER = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes
    ----------
    file : relative to the root of the checkout
    line, last_line : lines of the changed expression
    rule : name of the rule
    before, after : the changed expression in words of Python
    number : position among the candidates of the file
    within : the classes, functions and assigned names around the place, outermost first
    statement : first line of the statement around the place
    in_function : whether the place runs when a function is called, and not when the file is imported
    """

    file: str
    line: int
    last_line: int
    rule: str
    before: str
    after: str
    number: int
    within: tuple[str, ...]
    statement: int
    in_function: bool


def candidates(root: Path, file: str) -> list[Mutant]:
    """Every change of a file that the rules allow, in the order of its lines."""
    return [mutant for mutant, _ in _mutants(root, file)]


def mutated(root: Path, mutant: Mutant) -> ast.Module:
    """The syntax tree of the file with the change made."""
    return next(tree for one, tree in _mutants(root, mutant.file, mutant.number) if one == mutant)


def _mutants(root: Path, file: str, only: int | None = None) -> Iterator[tuple[Mutant, ast.Module]]:
    source = ast.parse((root / file).read_text(encoding="utf-8"))
    number = 0
    for place in _places(source, _Around((), 0, False)):
        for rule, new, gone in _changes(place.node):
            if only is None or only == number:
                at = gone if gone is not None else place.node
                line = getattr(at, "lineno", place.line)
                last = line if isinstance(at, ast.If) else getattr(at, "end_lineno", line)
                after = "nothing" if gone is not None else _short(ast.unparse(new))
                words = rule, _short(ast.unparse(at)), after
                mutant = Mutant(file, line, last, *words, number, *place.around)
                yield mutant, source if only is None else _replaced(source, place.node, new)
            number += 1


class _Around(NamedTuple):
    within: tuple[str, ...]
    statement: int
    in_function: bool


class _Place(NamedTuple):
    node: ast.expr | ast.stmt | ast.comprehension
    line: int
    around: _Around


def _places(node: ast.AST, around: _Around) -> Iterator[_Place]:
    if isinstance(node, LEFT_ALONE):
        return
    if isinstance(node, ast.stmt):
        around = around._replace(statement=node.lineno)
    match node:
        case ast.FunctionDef(name=name):
            around = around._replace(within=(*around.within, name), in_function=True)
        case ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
            around = around._replace(within=(*around.within, name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            around = around._replace(within=(*around.within, name))
        case ast.If(test=test) if "TYPE_CHECKING" in ast.unparse(test):
            return
    if isinstance(node, ast.expr | ast.stmt):
        yield _Place(node, node.lineno, around)
    if isinstance(node, ast.comprehension):
        yield _Place(node, node.iter.lineno, around)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params", "decorator_list", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _places(child, around)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST, ast.AST | None]]:
    """What each rule puts in the place of a node, and what is gone where only a part of it goes."""
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                if type(op) in COMPARISONS:
                    new = copy.copy(node)
                    new.ops = [*ops[:i], COMPARISONS[type(op)](), *ops[i + 1 :]]
                    yield "comparison", new, None
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            if not any(isinstance(side, NO_NUMBER) or _is_text(side) for side in (left, right)):
                yield "arithmetic", ast.BinOp(left, ARITHMETIC[type(op)](), right), None
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in ARITHMETIC:
            if not isinstance(value, NO_NUMBER) and not _is_text(value):
                yield "arithmetic", ast.AugAssign(target, ARITHMETIC[type(op)](), value), None
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value), None
        case ast.Constant(value=int(value)):
            yield "constant", ast.Constant(value + 1), None
            if value >= 4:
                yield "constant", ast.Constant(value // 2), None
        case ast.Constant(value=float(value)):
            yield "constant", ast.Constant(2 * value if value else 1.0), None
            if value:
                yield "constant", ast.Constant(value / 2), None
        case ast.BoolOp(op=op, values=values):
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values), None
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield "sign or not removed", operand, None
        case ast.If(test=test) | ast.IfExp(test=test) if not _negated_elsewhere(test):
            negated = copy.copy(node)
            negated.test = ast.UnaryOp(ast.Not(), test)
            yield "condition negated", negated, None
        case ast.comprehension() if node.ifs:
            yield "filter removed", ast.comprehension(node.target, node.iter, [], node.is_async), None
        case ast.Name(id=name, ctx=ast.Load()) if name in OPPOSITES:
            yield "opposite", ast.Name(OPPOSITES[name], ast.Load()), None
        case ast.Attribute(value=value, attr=name, ctx=ast.Load()) if name in OPPOSITES:
            yield "opposite", ast.Attribute(value, OPPOSITES[name], ast.Load()), None
        case ast.Return(value=ast.Tuple(elts=[first, second])):
            yield "pair swapped", ast.Return(ast.Tuple([second, first], ast.Load())), None
        case ast.Dict(keys=keys, values=values):
            for i in range(len(keys)):
                others = ast.Dict([*keys[:i], *keys[i + 1 :]], [*values[:i], *values[i + 1 :]])
                one = ast.Dict([keys[i]], [values[i]])
                yield "entry removed", others, ast.copy_location(one, keys[i] or values[i])
        case ast.Call(func=func, args=args, keywords=keywords):
            name = ast.unparse(func).split(".")[-1]
            for i, keyword in enumerate(keywords):
                rest = [*keywords[:i], *keywords[i + 1 :]]
                if name == KEY and not _is_empty(keyword.value):
                    emptied = ast.keyword(keyword.arg, ast.Constant(None))
                    yield "part of a key emptied", ast.Call(func, args, [*rest, emptied]), keyword
                elif keyword.arg is not None and not name[0].isupper():  # no object without its parts
                    yield "keyword dropped", ast.Call(func, args, rest), keyword
            two = len(args) == 2 and all(isinstance(a, ast.Name | ast.Attribute) for a in args)
            if two and ast.unparse(func) not in ("isinstance", "getattr", "hasattr"):
                yield "arguments swapped", ast.Call(func, args[::-1], keywords), None


def _negated_elsewhere(test: ast.expr) -> bool:
    """Whether another rule already turns this condition into its opposite."""
    opposite = ast.Eq | ast.NotEq | ast.Is | ast.IsNot | ast.In | ast.NotIn
    single = isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], opposite)
    return single or (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not))


def _is_empty(node: ast.expr) -> bool:
    return ast.unparse(node) in ("None", "{}", "()")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _replaced(source: ast.Module, old: ast.AST, new: ast.AST) -> ast.Module:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is old:
                return ast.copy_location(new, old) if hasattr(old, "lineno") else new
            return self.generic_visit(node)

    Replace().visit(source)
    return ast.fix_missing_locations(source)


def _short(text: str) -> str:
    """The first line of a text, or as much of it as a table shows."""
    line = text.splitlines()[0]
    return line if len(line) <= 200 else f"{line[:200]} …"
