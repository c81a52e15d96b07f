"""Read why uv failed: the one place that depends on uv's wording.

uv has no machine format for its errors. Its exit code tells little: 2 for a network, an interpreter
or a requirement that cannot be parsed, 1 for all else, also for a damaged download. The tests hold
recorded samples.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

_LONGEST = 240  # characters of a summary


class FailureKind(StrEnum):
    """What failed."""

    UNSATISFIABLE = "unsatisfiable"  # no set of releases meets the requirements
    UNREACHABLE = "unreachable"  # the index did not answer, or must not be asked
    DENIED = "denied"  # the index wants other credentials
    DOWNLOAD = "download"  # the index answered with something that cannot be used
    REQUIREMENT = "requirement"  # a requirement cannot be parsed
    INTERPRETER = "interpreter"  # uv cannot use the runtime
    OTHER = "other"


class UvFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why uv failed.

    Attributes:
        kind: what failed.
        full: uv's explanation, unabridged.
        summary: the cause in one line.
        lasting: the same requirements will fail again, so that the failure may be cached.
        per_runtime: another runtime may fare better.
        lacking: requirements that only lack a wheel for the runtime.
    """

    kind: FailureKind
    full: str
    summary: str
    lasting: bool
    per_runtime: bool
    lacking: tuple[str, ...] = ()


# The first pattern that is found decides.
# Texts, which `re` compiles when uv first fails.
_KINDS = tuple(
    ("|".join(patterns), kind)
    for kind, patterns in (
        (FailureKind.UNREACHABLE, ["network (?:was|connectivity is) disabled"]),
        (FailureKind.DENIED, [r"(?:returned a|credentials|client error) \(?40[13]\b"]),
        (FailureKind.DOWNLOAD, ["invalid package format", "(?:invalid|inconsistent) metadata"]),
        (FailureKind.UNSATISFIABLE, ["No solution found"]),
        (FailureKind.REQUIREMENT, ["Couldn't parse requirement"]),
        (
            FailureKind.INTERPRETER,
            [
                "Failed to (?:inspect|query) Python",
                "Querying Python",
                "No interpreter found",
                "Unknown implementation",
            ],
        ),
        (FailureKind.DOWNLOAD, [r"HTTP status client error \((?!408|429)"]),
        (
            FailureKind.UNREACHABLE,
            [
                "Failed to fetch",
                "error sending request",
                "tcp connect error",
                "dns error",
                "timed out",
                "HTTP status (?:server|client) error",
            ],
        ),
        (
            FailureKind.DOWNLOAD,
            [
                "Failed to download",
                "Failed to extract",
                "Git operation failed",
                "Received some unexpected",
                "Unsupported `Content-Type`",
                "error decoding response body",
            ],
        ),
    )
)
# An index page without files may be the page of a captive portal.
_EMPTY_PAGE = "there are no versions of"
_PER_RUNTIME = r"(?i)\bPython\b|wheel|platform|\btags?\b|\babi\b|\bdepends?\b"
# With sources next to it, with wheels only, and in the explanation itself.
_LACKS_WHEELS = (
    r"(?i)wheels are required for `([^`]+)`"
    r"|only found wheels for `([^`]+)`"
    r"|([\w.-]*\w)==\S+ has no (?:usable )?wheels"
)
_OTHER_PYTHON = (
    r"Because the (?:current|requested) Python version \([^)]+\) does not satisfy \S+"
    r" and (.+?) depends? on (Python\S+?),? "
)


def read_failure(full: str) -> UvFailure:
    """Read what uv wrote to stderr.

    Args:
        full: all of it.
    """
    found = (kind for pattern, kind in _KINDS if re.search(pattern, full, re.IGNORECASE))
    kind = next(found, FailureKind.OTHER)
    unsatisfiable = kind is FailureKind.UNSATISFIABLE
    return UvFailure(
        kind=kind,
        full=full,
        summary=_summary(full, kind),
        lasting=unsatisfiable and _EMPTY_PAGE not in full,
        per_runtime=not unsatisfiable or bool(re.search(_PER_RUNTIME, full)),
        lacking=_lacking(" ".join(full.split())) if unsatisfiable else (),
    )


def _lacking(story: str) -> tuple[str, ...]:
    """Return the requirements that only lack a wheel."""
    names = dict.fromkeys("".join(groups) for groups in re.findall(_LACKS_WHEELS, story))
    return tuple(_requirement(name, story) for name in names)


def _requirement(name: str, story: str) -> str:
    """Return what is required of a distribution that lacks wheels.

    Where uv names several releases, the version of one of them tells nothing.
    """
    escaped = re.escape(name)
    releases = set(re.findall(rf"\b{escaped}==([^\s,]*\w)", story))
    if len(releases) == 1 and not re.search(rf"\b{escaped}[<>]", story):
        return f"{name}=={releases.pop()}"
    wanted = re.search(rf"(?:requires?|depends? on) ({escaped}[<>=!~]\S*\w)", story)
    return wanted[1] if wanted is not None else name


def _summary(full: str, kind: FailureKind) -> str:
    """Return the cause in one line: the last contradiction that uv found, or the root cause."""
    text, _, hint = full.partition("\nhint:")
    head, *causes = re.split(r"^\s*cause: ", text, flags=re.MULTILINE)
    if kind in (FailureKind.DENIED, FailureKind.DOWNLOAD) and hint:
        line = hint  # it names the file or the index, and the reason
    elif not causes:
        line = head.removeprefix("error: ")
    elif "No solution found" in head:
        story = " ".join(causes[0].split())
        line = _other_python(story) + _contradiction(story)
    else:
        line = f"{head.splitlines()[0].removeprefix('error: ')}: {causes[-1].splitlines()[0]}"
    line = " ".join(line.split())
    if len(line) <= _LONGEST:
        return line
    half = _LONGEST // 2  # a long path may be in the middle, and the reason at the end
    return f"{line[:half]} ... {line[-half:]}"


def _other_python(story: str) -> str:
    """Return which release first requires another Python, where that is the first cause."""
    match = re.search(_OTHER_PYTHON, story)
    return f"{match[1]} needs {match[2]}: " if match else ""


def _contradiction(story: str) -> str:
    """Return the last step of a chain of conclusions."""
    steps = re.split(r"(?<=\.) And because ", story.removeprefix("Because "))
    reasons, conclusions = zip(*(_halves(step) for step in steps), strict=True)
    if len(reasons) == 1:
        return str(reasons[0])
    # "your requirements and flask are incompatible" does not name what is in the way.
    before = reasons[-2] if "your requirements" in conclusions[-2] else conclusions[-2]
    return f"{before}, and {reasons[-1]}"


def _halves(step: str) -> tuple[str, str]:
    """Return the premises of a step of uv's explanation, and its conclusion."""
    reason, conclusion = [*re.split(r",? we can conclude that ", step, maxsplit=1), ""][:2]
    return reason, conclusion.rstrip(".")
