"""What may differ between two runs that are the same: named rules that make it equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.errors import ErrorKind, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from runtimes import Runtime

Substitution = tuple[re.Pattern[bytes], "bytes | Callable[[re.Match[bytes]], bytes]"]

# Prefixes that are not a runtime's own: programs have files there too.
_SHARED_PREFIXES = frozenset({"/", "/usr", "/usr/local"})


def _sorted_set(match: re.Match[bytes]) -> bytes:
    """Sort what stands between two braces; a mapping keeps its order."""
    inside = match[1]
    if b":" in inside:
        return match[0]
    return b"{" + b", ".join(sorted(part.strip() for part in inside.split(b","))) + b"}"


class Normalizer(Struct, frozen=True, kw_only=True):
    """One kind of difference that does not count.

    Attributes:
        name: for options.
        meaning: in half a sentence.
        usual: it holds unless it is turned off.
        substitutions: what is replaced by what, in bytes, for output may be no text.
    """

    name: str
    meaning: str
    usual: bool
    substitutions: tuple[Substitution, ...] = ()


# A pattern that begins with what it looks for, and asks then what stands before it, is found many
# times as fast as one that begins with `\b`.
RULES: tuple[Normalizer, ...] = (
    Normalizer(name="paths", meaning="paths of the runtime and of the working copy", usual=True),
    Normalizer(
        name="addresses",
        meaning="addresses in memory such as 0x7f3c52a0",
        usual=True,
        substitutions=((re.compile(rb"0x(?<!\w0x)[0-9A-Fa-f]{4,16}\b"), b"0x..."),),
    ),
    Normalizer(
        name="timings",
        meaning="numbers with a unit of time, such as 0.31 s",
        usual=True,
        substitutions=(
            (
                re.compile(
                    rb"\d(?<!\w\d)\d*(?:\.\d+)?(?:e-?\d+)?(\s?)"
                    rb"(ns|us|\xc2\xb5s|ms|s|sec|secs|seconds?|minutes?)\b"
                ),
                rb"#\1\2",
            ),
        ),
    ),
    Normalizer(
        name="sets",
        meaning="the order of what stands in {...} without colons",
        usual=False,
        substitutions=((re.compile(rb"\{([^{}\n]*)\}"), _sorted_set),),
    ),
    Normalizer(
        name="tracebacks",
        meaning="the lines of a traceback above the exception",
        usual=False,
        substitutions=(
            (
                re.compile(rb"(?m)^Traceback \(most recent call last\):\n(?:[ \t]+.*\n)*"),
                b"Traceback ...\n",
            ),
        ),
    ),
    Normalizer(
        name="warnings",
        meaning="what Python itself warns of, such as a SyntaxWarning",
        usual=False,
        substitutions=((re.compile(rb"(?m)^.+:\d+: \w*Warning: .*\n(?:[ \t]+.*\n)*"), b""),),
    ),
)


def select_normalizers(added: Iterable[str], dropped: Iterable[str]) -> tuple[Normalizer, ...]:
    """Return the usual rules with some added and some dropped.

    Raises:
        MultirtError: there is no rule of a name.
    """
    added, dropped = set(added), set(dropped)
    known = {rule.name for rule in RULES}
    if unknown := sorted((added | dropped) - known):
        hint = f"rules are {', '.join(rule.name for rule in RULES)}"
        raise UsageError(f"no such rule: {unknown[0]!r}", hint, kind=ErrorKind.RULE)
    return tuple(
        rule for rule in RULES if (rule.usual or rule.name in added) and rule.name not in dropped
    )


def substitutions(
    rules: Sequence[Normalizer], runtime: Runtime, locations: Sequence[tuple[Path, str]]
) -> tuple[Substitution, ...]:
    """Return all that is replaced in the output of one run.

    Args:
        rules: which hold.
        runtime: it ran on.
        locations: paths of this run alone, and what stands for them.
    """
    found: list[Substitution] = []
    for rule in rules:
        found += _paths(runtime, locations) if rule.name == "paths" else rule.substitutions
    return tuple(found)


def _paths(runtime: Runtime, locations: Sequence[tuple[Path, str]]) -> list[Substitution]:
    """Return the substitutions for paths, the longest first."""
    files = [runtime.executable, *runtime.aliases, runtime.executable.resolve()]
    named = [(str(path), "<python>") for path in files] + [(str(a), b) for a, b in locations]
    for prefix in (runtime.prefix, runtime.base_prefix):
        if prefix is not None:
            shared = str(prefix) in _SHARED_PREFIXES
            names = ("lib", "lib64", "include", "local/lib") if shared else ("",)
            named += [(str(prefix / name), f"<prefix>/{name}".rstrip("/")) for name in names]
    ordered = sorted(dict(reversed(named)).items(), key=lambda pair: -len(pair[0]))
    pairs = [(path.encode(errors="surrogateescape"), name.encode()) for path, name in ordered]
    own = [
        (re.compile(re.escape(path) + rb"(?![\w.-])"), name.replace(b"\\", rb"\\"))
        for path, name in pairs
    ]
    # Elsewhere below such a prefix are files of everybody's; alone it is the runtime's answer.
    own += [
        (
            re.compile(rb"(?<![\w/.-])" + re.escape(str(prefix).encode()) + rb"(?![\w/.-])"),
            b"<prefix>",
        )
        for prefix in {runtime.prefix, runtime.base_prefix}
        if prefix is not None and str(prefix) in _SHARED_PREFIXES - {"/"}
    ]
    library = re.compile(rb"<prefix>/(?:local/)?(?:lib|lib64|include)/(?:python|pypy)[\d.]+[a-z]*")
    return [*own, (library, b"<stdlib>")]
