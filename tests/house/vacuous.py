"""Reads tests and says where one cannot fail: what it asserts only sometimes, of nothing, or of itself.

It knows no types: a condition is fair when the test's author decided it (a parameter, a table written out in the
test), a loop when there is surely something in it (written out, a range, `some(…)`, or something is asserted of
the same name). Coroutines that nobody awaits are found by pytest itself, where every warning is an error.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
AS_MANY = {
    "enumerate",
    "sorted",
    "list",
    "set",
    "tuple",
    "reversed",
    "iter",
    "zip",
    "frozenset",
    "dict",
    "product",
}
OF_A_DICT = {"items", "values", "keys", "copy"}
SURE = {"range", "some"}


@dataclass(frozen=True, slots=True)
class Found:
    """A place, and what is wrong with it. where: file::function."""

    where: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line} {self.what}"


def read(text: str, name: str) -> list[Found]:
    """What is wrong with a file's functions."""
    readings = (_Reading(function, f"{name}::{function.name}") for function in _functions_of(text))
    return [one for reading in readings for one in reading.read()]


def idle(texts: Mapping[str, str]) -> list[str]:
    """file::function of every test that asserts nothing, nor calls anything in these files that does."""
    known = {(name, one.name): one for name, text in texts.items() for one in _functions_of(text)}
    at_work = {one.name for one in known.values() if any(map(_is_assertion, ast.walk(one)))}
    while more := {one.name for one in known.values() if one.name not in at_work and _calls(one) & at_work}:
        at_work |= more
    return [f"{name}::{test}" for name, test in known if test.startswith("test_") and test not in at_work]


def _is_assertion(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("pytest.raises", "pytest.fail")
    return isinstance(node, ast.Assert)


def _calls(function: Function) -> set[str]:
    found = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {one.attr if isinstance(one, ast.Attribute) else ast.unparse(one) for one in found}


@functools.cache
def _functions_of(text: str) -> tuple[Function, ...]:
    return tuple(functions(ast.parse(text)))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function of a file, also those inside others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@dataclass(slots=True)
class _Reading:
    """One function. given: names whose values the author chose; named: those that surely hold something."""

    function: Function
    where: str
    found: list[Found] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    drawn: bool = False  # by hypothesis, which comes to both sides of an if and of a try

    def read(self) -> list[Found]:
        self.given = {one.arg for one in ast.walk(self.function.args) if isinstance(one, ast.arg)}
        self.drawn = any("given" in ast.unparse(one) for one in self.function.decorator_list)
        asserted = [node.test for node in _own(self.function) if isinstance(node, ast.Assert)]
        self.named = {name for test in asserted if not _holds_for_nothing(test) for name in _names(test)}
        for node in _own(self.function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple | ast.List) and node.value.elts:
                self.named |= {name for target in node.targets for name in _names(target)}
        self._walk(self.function.body, "")
        return self.found

    def _say(self, node: ast.AST, what: str) -> None:
        self.found.append(Found(self.where, getattr(node, "lineno", 0), what))

    def _walk(self, body: list[ast.stmt], when: str) -> None:
        """when: under what condition all this happens; "" = surely."""
        for node in body:
            if isinstance(node, ast.Assert):
                self._assert(node, when)
            elif isinstance(node, ast.If):
                self._if(node, when)
            elif isinstance(node, ast.For | ast.AsyncFor):
                self._for(node, when)
            elif isinstance(node, ast.Try):
                self._try(node, when)
            elif isinstance(node, ast.With | ast.AsyncWith):
                hushed = any("suppress" in ast.unparse(item.context_expr) for item in node.items)
                self._walk(node.body, when or ("where its failure is suppressed" if hushed else ""))
            elif isinstance(node, ast.While):
                self._walk(node.body, when)

    def _assert(self, node: ast.Assert, when: str) -> None:
        if when:
            self._say(node, f"asserts only {when}")
        if _is_always_true(node.test):
            self._say(node, "asserts what is always true")
        for one in ast.walk(node.test):
            if isinstance(one, ast.Call) and ast.unparse(one.func) == "all" and not self._is_sure(one.args[0]):
                self._say(node, "asserts something of all of what may be none")

    def _for(self, node: ast.For | ast.AsyncFor, when: str) -> None:
        if _is_written_out(node.iter):
            self.given |= _names(node.target)
        sure = self.drawn or self._is_sure(node.iter)
        self._walk(node.body, when or ("" if sure else "in a loop over what may be empty"))

    def _if(self, node: ast.If, when: str) -> None:
        asked = any(isinstance(one, ast.Call) for one in ast.walk(node.test))
        chosen = not asked and all(name in self.given or name.isupper() for name in _names(node.test))
        fair = self.drawn or chosen or (_asserts(node.body) and _asserts(node.orelse))
        self._walk(node.body, when or ("" if fair else "under an if"))
        self._walk(node.orelse, when or ("" if fair else "under an else"))

    def _try(self, node: ast.Try, when: str) -> None:
        quiet = any(isinstance(one.body[0], ast.Pass | ast.Continue) for one in node.handlers)
        refused = any(_asserts(one.body) for one in node.handlers)
        fair = self.drawn or (refused and _asserts(node.body + node.orelse))
        self._walk(node.body, when or ("where its failure is passed over" if quiet else ""))
        for handler in node.handlers:
            self._walk(handler.body, when or ("" if fair else "in an except"))
        self._walk(node.orelse, when or ("" if fair else "in an else of a try"))
        self._walk(node.finalbody, when)

    def _is_sure(self, given: ast.expr) -> bool:
        """Whether there is something in it, or the test says so elsewhere."""
        if isinstance(given, ast.GeneratorExp | ast.ListComp | ast.SetComp):
            return not given.generators[0].ifs and self._is_sure(given.generators[0].iter)
        if isinstance(given, ast.Tuple | ast.List | ast.Set):
            return bool(given.elts)
        if isinstance(given, ast.IfExp):
            return self._is_sure(given.body) and self._is_sure(given.orelse)
        if isinstance(given, ast.BinOp):
            return self._is_sure(given.left) or self._is_sure(given.right)
        if isinstance(given, ast.Call):
            return self._is_sure_call(given)
        return any(name in self.named or name.isupper() for name in _names(given)) or _is_written_out(given)

    def _is_sure_call(self, call: ast.Call) -> bool:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        if name in OF_A_DICT and isinstance(call.func, ast.Attribute):
            return self._is_sure(call.func.value)
        return name in SURE or (name in AS_MANY and any(self._is_sure(one) for one in call.args))


def _own(function: Function) -> Iterator[ast.AST]:
    """Its nodes, without those of functions inside it."""
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            left.extend(ast.iter_child_nodes(node))


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _asserts(body: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Assert) for one in body for node in ast.walk(one))


def _is_written_out(given: ast.expr) -> bool:
    """A table in the test itself: tuples, constants, ranges, and what is made of these."""
    if isinstance(given, ast.Tuple | ast.List | ast.Dict):
        return True
    if isinstance(given, ast.Call) and ast.unparse(given.func) in AS_MANY:
        return any(_is_written_out(one) for one in given.args)
    return all(name.isupper() or name in AS_MANY or name == "range" for name in _names(given))


def _holds_for_nothing(test: ast.expr) -> bool:
    """`all(…)`, `not any(…)`, `not …`: true of an empty list too."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return True
    return isinstance(test, ast.Call) and ast.unparse(test.func) == "all"


def _is_always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple):
        return bool(test.elts)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(_is_always_true(one) for one in test.values)
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE):
        asked = any(isinstance(one, ast.Call) for one in ast.walk(test))  # two calls may differ
        return not asked and ast.dump(test.left) == ast.dump(test.comparators[0])
    return False
