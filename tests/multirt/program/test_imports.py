"""Which modules a file imports, and under which conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from multirt.program.imports import read_imports
from multirt.program.model import Guard

_FILE = Path("/x/script.py")


def _surely(source: str, package: str | None = None) -> set[str]:
    """Return what is certainly imported, with members and conditions as people write them."""
    found = set()
    for each in read_imports(source, _FILE, package).imports:
        guards = [
            f"without {','.join(guard.missing)}"
            if guard.missing
            else f"{'' if guard.wanted else 'not '}{guard.test}"
            for guard in each.guards
        ]
        if each.certain:
            found.add(" if ".join([":".join([each.name, *each.members]), *guards]))
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("from a.b import c, d", {"a.b:c:d"}, id="members"),
        pytest.param("from a import *", {"a"}, id="star"),
        pytest.param(
            "import sys\nif sys.version_info < (3,):\n import a\nelse:\n import b",
            {"sys", "a if sys.version_info < (3,)", "b if not sys.version_info < (3,)"},
            id="version",
        ),
        pytest.param(
            "PY2 = sys.version_info[0] == 2\nif PY2:\n import a",
            {"a if sys.version_info[0] == 2"},
            id="named condition",
        ),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n import b", {"b if without a"}, id="instead"
        ),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n raise SystemExit('install a')",
            {"a"},
            id="a handler that ends",
        ),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n print('a?')\n sys.exit(1)", {"a"}, id="exit"
        ),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n sys.exit(0)", set(), id="exit without error"
        ),
        pytest.param("with suppress(ImportError):\n import a", set(), id="suppress"),
        pytest.param(
            "with contextlib.suppress(OSError):\n import a", {"a"}, id="suppress another error"
        ),
        pytest.param("with open(f):\n import a", {"a"}, id="another context"),
        pytest.param("for x in y:\n import a", set(), id="loop"),
        pytest.param("while x:\n import a", set(), id="while"),
        pytest.param("match x:\n case 1:\n  import a", set(), id="match"),
        pytest.param("def f():\n import a\nasync def g():\n import b", set(), id="functions"),
        pytest.param("try:\n import a\nexcept* ImportError:\n pass", set(), id="group of errors"),
        pytest.param("if __name__ == '__main__':\n import a", {"a"}, id="main"),
        pytest.param("importlib.import_module('a.b')", {"a.b"}, id="by a function"),
        pytest.param("x = __import__('a') or 1", set(), id="by a function, perhaps"),
        pytest.param("importlib.import_module(name)", set(), id="by a name"),
        pytest.param("assert x, importlib.import_module('a')", set(), id="in an assert"),
    ],
)
def test_what_is_certain(source: str, expected: set[str]) -> None:
    assert _surely(source) == expected


def test_relative_imports_start_from_the_package() -> None:
    source = "from . import a\nfrom .b import c\nfrom .. import d\nfrom ..e.f import g"
    assert _surely(source, "p.q") == {"p.q:a", "p.q.b:c", "p:d", "p.e.f:g"}
    assert _surely(source, None) == set()
    assert _surely("if __name__ == '__main__':\n import a", "p") == set()


@pytest.mark.parametrize(
    ("source", "guard"),
    [
        pytest.param(
            "if sys.version_info < (3, 8):\n print(1)\n sys.exit('old')",
            Guard(test="sys.version_info < (3, 8)"),
            id="exit",
        ),
        pytest.param(
            "if sys.platform == 'win32': raise SystemExit(1)",
            Guard(test="sys.platform == 'win32'"),
            id="raise",
        ),
        pytest.param(
            "assert sys.version_info >= (3, 8)",
            Guard(test="sys.version_info >= (3, 8)", wanted=False),
            id="assert",
        ),
    ],
)
def test_a_program_that_ends_itself(source: str, guard: Guard) -> None:
    (found,) = read_imports(source, _FILE, None).exits
    assert found.guards == (guard,)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import urllib2\nprint 1", {"urllib2"}, id="2.7"),
        pytest.param("import a.b as c, d  # e\nprint 1", {"a.b", "d"}, id="several"),
        pytest.param("from a import (b,\n c)\nprint 1", {"a:b"}, id="brackets"),
        pytest.param("import a; import b\nprint 1", {"a", "b"}, id="one line"),
        pytest.param("try:\n    import a\nexcept X, e: pass", set(), id="indented"),
        pytest.param("'''\nimport a\n'''\nprint 1", set(), id="literal"),
        pytest.param("lazy import a\nlazy from b import c", set(), id="lazy"),
        pytest.param("import\nfrom\nimport 1, -\nprint 1", set(), id="broken"),
    ],
)
def test_files_of_another_version_are_read_by_their_lines(source: str, expected: set[str]) -> None:
    assert _surely(source) == expected
