"""What this Python compiles, every newer CPython compiles too, so none has to be asked."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from multirt.program.model import SourceFile
from multirt.selection.compile_check import is_known_to_compile, query_runtime
from runtimes import interrogate
from tests.factories.runtimes import described

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Require = Callable[[str], Path]

# Each with the first version that compiles it; None for what no version does.
_CONSTRUCTS = {
    "print(f'{1}')": (3, 6),
    "async def f():\n    return [x async for x in y]": (3, 6),
    "x: int = 1": (3, 6),
    "from __future__ import annotations": (3, 7),
    "f = lambda a, /, b: a": (3, 8),
    "if (n := 1): pass": (3, 8),
    "print(f'{1=}')": (3, 8),
    "@(lambda f: f)\ndef g(): pass": (3, 9),
    "with (open('a') as a, open('b') as b): pass": (3, 9),
    "match 1:\n    case [x, *_]: pass": (3, 10),
    "try: pass\nexcept* ValueError: pass": (3, 11),
    "x = y[*z]": (3, 11),
    "type X = int": (3, 12),
    "def f[T](x: T): return x": (3, 12),
    "print(f'{'nested'}')": (3, 12),
    "class C[T = int]: pass": (3, 13),
    "try: pass\nexcept ValueError, TypeError: pass": (3, 14),
    "x = t'{y}'": (3, 14),
    "def f():\n    try: pass\n    finally: return 1": (3, 6),
    "x = '\\d'": (3, 6),
    "x = 1if 1else 2": (3, 6),
    "assert (1, 'text')": (3, 6),
    "x = 1 is 1": (3, 6),
    "match = case = type = 1": (3, 6),
    "lazy = 1\nlazy": (3, 6),
    "async = 1": None,
    "print 'two'": None,
    "return": None,
    "break": None,
    "def f():\n    global x\n    x = 1\n    nonlocal y": None,
    "def f(a, a): pass": None,
    "x = 1\ndef f():\n    x = 1\n    global x": None,
    "nonlocal x": None,
    "from __future__ import nothing": None,
    "f() = 1": None,
    "await x": None,
    "class C:\n    yield = 1": None,
    "[*a] += 1": None,
    "x = 0777": None,
    "\tif 1:\n        pass": None,
}
_NEWER = [f"3.{minor}" for minor in range(sys.version_info[1], 16)]


@pytest.mark.real
@pytest.mark.parametrize("name", _NEWER)
def test_what_is_known_to_compile_does_so_on_newer_versions(
    require: Require, tmp_path: Path, name: str
) -> None:
    runtime = described(f"{name}.0")
    known = [
        text
        for text in _CONSTRUCTS
        if is_known_to_compile(
            SourceFile(file=tmp_path / "a.py", content=text.encode(), certain=True), runtime
        )
    ]
    assert len(known) >= len(
        [since for since in _CONSTRUCTS.values() if since and since <= (3, 11)]
    )
    check = (
        "import sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "for text in eval(sys.stdin.read()): compile(text, 'a', 'exec')\n"
    )
    subprocess.run([require(name), "-c", check], input=repr(known), text=True, check=True)


@pytest.mark.parametrize("text", [text for text, since in _CONSTRUCTS.items() if since is None])
def test_what_no_version_compiles_is_never_known(tmp_path: Path, text: str) -> None:
    source = SourceFile(file=tmp_path / "a.py", content=text.encode(), certain=True)
    assert not is_known_to_compile(source, described("3.15.0"))


def test_an_older_or_another_implementation_is_asked(tmp_path: Path) -> None:
    source = SourceFile(file=tmp_path / "a.py", content=b"x = 1", certain=True)
    assert is_known_to_compile(source, described("3.15.0"))
    assert not is_known_to_compile(source, described("3.8.0"))
    assert not is_known_to_compile(source, described("pypy 3.15.0"))
    compiled = SourceFile(file=tmp_path / "a.pyc", content=b"x = 1", certain=True)
    assert not is_known_to_compile(compiled, described("3.15.0"))


@pytest.mark.parametrize("name", ["3.8", "3.14", "pypy3.11", "pyodide"])
def test_a_long_program_reaches_the_runtime_in_full(
    name: str, require: Require, tmp_path: Path
) -> None:
    runtime = interrogate(require(name), env=dict(os.environ), timeout=60)
    lines = "".join(f"value_{number} = {number}\n" for number in range(3000))
    good = SourceFile(file=tmp_path / "good.py", content=lines.encode(), certain=True)
    bad = SourceFile(
        file=tmp_path / "bad.py", content=f"{lines}value_1 = = 2\n".encode(), certain=True
    )
    replies = query_runtime(runtime, [good, bad], [], cache_dir=tmp_path, env=dict(os.environ))
    assert replies.complete
    assert {file.name: refusal.line for file, refusal in replies.refused.items()} == {
        "bad.py": 3001
    }
