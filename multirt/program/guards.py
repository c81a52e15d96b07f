"""Evaluate the conditions in a program for one runtime. Pure."""

from __future__ import annotations

import ast
import operator
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

_FOR_CHECKERS = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING")
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
# What `sys` has on one implementation only.
_OWN_ATTRIBUTES = {"pypy_version_info": "pypy", "pyston_version_info": "pyston"}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


class RuntimeFacts(Struct, frozen=True, kw_only=True):
    """What conditions depend on in a runtime.

    Attributes:
        version: `sys.version_info` up to the micro version.
        implementation: which program interprets the language, as in `runtimes.Implementation`.
        own_name: `sys.implementation.name`.
        title: `platform.python_implementation()`.
        system: `sys.platform`.
        machine: `platform.machine()`.
    """

    version: tuple[int, int, int]
    implementation: str
    own_name: str
    title: str
    system: str
    machine: str


class _UnknownError(Exception):
    """A condition depends on more than the runtime."""


def mentions_runtime(test: ast.expr) -> bool:
    """Whether a condition asks for anything that differs between runtimes."""
    known = _values(
        RuntimeFacts(
            version=(0, 0, 0), implementation="", own_name="", title="", system="", machine=""
        )
    )
    return any(
        isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
        and (ast.unparse(node) in known or _attribute_of_sys(node) is not None)
        for node in ast.walk(test)
    )


def evaluate_guard(test: str, facts: RuntimeFacts) -> bool | None:
    """Return what a condition gives on a runtime, None when that is not known."""
    try:
        return bool(_value(_parsed(test), _values(facts), facts))
    except (_UnknownError, TypeError, IndexError, ValueError, RecursionError):
        return None


@cache
def _parsed(test: str) -> ast.expr:
    return ast.parse(test, mode="eval").body


@cache
def _values(facts: RuntimeFacts) -> dict[str, object]:
    """Return what the names and calls give that conditions are made of."""
    major, minor, micro = facts.version
    info = (major, minor, micro, "final", 0)
    return {
        **dict.fromkeys(("sys.version_info", "version_info"), info),
        "sys.version_info.major": major,
        "sys.version_info.minor": minor,
        "sys.version_info.micro": micro,
        "sys.hexversion": major << 24 | minor << 16 | micro << 8 | 0xF0,
        "sys.platform": facts.system,
        "sys.implementation.name": facts.own_name,
        "os.name": "nt" if facts.system == "win32" else "posix",
        "platform.system()": _SYSTEMS.get(facts.system, facts.system),
        "platform.machine()": facts.machine,
        "platform.python_implementation()": facts.title,
        "six.PY2": major == 2,  # noqa: PLR2004 - the language's two major versions
        "six.PY3": major == 3,  # noqa: PLR2004 - a version
        **dict.fromkeys(_FOR_CHECKERS, False),
    }


def _value(node: ast.expr, known: dict[str, object], facts: RuntimeFacts) -> object:
    """Evaluate an expression.

    Raises:
        _UnknownError: it depends on more than the runtime.
    """
    text = ast.unparse(node)
    if text in known:
        return known[text]
    result: object
    match node:
        case ast.BoolOp():
            result = _connected(node, known, facts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            result = not _value(operand, known, facts)
        case ast.Compare():
            result = _compared(node, known, facts)
        case ast.Constant():
            result = node.value
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            result = tuple(_value(each, known, facts) for each in items)
        case ast.Subscript():
            result = _item(_value(node.value, known, facts), node.slice, known, facts)
        case ast.Call():
            result = _called(node, known, facts)
        case _:
            raise _UnknownError
    return result


def _connected(node: ast.BoolOp, known: dict[str, object], facts: RuntimeFacts) -> bool:
    """Evaluate `and` and `or`, of which one side may settle it."""
    settles = isinstance(node.op, ast.Or)
    unknown = False
    for each in node.values:
        try:
            if bool(_value(each, known, facts)) is settles:
                return settles
        except _UnknownError:
            unknown = True
    if unknown:
        raise _UnknownError
    return not settles


def _compared(node: ast.Compare, known: dict[str, object], facts: RuntimeFacts) -> bool:
    left = _value(node.left, known, facts)
    for sign, each in zip(node.ops, node.comparators, strict=True):
        right = _value(each, known, facts)
        if type(sign) not in _COMPARE:
            raise _UnknownError
        if not _COMPARE[type(sign)](left, right):
            return False
        left = right
    return True


def _item(value: object, index: ast.expr, known: dict[str, object], facts: RuntimeFacts) -> object:
    """Return an item or a slice of a tuple or a text."""
    if not isinstance(value, tuple | str):
        raise _UnknownError
    if isinstance(index, ast.Slice):
        bounds: list[Any] = [
            _value(each, known, facts) if each is not None else None
            for each in (index.lower, index.upper, index.step)
        ]
        return value[slice(*bounds)]
    position = _value(index, known, facts)
    if not isinstance(position, int):
        raise _UnknownError
    return value[position]


def _called(node: ast.Call, known: dict[str, object], facts: RuntimeFacts) -> bool:
    """Evaluate `text.startswith(...)` and `hasattr(sys, ...)`."""
    attribute = _attribute_of_sys(node)
    if attribute is not None:
        return _OWN_ATTRIBUTES[attribute] == facts.implementation
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("startswith", "endswith"):
        text = _value(node.func.value, known, facts)
        part = _value(node.args[0], known, facts) if len(node.args) == 1 else None
        if isinstance(text, str) and isinstance(part, str | tuple):
            return bool(getattr(text, node.func.attr)(part))
    raise _UnknownError


def _attribute_of_sys(node: ast.AST) -> str | None:
    """Return the name in `hasattr(sys, "pypy_version_info")`, None for what all may have."""
    match node:
        case ast.Call(
            func=ast.Name(id="hasattr"),
            args=[ast.Name(id="sys"), ast.Constant(value=str(name))],
        ) if name in _OWN_ATTRIBUTES:
            return name
        case _:
            return None
