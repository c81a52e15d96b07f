"""The claims of extension file names."""

from __future__ import annotations

import pytest

from abi_probe.filename import read_claim, stem
from abi_probe.model import Claim, ClaimKind

ABI3, ABI3T, BOTH = ClaimKind.ABI3, ClaimKind.ABI3T, ClaimKind.ABI3_ABI3T
VERSION, GENERIC, PYPY = ClaimKind.VERSION, ClaimKind.GENERIC, ClaimKind.PYPY
HPY, OTHER = ClaimKind.HPY, ClaimKind.OTHER


@pytest.mark.parametrize(
    ("suffix", "kind", "version", "flags"),
    [
        (".cpython-311-x86_64-linux-gnu.so", VERSION, (3, 11), ""),
        (".cpython-311d-x86_64-linux-gnu.so", VERSION, (3, 11), "d"),
        (".cpython-313t-x86_64-linux-gnu.so", VERSION, (3, 13), "t"),
        (".cpython-314td-x86_64-linux-gnu.so", VERSION, (3, 14), "td"),
        (".cpython-37m-x86_64-linux-gnu.so", VERSION, (3, 7), ""),
        (".cpython-36dm-x86_64-linux-gnu.so", VERSION, (3, 6), "d"),
        (".cpython-32mu.so", VERSION, (3, 2), ""),
        (".cpython-311-darwin.so", VERSION, (3, 11), ""),
        (".cpython-314-wasm32-emscripten.so", VERSION, (3, 14), ""),
        (".cp311-win_amd64.pyd", VERSION, (3, 11), ""),
        (".cp313t-win_amd64.pyd", VERSION, (3, 13), "t"),
        ("_d.cp311-win_amd64.pyd", VERSION, (3, 11), "d"),
        (".cp312-mingw_x86_64_ucrt_gnu.pyd", VERSION, (3, 12), ""),
        (".abi3.so", ABI3, None, ""),
        (".abi3-x86_64-linux-gnu.so", ABI3, None, ""),
        (".abi3t.so", ABI3T, None, ""),
        (".abi3t-x86_64-linux-gnu.so", ABI3T, None, ""),
        (".abi3.abi3t.so", BOTH, None, ""),
        (".pypy39-pp73-x86_64-linux-gnu.so", PYPY, (3, 9), ""),
        (".pypy310-pp73-win_amd64.pyd", PYPY, (3, 10), ""),
        (".pypy3-71-x86_64-linux-gnu.so", PYPY, None, ""),
        (".pypy-41.so", PYPY, None, ""),
        (".hpy0.so", HPY, None, ""),
        (".hpy0-cp310-linux.so", HPY, None, ""),
        (".graalpy250-312-native-x86_64-linux.so", OTHER, None, ""),
        (".x86_64-linux-gnu.so", OTHER, None, ""),
        (".dylib", OTHER, None, ""),
        (".so", GENERIC, None, ""),
        (".pyd", GENERIC, None, ""),
        ("_d.pyd", GENERIC, None, "d"),
    ],
)
def test_claim(suffix: str, kind: ClaimKind, version: tuple[int, int] | None, flags: str) -> None:
    expected = Claim(
        kind=kind, text=suffix, version=version, debug="d" in flags, free_threaded="t" in flags
    )
    assert read_claim(f"package/spam{suffix}") == expected
    assert stem(f"package/spam{suffix}") == "spam"


@pytest.mark.parametrize(
    "name",
    [
        "libfoo.abi3.so.5.15",
        "libfoo.so.5",
        "spam.py",
        "spam.pyc",
        "spam",
        "so",
        ".so",
        ".abi3.so",
        "",
        "folder.so/",
        "spam.so\n",
        "spam.dll",
    ],
)
def test_no_claim(name: str) -> None:
    assert read_claim(name) is None


@pytest.mark.parametrize(
    ("name", "exports", "expected"),
    [
        pytest.param("spammodule.so", {"initspam"}, "spam", id="Python 2"),
        pytest.param("spammodule.so", {"PyInit_spammodule"}, "spammodule", id="Python 3"),
        pytest.param("spammodule.so", set(), "spammodule", id="nothing to decide by"),
        pytest.param("module.so", {"PyInit_module"}, "module", id="called module"),
        pytest.param("spam_d.pyd", {"PyInit_spam"}, "spam", id="debug on Windows"),
        pytest.param("spam_d.pyd", {"PyInit_spam_d"}, "spam_d", id="called like a debug file"),
        pytest.param("_d.pyd", set(), "_d", id="nothing but the mark"),
        pytest.param("__init__.abi3.so", set(), "__init__", id="a package's own"),
        pytest.param("a/b.c/spam.abi3.so", set(), "spam", id="folder with a dot"),
    ],
)
def test_stem(name: str, exports: set[str], expected: str) -> None:
    assert stem(name, exports) == expected
