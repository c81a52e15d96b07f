"""Read the ABI claim in an extension's file name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abi_probe.model import Claim, ClaimKind
from abi_probe.symbol_names import init_functions

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_SUFFIX = re.compile(r"(?P<text>(?P<tag>\.[^/]*)?\.(?P<extension>so|pyd|dylib))", re.DOTALL)
_PYTHON2_SUFFIX = "module"  # Python 2 also tries `<name>module.so`

# One row for each spelling of a tag, tried in this order on what stands between the module's
# name and the extension. The groups, where a row has them, are the version and the ABI flags.
_TAGS: tuple[tuple[ClaimKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (ClaimKind.ABI3_ABI3T, r"\.abi3\.abi3t(?:-.+)?"),
        (ClaimKind.ABI3T, r"\.abi3t(?:-.+)?"),
        (ClaimKind.ABI3, r"\.abi3(?:-.+)?"),
        (ClaimKind.VERSION, r"\.cpython-(?P<major>\d)(?P<minor>\d+)(?P<flags>[a-z]*)(?:-.+)?"),
        (ClaimKind.VERSION, r"\.cp(?P<major>\d)(?P<minor>\d+)(?P<flags>[a-z]*)-.+"),
        (ClaimKind.PYPY, r"\.pypy(?P<major>\d)(?P<minor>\d+)-.+"),
        (ClaimKind.PYPY, r"\.pypy\d?-.+"),
        (ClaimKind.HPY, r"\.hpy\d*(?:-.+)?"),
    )
)


def read_claim(filename: str) -> Claim | None:
    """What an extension's file name says of the runtimes that it is for.

    Args:
        filename: with or without its folders.

    Returns:
        The claim, or None for what no import system takes for an extension: another ending, a
        versioned library such as `libfoo.so.5`. The claim `generic` is every plain library's too.
    """
    name, match = _split(filename)
    if match is None:
        return None
    text, tag = match["text"], match["tag"] or ""
    windows_debug = match["extension"] == "pyd" and name.endswith("_d")
    if windows_debug:
        text = f"_d{text}"
    if match["extension"] == "dylib":
        return Claim(kind=ClaimKind.OTHER, text=text)  # no import system tries it by itself
    if not tag:
        return Claim(kind=ClaimKind.GENERIC, text=text, debug=windows_debug)
    for kind, pattern in _TAGS:
        if found := pattern.fullmatch(tag):
            return _claim(kind, text, found.groupdict(), debug=windows_debug)
    return Claim(kind=ClaimKind.OTHER, text=text)


def stem(filename: str, exports: AbstractSet[str] = frozenset()) -> str:
    """The last part of the name of the module that a file holds.

    Args:
        filename: with or without its folders.
        exports: names that the binary defines for others. They decide where a name can be read
            in two ways: `spammodule.so` is `spam` for Python 2 alone, and `spam_d.pyd` is `spam`
            for debug builds.

    Returns:
        What stands before the first dot, less `_d` of a debug build on Windows.
    """
    name, match = _split(filename)
    if match is None:
        return name
    if init_functions(exports, name):
        return name
    if match["extension"] == "pyd":
        return name.removesuffix("_d") or name
    shorter = name.removesuffix(_PYTHON2_SUFFIX)
    return shorter if shorter and init_functions(exports, shorter) else name


def _split(filename: str) -> tuple[str, re.Match[str] | None]:
    base = filename.rpartition("/")[2]
    name, dot, rest = base.partition(".")
    return name, _SUFFIX.fullmatch(dot + rest) if name else None


def _claim(
    kind: ClaimKind, text: str, groups: dict[str, str | None], *, debug: bool = False
) -> Claim:
    major, minor, flags = groups.get("major"), groups.get("minor"), groups.get("flags") or ""
    return Claim(
        kind=kind,
        text=text,
        version=(int(major), int(minor)) if major and minor else None,
        debug=debug or "d" in flags,
        free_threaded="t" in flags,  # not ABI3T: both builds of 3.15 and later load that
    )
