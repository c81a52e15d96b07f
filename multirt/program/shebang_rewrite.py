"""Replace the first line of a script atomically, and restore it."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.errors import ErrorKind, MultirtError, ProgramError
from multirt.program.shebang import Shebang, is_python, read_shebang
from multirt.storage.files import parse_json, read_bytes
from runtimes.storage.files import load, read_head, save

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEAD = 8192  # bytes in which the first two lines are
_BOM = b"\xef\xbb\xbf"
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*[-_.a-zA-Z0-9]+")  # PEP 263
# What starts Python scripts besides Pythons; `nix-shell` and its like start other languages, too.
_STARTERS = frozenset({"multirt", "uv", "pipx", "hatch", "pdm"})


class ShebangLine(Struct, frozen=True, kw_only=True):
    """The first line of a file, and whether it can be changed.

    Attributes:
        text: its bytes with the line's end; None when the file begins with no `#!`.
        shebang: the interpreter and its options.
        version: the interpreter's name where it asks for more than some Python 3.
        trouble: why the line cannot be replaced; None when it can.
    """

    text: bytes | None
    shebang: Shebang
    version: str | None
    trouble: str | None

    @property
    def python(self) -> bool:
        """Return whether it starts a Python script, directly or through a tool."""
        return self.shebang.python or self.shebang.interpreter in _STARTERS

    @property
    def through_multirt(self) -> bool:
        """Return whether it starts multirt."""
        return self.shebang.interpreter == "multirt"


def read_shebang_line(content: bytes) -> ShebangLine:
    """Return the first line of a file.

    Args:
        content: the file's bytes; the first two lines are enough.
    """
    first, end, rest = content.partition(b"\n")
    text = first + end if first.startswith(b"#!") else None
    shebang = read_shebang(content)
    return ShebangLine(
        text=text,
        shebang=shebang,
        version=_version(shebang.interpreter) if text is not None and b"/env" in text else None,
        trouble=_trouble(content, text, rest),
    )


def _version(name: str | None) -> str | None:
    """Return a name that asks for a version or an implementation.

    A path does so too, but it is that of the runtime that installed the script.
    """
    if name is None or not is_python(name) or name in ("python", "python3"):
        return None
    return name


def _trouble(content: bytes, text: bytes | None, rest: bytes) -> str | None:
    """Return why the first line cannot be another."""
    if b"\0" in content[:4096]:
        return "it is not a text file"
    if content.startswith(_BOM):
        return "it begins with a byte order mark, which must stay first"
    if text is None and _COOKIE.match(rest) and not _COOKIE.match(content):
        return "its second line names its encoding, and would become the third"
    return None


def shebang_for(specs: Sequence[str] = (), arguments: Sequence[str] = ()) -> bytes:
    """Return the line that starts a script through multirt.

    Args:
        specs: acceptable runtimes in order of preference; empty for the best that fits.
        arguments: for the interpreter.
    """
    options = [f"--python {shlex.quote(spec)}" for spec in specs]
    options += [f"--python-args={shlex.quote(shlex.join(arguments))}"] if arguments else []
    if not options:
        return b"#!/usr/bin/env multirt\n"
    return f"#!/usr/bin/env -S multirt run {' '.join(options)}\n".encode()


def with_line(content: bytes, line: bytes | None) -> bytes:
    """Return a file with another first line, or without one; the rest stays byte for byte."""
    begins = content.startswith(b"#!")
    rest = content.partition(b"\n")[2] if begins else content
    return rest if line is None else line + rest


def scripts_in(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the scripts that some paths mean, each once, with links followed.

    Of a folder those files count that start Python or multirt by their first line.

    Raises:
        MultirtError: a path is not there or cannot be read.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.is_dir():
                names = sorted(os.listdir(path))  # noqa: PTH208 - names only
                found |= dict.fromkeys(
                    Path(os.path.realpath(path / name)) for name in names if _is_script(path / name)
                )
            else:
                path.stat()
                found[Path(os.path.realpath(path))] = None
        except OSError as error:
            raise ProgramError(f"{path}: {error.strerror}", kind=ErrorKind.SHEBANG) from error
    return tuple(found)


def head_of(path: Path) -> bytes:
    """Return the beginning of a file.

    Raises:
        OSError: it cannot be read.
    """
    return read_head(path, _HEAD)


def _is_script(path: Path) -> bool:
    try:
        line = read_shebang_line(head_of(path)) if path.is_file() else None
    except OSError:
        return False
    return line is not None and (line.python or line.through_multirt) and line.trouble is None


_NAMED = "a Python script without a first line is named `.py`, or Python can parse it"


class ShebangChange(Struct, frozen=True, kw_only=True):
    """The change of one script.

    Attributes:
        path: the script, links followed.
        before: its first line; None when it had no `#!` line.
        after: its first line now; None for none.
    """

    path: Path
    before: str | None
    after: str | None


def put(path: Path, specs: Sequence[str], records: Path) -> ShebangChange:
    """Make a script start through multirt, and record its first line.

    Args:
        path: the script, links followed.
        specs: acceptable runtimes in order of preference; with none what the present line says of
            the version is kept. The interpreter's options are kept in any case.
        records: the folder where former lines are kept.

    Raises:
        MultirtError: the script cannot be changed; it is unchanged.
    """
    try:
        was = read_shebang_line(head_of(path))
        if was.trouble is not None:
            raise ProgramError(f"{path}: {was.trouble}", kind=ErrorKind.SHEBANG)
        kept = (was.version,) if was.version is not None else ()
        if not was.python and not _may_be_python(path, was.shebang.interpreter):
            raise ProgramError(f"{path} is not a Python script", _NAMED, kind=ErrorKind.SHEBANG)
        line = shebang_for(specs or kept, was.shebang.options)
        if was.text != line:
            # Of several changes the first line of all is the one to go back to.
            if not (was.through_multirt and _record(records, path).exists()):
                _save_record(records, path, was.text, line)
            else:
                _save_record(records, path, _former(records, path), line)
            _rewrite(path, line)
    except OSError as error:
        raise _failed(path, error) from error
    return ShebangChange(path=path, before=_shown(was.text), after=_shown(line))


def take_back(path: Path, records: Path) -> ShebangChange:
    """Give a script the first line back that it had before `put`.

    Raises:
        MultirtError: it starts otherwise than `put` left it, or cannot be changed.
    """
    try:
        was = read_shebang_line(head_of(path))
        record = _record(records, path)
        try:
            note = parse_json(load(record) or b"")
            former, ours = _bytes(note["before"]), _bytes(note["after"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            hint = "write its first line by hand, as in #!/usr/bin/env python3"
            raise ProgramError(
                f"{path}: what it said before is not known", hint, kind=ErrorKind.SHEBANG
            ) from error
        if was.text != ours:
            raise ProgramError(f"{path}: its first line was changed since", kind=ErrorKind.SHEBANG)
        _rewrite(path, former)
        record.unlink(missing_ok=True)
    except OSError as error:
        raise _failed(path, error) from error
    return ShebangChange(path=path, before=_shown(was.text), after=_shown(former))


def _may_be_python(path: Path, interpreter: str | None) -> bool:
    """Whether a file whose first line starts no Python is a Python script all the same."""
    if path.suffix in (".py", ".pyw"):
        return True
    try:
        return interpreter is None and ast.parse(read_bytes(path)) is not None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _rewrite(path: Path, line: bytes | None) -> None:
    """Replace a file by one with another first line, its mode and times of access kept."""
    content = with_line(read_bytes(path), line)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copystat(path, name)
        status = path.stat()
        os.utime(name)  # its content is new
        if hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(name, status.st_uid, status.st_gid)
            os.chmod(name, status.st_mode)  # noqa: PTH101 - after the owner, which clears bits
        os.replace(name, path)  # noqa: PTH105 - a name from mkstemp
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - a name from mkstemp
        raise


def _record(records: Path, path: Path) -> Path:
    import hashlib

    return records / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"


def _former(records: Path, path: Path) -> bytes | None:
    """Return the line of before an earlier change; None for no line, or a damaged record."""
    try:
        return _bytes(parse_json(load(_record(records, path)) or b"")["before"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _save_record(records: Path, path: Path, before: bytes | None, after: bytes) -> None:
    """Write down a former line before the script is changed."""
    note = {"path": str(path), "before": _text(before), "after": _text(after)}
    save(_record(records, path), json.dumps(note).encode())


def _text(line: bytes | None) -> str | None:
    return line.decode("latin-1") if line is not None else None


def _bytes(text: str | None) -> bytes | None:
    return text.encode("latin-1") if text is not None else None


def _shown(line: bytes | None) -> str | None:
    return line.decode("utf-8", "replace").rstrip() if line is not None else None


def _failed(path: Path, error: OSError) -> MultirtError:
    message = f"{path} cannot be changed: {error.strerror or error}"
    return ProgramError(message, kind=ErrorKind.SHEBANG)
