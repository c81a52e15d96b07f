"""No verdict, group, exit code or field of a document depends on the wording of a message."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories.probe_wheels import module, write_good, write_liar, write_wheel

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("multirt", "abi_probe", "runtimes")
_TEXTS = frozenset({"need", "here", "help", "hint", "message", "detail", "reason", "about"})
_ALL_TEXT = "multirt/report/explanations.py"  # every literal with a space is a message
_TEXT_KEYS = _TEXTS | {"full", "notes", "warnings"}  # of documents

_SCRIPTS = {
    "good.py": "print('x')\n",
    "syntax.py": "match 1:\n    case 1: pass\nexcept* x\n",
    "newer.py": "try:\n    pass\nexcept* ValueError:\n    pass\n",
    "stdlib.py": "import distutils, tomllib\n",
    "absent.py": "import absent_module_of_the_test\n",
    "exits.py": "import sys\nif sys.version_info < (99,):\n    sys.exit('too old')\n",
    "needs.py": "# /// script\n# requires-python = '>=3.99'\n# ///\n",
    "shebang.py": "#!/usr/bin/env python2.7\nprint 'x'\n",
}
_WHEELS = "*.whl"

_COMMANDS = [
    *(("explain", "--json", name) for name in _SCRIPTS),
    *(("explain", name) for name in _SCRIPTS),
    *(("run", name) for name in _SCRIPTS),
    ("run", "--ignore", "stdlib", "absent.py"),
    ("run", "--ignore", "requires-python", "needs.py"),
    ("run", "--python", "3.99d", "good.py"),
    ("run", "no_such_file.py"),
    ("explain", "--python", "no such spec", "good.py"),
    ("probe", "--json", _WHEELS),
    ("probe", _WHEELS),
    ("probe", "spam*.whl"),
    ("probe", "--all", "liar*.whl"),
    ("probe", "--strict", _WHEELS),
    ("probe", "--ignore", "tag", _WHEELS),
    ("probe", "--check", "3.7", _WHEELS),
    ("matrix", "list", "--json"),
    ("matrix", "list"),
    ("find", "3.99"),
    ("doctor",),
    ("list", "--all", "--json"),
]
_GROUPED = [("explain", "syntax.py"), ("explain", "stdlib.py"), ("probe", _WHEELS)]


class _Replacing(ast.NodeTransformer):
    """Replace the literals in messages by `x`.

    Messages are what errors are raised with, and what is given by a name of `_TEXTS`.
    """

    replaced = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        name = getattr(function, "id", getattr(function, "attr", ""))
        if name.endswith("Error"):
            node.args = [self._replace(each) for each in node.args]
        for each in node.keywords:
            if each.arg in _TEXTS:
                each.value = self._replace(each.value)
        return node

    def _replace(self, node: ast.expr) -> ast.expr:
        literals = _Literals()
        changed: ast.expr = literals.visit(node)
        self.replaced += literals.replaced
        return changed


class _Literals(ast.NodeTransformer):
    """Replace each literal by `x`, but no key and no operand of a comparison."""

    replaced = 0

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not isinstance(node.value, str) or " " not in node.value:
            return node
        self.replaced += 1
        return ast.Constant("x")

    def visit_JoinedStr(self, _node: ast.JoinedStr) -> ast.AST:
        self.replaced += 1
        return ast.Constant("x")

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node


@pytest.fixture(scope="module")
def without_texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packages, their messages replaced."""
    copy = tmp_path_factory.mktemp("packages")
    replaced = 0
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, copy / package, ignore=shutil.ignore_patterns("*.pyc"))
        for file in (copy / package).rglob("*.py"):
            tree = ast.parse(file.read_text())
            transformer = _Literals() if file == copy / _ALL_TEXT else _Replacing()
            file.write_text(ast.unparse(ast.fix_missing_locations(transformer.visit(tree))))
            replaced += transformer.replaced
    assert replaced > 500
    return copy


@pytest.mark.parametrize("arguments", _COMMANDS, ids=" ".join)
def test_what_is_decided_does_not_depend_on_texts(
    without_texts: Path,
    tmp_path: Path,
    cache: Path,
    quick_machine: dict[str, str],
    arguments: tuple[str, ...],
) -> None:
    for name, code in _SCRIPTS.items():
        (tmp_path / name).write_text(code)
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'tool'\nversion = '1'\nrequires-python = '>=3.12'\n"
    )
    write_good(tmp_path)
    write_liar(tmp_path)
    write_wheel(tmp_path, "eggs-1.0-cp39-cp39-linux_x86_64.whl", eggs=module(name="eggs"))
    expanded = [
        each
        for argument in arguments
        for each in (sorted(map(str, tmp_path.glob(argument))) if "*" in argument else [argument])
    ]
    with_texts, without = (
        _run(packages, expanded, tmp_path, {**quick_machine, "MULTIRT_CACHE_DIR": str(cache)})
        for packages in (_ROOT, without_texts)
    )
    assert without.returncode == with_texts.returncode
    if "--json" in arguments:
        assert _facts(json.loads(without.stdout)) == _facts(json.loads(with_texts.stdout))
    else:
        assert _groups(without.stdout) == _groups(with_texts.stdout)
        assert _groups(with_texts.stdout) or arguments[:2] not in _GROUPED


def _run(
    packages: Path, arguments: list[str], folder: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from multirt.cli import main"
    return subprocess.run(
        [sys.executable, "-I", "-c", f"{start}; sys.exit(main())", str(packages), *arguments],
        check=False,
        capture_output=True,
        cwd=folder,
        env={**os.environ, "COLUMNS": "1000", **variables},
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
    )


def _facts(document: object) -> object:
    """Return a document without its texts; of a list of them its length stays."""
    match document:
        case dict():
            return {
                key: _count(value) if key in _TEXT_KEYS else _facts(value)
                for key, value in document.items()
            }
        case list():
            return [*map(_facts, document)]
        case _:
            return document


def _count(value: object) -> int | bool:
    return len(value) if isinstance(value, list) else value is not None


def _groups(output: str) -> list[tuple[str, str]]:
    """Return the runtimes that share a row, and the artifacts that share a reason."""
    return re.findall(
        r"^ *[-+]? ?((?:CPython|PyPy|\d\.\d)[^:]*?)(?:  |:|$)|^ +(in .*)", output, re.MULTILINE
    )
