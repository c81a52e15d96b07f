"""Put a wheel in place of the one before, where only contents of its files differ.

That is what most edits come to. An installer takes all of the old one away and links all of the new
one, and to start it takes longer than to write the few files that changed.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import stat
import tempfile
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from multirt.environments.creation import site_roots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from multirt.environments.model import LocalWheel

_LARGEST = 1 << 20  # bytes that each environment may have for its own; uv links what it unpacked
_OF_INSTALLERS = frozenset(
    {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)
_ORIGIN = "direct_url.json"  # PEP 610
_RUNS = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is to be written.

    Attributes:
        root: the folder of packages.
        files: the contents that differ, by their paths in it.
    """

    root: Path
    files: Mapping[str, bytes]


def change_of(home: Path, wheel: LocalWheel) -> Change | None:
    """Return what differs from what is installed; None where more than contents may differ.

    Args:
        home: the environment.
        wheel: what is to be in it.

    Raises:
        OSError: something cannot be read.
    """
    roots = site_roots(home)
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            return _change(roots[0], archive, wheel) if len(roots) == 1 else None
    except (zipfile.BadZipFile, ValueError, KeyError, RuntimeError):
        return None  # uv says what is wrong


def _change(root: Path, archive: zipfile.ZipFile, wheel: LocalWheel) -> Change | None:
    members = {each.filename: each for each in archive.infolist() if not each.is_dir()}
    info = next((name for name in members if name.endswith(".dist-info/RECORD")), "").partition("/")
    rows = _rows((root / info[0] / "RECORD").read_text(encoding="utf-8"))
    own = {f"{info[0]}/{name}" for name in _OF_INSTALLERS}
    installed = {row[0] for row in rows if not row[0].startswith("../")}
    if not info[1] or members.keys() - own != installed - own or not _are_plain(members):
        return None
    changed: dict[str, bytes] = {}
    for name in sorted(members.keys() - own):
        content = archive.read(name)
        status = os.lstat(root / name)
        runs = bool(members[name].external_attr >> 16 & _RUNS)
        if not stat.S_ISREG(status.st_mode) or runs != bool(status.st_mode & _RUNS):
            return None
        if status.st_size != len(content) or (root / name).read_bytes() != content:
            changed[name] = content
    # What else installers make of a wheel follows from its own description.
    if any(name.startswith(f"{info[0]}/") for name in changed):
        return None
    if sum(map(len, changed.values())) > _LARGEST:
        return None
    origin = f"{info[0]}/{_ORIGIN}"
    changed[origin] = _origin((root / origin).read_bytes(), wheel.path)
    changed[f"{info[0]}/RECORD"] = _record(rows, changed)
    return Change(root=root, files=changed)


def _are_plain(names: Iterable[str]) -> bool:
    """Whether files go to where they are named in the wheel, and nowhere else."""
    paths = [PurePosixPath(name) for name in names]
    return not any(
        path.is_absolute() or ".." in path.parts or path.parts[0].endswith(".data")
        for path in paths
    )


def _rows(record: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(record)) if row]


def _origin(before: bytes, path: Path) -> bytes:
    """Return the note of where a wheel came from, for another one.

    Raises:
        ValueError, KeyError: it is not as uv writes it.
    """
    note = json.loads(before)
    if note["archive_info"]:
        raise ValueError(note)
    return json.dumps({**note, "url": path.as_uri()}, separators=(",", ":")).encode()


def _record(rows: Iterable[list[str]], changed: Mapping[str, bytes]) -> bytes:
    """Return the record of what is installed, with the new hashes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for name, *rest in rows:
        content = changed.get(name)
        if content is None:
            writer.writerow([name, *rest])
        else:
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
            writer.writerow([name, f"sha256={digest.decode().rstrip('=')}", len(content)])
    return stream.getvalue().encode()


def replace(change: Change) -> None:
    """Write what differs, each file at once, and forget the bytecode of the old ones.

    Raises:
        OSError: something cannot be written.
    """
    for name, content in change.files.items():
        _put(change.root / name, content)


def _put(file: Path, content: bytes) -> None:
    """Put another file in place of one, which may be linked to others."""
    before = file.stat()
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(handle, stat.S_IMODE(before.st_mode))
        # Bytecode counts as that of a file with its size and its second; it may lie elsewhere too.
        second = max(int(time.time()), int(before.st_mtime) + 1)
        os.utime(temporary, (second, second))
        Path(temporary).replace(file)
    except OSError:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    if file.suffix == ".py":
        for stale in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
            stale.unlink()
