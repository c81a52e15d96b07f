"""Read files and documents that may be anything, within limits of kind, size and depth.

Every file that a user names, or that a project or an environment brings, is read by these. To open
a FIFO waits for a writer, a device never ends, and a parser of nested documents recurses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtimes.storage import files


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
