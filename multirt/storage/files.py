"""Read files and documents that may be anything, within limits of kind, size and depth.

Every file that a user names, or that a project or an environment brings, is read by these. To open
a FIFO waits for a writer, a device never ends, and a parser of nested documents recurses.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtimes.storage import cache, files
from runtimes.storage.files import load, replace, save

if TYPE_CHECKING:
    from collections.abc import Mapping


def remove_atomically(home: Path) -> None:
    """Remove a folder atomically; an absent one is ignored.

    Raises:
        OSError: it cannot be removed.
    """
    if not home.is_dir():
        home.unlink(missing_ok=True)
        return
    import shutil  # 5 ms, and most starts remove nothing
    import tempfile

    grave = Path(tempfile.mkdtemp(prefix=f".old-{home.name}~", dir=home.parent))
    try:
        home.rename(grave / home.name)
    except FileNotFoundError:  # another process was quicker
        pass
    finally:
        shutil.rmtree(grave, ignore_errors=True)


LARGEST = 16 << 20  # bytes; what people and tools write of this kind has a hundredth of it
_LONGEST_TOML = 4 << 20  # characters: 20 s for the slowest document
_LONGEST_KEY = 32  # parts of a dotted key; the time to parse it grows with their square


def read_bytes(path: Path, limit: int = LARGEST) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: it cannot be read, is not a regular file, or has more bytes than the limit.
    """
    return files.read_bytes(path, limit)


def read_text(path: Path, limit: int = LARGEST, errors: str = "strict") -> str:
    r"""Return the text of a regular file, a byte order mark left out and line ends made `\n`.

    Raises:
        OSError: as `read_bytes`.
        UnicodeDecodeError: it is not UTF-8, and `errors` is `strict`.
    """
    text = read_bytes(path, limit).decode("utf-8-sig", errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a TOML document holds.

    Raises:
        ValueError: it is not TOML, is nested too deeply, or has a key or number too long to parse.
    """
    import re
    import tomllib  # 4 ms, where there is such a file

    if len(text) > _LONGEST_TOML:
        raise ValueError(f"it has more than {_LONGEST_TOML} characters")
    part = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
    if text.count(".") > _LONGEST_KEY and re.search(
        rf"(?<![\w-])(?:{part}){{{_LONGEST_KEY}}}", text
    ):
        raise ValueError(f"a key has more than {_LONGEST_KEY} parts")
    if re.search(r"0[xob][0-9A-Fa-f_]{1000}", text):  # no limit of Python's holds for these
        raise ValueError("a number has more than 1,000 digits")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def parse_json(content: str | bytes) -> Any:  # noqa: ANN401 - the caller checks it
    """Return what a JSON document holds.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    import json

    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_note(file: Path) -> dict[str, object] | None:
    """Return a note; None when there is none, or another user could have written it."""
    return cache.read(file, dict[str, Any])


def write_note(file: Path, note: dict[str, object]) -> None:
    """Write a note at once or not at all.

    Raises:
        OSError: it cannot be written.
    """
    cache.write(file, note)


def age_of(note: Mapping[str, object]) -> float | None:
    """Return the seconds since a note was made; None when it does not say, or says the future."""
    made = note.get("made")
    if not isinstance(made, int | float):
        return None
    age = time.time() - made
    return age if age >= 0 else None


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: Path, document: object) -> None:
    """Write a document of ours so that readers see the old one or the new one."""
    save(path, json.dumps(document).encode())


def read_json(path: Path) -> Any:  # noqa: ANN401 - as it was written
    """Return a document of ours; None where there is none, or another user can write it.

    Raises:
        ValueError: it is damaged.
    """
    content = load(path)
    try:
        return json.loads(content) if content is not None else None
    except RecursionError as error:
        raise ValueError("too deep") from error


def write_text(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, text.encode(errors="backslashreplace"), 0o644)
