"""Check that no other user can write what is read, copied or executed.

A folder is trusted when this user or root owns it and no other user can write it, and when the
same holds for every folder and link on the way to it, from `/` down. There, a sticky folder such
as `/tmp` passes, and so does one that the user's own group can write. Then no other user can
exchange anything between the check and the use.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Path = str | os.PathLike[str]

_OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_OTHERS: Final = stat.S_IWOTH | stat.S_IWGRP
_MOST_LINKS: Final = 40  # as Linux follows
_reported: set[str] = set()
_listeners: list[Callable[[UntrustedError], None]] = []


class UntrustedError(PermissionError):
    """Another user could have written `filename`; `strerror` says why."""


def report_to(listener: Callable[[UntrustedError], None]) -> None:
    """Call a function once for each folder in which something is refused."""
    _listeners.append(listener)


def check_folder(path: Path, *, group: bool = False) -> None:
    """Check that no other user can write a folder, or exchange it.

    Args:
        path: of the folder.
        group: the user's own group may write it.

    Raises:
        UntrustedError: another user can; or it is a link.
        OSError: it does not exist, or is not a folder.
    """
    if os.name == "nt":
        return
    text = os.path.abspath(path)  # noqa: PTH100 - links stay
    _check_above(text)
    status = os.lstat(text)
    _check(text, status, group=group)
    if stat.S_ISLNK(status.st_mode):
        raise _refuse(text, "it is a link")
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), text)


def check_file(path: Path) -> None:
    """Check that no other user can write a regular file, or exchange it.

    Raises:
        UntrustedError: another user can; or it is a link.
        OSError: it does not exist.
    """
    os.close(open_file(path))


def open_file(path: Path) -> int:
    """Open a regular file for reading, links not followed, and return its descriptor.

    Raises:
        UntrustedError: another user can write it, or exchange it; or it is not a regular file.
        OSError: it cannot be opened.
    """
    text = os.path.abspath(path)  # noqa: PTH100 - links stay
    check_folder(os.path.dirname(text))  # noqa: PTH120 - text
    try:
        descriptor = os.open(text, _OPEN)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refuse(text, "it is a link") from error
        raise
    try:
        status = os.fstat(descriptor)
        if os.name != "nt":
            _check(text, status)
        if not stat.S_ISREG(status.st_mode):
            raise _refuse(text, "it is not a regular file")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def check_tree(path: Path) -> None:
    """Check that no other user can write a folder or anything in it.

    Links in it are not followed; their owners count. Modes count only where other users can enter
    the folder itself.

    Raises:
        UntrustedError: another user can.
        OSError: it does not exist, or cannot be read.
    """
    if os.name == "nt":
        return
    check_folder(path)
    pending = [os.path.abspath(path)]  # noqa: PTH100 - links stay
    closed = not os.lstat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                _check(entry.path, status, group=True, closed=closed)
                if stat.S_ISDIR(status.st_mode):
                    pending.append(entry.path)


def make_folder(path: Path) -> None:
    """Make a folder that only this user can enter, with the folders above it, and check it.

    Raises:
        UntrustedError: another user can write it, or exchange it.
        OSError: it cannot be made.
    """
    text = os.path.abspath(path)  # noqa: PTH100 - links stay
    missing = _missing(text)
    for each in reversed(missing):
        try:
            os.mkdir(each, 0o700)  # noqa: PTH102 - text; others cannot write it under any umask
        except FileExistsError:  # another process was quicker
            continue
    check_folder(text)


def check_location(path: Path, *, group: bool = False) -> None:
    """Check a folder and what is directly in it; where there is none, where it would be made.

    Hidden files do not count: uv lets every user write its `.lock`.

    Raises:
        UntrustedError: another user can write it, or exchange it.
        OSError: it is not a folder.
    """
    if os.name == "nt" or _missing(os.path.abspath(path)):  # noqa: PTH100 - links stay
        return
    check_folder(path, group=group)
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                _check(entry.path, entry.stat(follow_symlinks=False), group=group)


def _missing(path: str) -> list[str]:
    """Return what of a path has to be made, the last part first, and check what there is of it."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)  # noqa: PTH120 - text
    if missing and os.name != "nt":
        _check_above(os.path.join(path, ""))  # noqa: PTH118 - with the last part
    return missing


def _check_above(path: str) -> None:
    """Check every folder above a path, and every link on the way to it."""
    for _ in _way(path):
        pass


def _way(path: str) -> Iterator[str]:
    """Yield each folder that a path leads through, links followed, once it is checked.

    Raises:
        UntrustedError: another user can exchange what is in one.
    """
    at, links = "/", 0
    _check(at, os.lstat(at), group=True, sticky=True)
    pending = path.split("/")[-2::-1]  # without the last; the next one at the end
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        here = os.path.dirname(at) if name == ".." else os.path.join(at, name)  # noqa: PTH118, PTH120
        status = os.lstat(here)
        _check(here, status, group=True, sticky=True)
        if not stat.S_ISLNK(status.st_mode):
            at = here
            yield at
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(here)  # noqa: PTH115 - text
        pending += target.split("/")[::-1]
        at = "/" if target.startswith("/") else at


def _check(
    path: str,
    status: os.stat_result,
    *,
    group: bool = False,
    sticky: bool = False,
    closed: bool = False,
) -> None:
    """Check the owner and the mode of a file, a folder or a link.

    Args:
        path: where it is.
        status: what the system says of it.
        group: the user's own group, which has the number of the user, may write it.
        sticky: others may write a folder in which only the owner of a file can remove it.
        closed: other users cannot come here, so its mode does not count.

    Raises:
        UntrustedError: another user can write it.
    """
    user, mode = os.geteuid(), status.st_mode
    if status.st_uid not in (user, 0) and status.st_uid != os.lstat("/").st_uid:
        raise _refuse(path, f"it belongs to user {status.st_uid}")
    if closed or stat.S_ISLNK(mode):  # the mode of a link says nothing
        return
    own = group and status.st_gid == os.getegid() == user
    writable = mode & (stat.S_IWOTH if own else _OTHERS)
    if writable and not (sticky and stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
        raise _refuse(path, "other users can write it")


def _refuse(path: str, reason: str) -> UntrustedError:
    """Return the error for a path, and report it once for its folder."""
    error = UntrustedError(errno.EACCES, reason, path)
    folder = os.path.dirname(path)  # noqa: PTH120 - text
    if folder not in _reported:
        _reported.add(folder)
        for listener in _listeners:
            listener(error)
    return error
