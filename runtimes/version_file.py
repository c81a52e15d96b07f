"""Read `.python-version` files, as pyenv, uv, mise and setup-python write them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from runtimes.errors import SpecError
from runtimes.spec import RuntimeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ANY = frozenset({"system", "latest", "any", "default"})
_UV_PLATFORMS = "linux|macos|darwin|windows|freebsd|emscripten"
# Names whose number is the implementation's own version and says nothing of the language.
_OWN_VERSIONS = (
    (r"(graalpy|graalpython)(?:-community)?-v?(?:19|2\d)\b.*", r"\1"),
    (r"(micropython)-1\..*", r"\1"),
    (r"(pyston)-[12]\..*", r"\1"),
    (r"(pypy)-(?:1|2\.[0-6]|[4-9])(?:\.\d.*)?", r"\1"),
    (r"(pypy)-(?:c-jit|dev|portable).*", r"\1"),
)
_FORMS = (
    (r"(pypy\d\.\d+)-(?:v?\d|dev|nightly|src).*", r"\1"),  # pypy3.9-7.3.11, pypy3.10-v7.3.12
    (r"(\d+(?:\.\d+){0,2})[.-](?:x|\*|dev|latest|nightly)", r"\1"),  # 3.x, 3.12-dev
    (r"(\d+\.\d+t)-dev", r"\1"),
    (r"(?:prefix:)?(\d+(?:\.\d+)*)(?::latest)?", r"\1"),
    (r"([a-z]+-\d+(?:\.\d+)*)(?:-dev|-\d+)", r"\1"),  # stackless-2.7-dev, nogil-3.9.10-1
    (r"(\d+\.\d+\.\d+)-(a|b|rc)(?:lpha|eta)?\.?(\d+)", r"\1\2\3"),  # 3.14.0-beta.4
    (rf"([a-z]+)-(\d[\w.]*(?:\+\w+)*)-(?:{_UV_PLATFORMS})-.+", r"\1@\2"),
    (r"~(\d+\.\d+)", r"==\1.*"),  # as npm reads it, and setup-python
    (r"~(\d+\.\d+\.\d+)", r"~=\1"),
)
_ENVIRONMENT = re.compile(r"\w[\w.+-]*(?:/envs/\w[\w.+-]*)?")  # pyenv's name of a version
_RANGE = re.compile(r"(\d+\.\d+)(?:\.\d+)?\s+-\s+(\d+)\.(\d+)(?:\.\d+)?")


class VersionFile(Struct, frozen=True, kw_only=True):
    """What a version file asks for.

    Attributes:
        specs: acceptable runtimes in order of preference.
        unknown: words that mean nothing here.
        looked: paths that were looked up; where one appears, the file means something else.
    """

    specs: tuple[RuntimeSpec, ...] = ()
    unknown: tuple[str, ...] = ()
    looked: tuple[Path, ...] = field(default=())


def read_version_file(text: str, pyenv: Path | None = None) -> VersionFile:
    """Return what a version file asks for.

    Each line holds one word or several, or a range, and `#` begins a comment. `system` means any
    runtime that is not a version manager's, which here is any. A path counts for nothing: a file
    that came with a project must not choose what is started.

    Args:
        text: the file's content.
        pyenv: pyenv's folder of versions, whose names count; None for none.
    """
    specs, unknown, looked = [], [], []
    for name in _names(text):
        spec = _spec(name)
        if spec is None and pyenv is not None and _ENVIRONMENT.fullmatch(name):
            python = pyenv / name / "bin" / "python"
            looked.append(python)
            spec = RuntimeSpec(path=str(python)) if os.access(python, os.X_OK) else None
        if spec is None:
            unknown.append(name)
        else:
            specs.append(spec)
    return VersionFile(specs=tuple(specs), unknown=tuple(unknown), looked=tuple(looked))


def _names(text: str) -> Iterator[str]:
    """Yield the words of a file, a range as one."""
    for line in text.removeprefix("\ufeff").splitlines():
        for part in line.partition("#")[0].split("||"):
            content = part.strip()
            if match := _RANGE.fullmatch(content):  # as npm reads it: 3.9 - 3.11
                yield f">={match[1]},<{match[2]}.{int(match[3]) + 1}"
            elif content.startswith((">", "<", "=", "!", "^", "~")):
                yield re.sub(r"[\s,]+(?=[<>=!^~])", ",", content)
            else:
                yield from content.split()


def _spec(name: str) -> RuntimeSpec | None:
    """Return the spec that a word stands for, None where it is none, or a path."""
    if name in _ANY:
        return RuntimeSpec.parse("python")
    for forms in (_OWN_VERSIONS, ((r"(.*)", r"\1"),), _FORMS):
        for pattern, meaning in forms:
            match = re.fullmatch(pattern, name, re.IGNORECASE)
            if match and (spec := _parsed(match.expand(meaning))):
                return spec
    return None


def _parsed(text: str) -> RuntimeSpec | None:
    if text.startswith("^"):
        text = f">={text[1:]},<{int(text[1:].partition('.')[0]) + 1}" if text[1:2].isdigit() else ""
    try:
        spec = RuntimeSpec.parse(text)
    except SpecError:
        return None
    return spec if spec.path is None else None
