"""Start a program by its plan file, as `launcher/multirt.c` does, where that is not built.

Nothing is imported but the system's own calls: `os` alone takes as long as all of this.
"""

from __future__ import annotations

import posix
import sys
import time

from multirt.launch.plan_key import fnv1a, plan_query, split_shebang_args

TYPE_CHECKING = False  # `typing` takes 5 ms
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = b"multirt plan 1\0"
DEPTH = b"MULTIRT_DEPTH"
DEEPEST = 20
LIFE = 86_400  # seconds; no plan that has an end counts longer
_LARGEST = 16 << 20  # bytes
_CAREFULLY = posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_CLOEXEC
_FOLDER = 0o040000
_FILE = 0o100000
_KIND = 0o170000
_OTHERS = 0o022


class PlanRejectedError(Exception):
    """A plan cannot be used; the text says why.

    Attributes:
        record: the witness that has changed, None when it is not for one.
    """

    def __init__(self, text: str, record: bytes | None = None) -> None:
        """Keep the text, and the witness."""
        super().__init__(text)
        self.record = record


class PlanEntry:
    """What a plan says to start.

    Attributes:
        executable: what to start.
        arguments: its own, `argv[0]` first; the user's come after them.
        changes: `NAME=VALUE` to set, `NAME` to take away.
        notice: a line for people; None when there is nothing to say.
    """

    __slots__ = ("arguments", "changes", "executable", "notice")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.executable: bytes | None = None
        self.arguments: list[bytes] = []
        self.changes: list[bytes] = []
        self.notice: bytes | None = None

    def take(self, record: bytes) -> bool:
        """Take a record in if it is a part of the answer."""
        tag, value = record[:1], record[1:]
        if tag == b"P":
            self.executable = value
        elif tag == b"G":
            self.arguments.append(value)
        elif tag == b"V":
            self.changes.append(value)
        elif tag == b"T":
            self.notice = value
        else:
            return False
        return True


def start_planned(arguments: Sequence[str]) -> None:
    """Become the program of a command line if there is a plan for it; else return.

    Args:
        arguments: without the name of the command itself.
    """
    env = posix.environ
    debugging = env.get(b"MULTIRT_LOG") == b"debug"
    if posix.getuid() != posix.geteuid() or not within_depth_limit(env):
        return
    text = split_shebang_args(
        [_bytes(argument) for argument in arguments], lambda path: not _is_absent(path)
    )
    try:
        question = plan_query(text, posix.getcwdb(), env)
        folder = plans_folder(env)
        if question is None or folder is None:
            return
        plans = _open_plans(folder)
    except OSError:
        return  # no such folder
    except PlanRejectedError as error:
        _debug(error, debugging=debugging)
        return
    for key in question.each_key():
        try:
            plan = read_plan(_content(plans, plan_name(key)), key, question.cwd, env)
            _start(plan, text[question.own :], env)
        except (OSError, PlanRejectedError) as error:
            _debug(error, debugging=debugging)
    posix.close(plans)


def _bytes(text: str) -> bytes:
    return text.encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def _debug(error: Exception, *, debugging: bool) -> None:
    if debugging:
        text = ascii(str(error))[1:-1]  # a path in it may have been made to command the terminal
        posix.write(2, f"multirt: debug: {text}\n".encode("ascii"))


def within_depth_limit(env: Mapping[bytes, bytes]) -> bool:
    """Tell whether this process may go on: programs that start themselves must end somewhere."""
    depth = env.get(DEPTH, b"0")
    return depth.isdigit() and len(depth) < 4 and int(depth) < DEEPEST  # noqa: PLR2004 - digits


def plan_name(key: bytes) -> bytes:
    """Return the file name of the plan for a key."""
    return b"%016x" % fnv1a(key)


def plans_folder(env: Mapping[bytes, bytes]) -> bytes | None:
    """Return the folder of plans, None when the environment does not give it."""
    if named := env.get(b"MULTIRT_CACHE_DIR"):
        return named + b"/plans"
    if sys.platform == "darwin":
        home = env.get(b"HOME")
        return home + b"/Library/Caches/multirt/plans" if home else None
    if cache := env.get(b"XDG_CACHE_HOME"):
        return cache + b"/multirt/plans"
    home = env.get(b"HOME")
    return home + b"/.cache/multirt/plans" if home else None


def _trusted(status: posix.stat_result, kind: int) -> bool:
    """Tell whether no other user but root could have written something."""
    mode, owner = status.st_mode, status.st_uid
    return mode & _KIND == kind and owner in (posix.geteuid(), 0) and not mode & _OTHERS


def _open_plans(folder: bytes) -> int:
    top, _, name = folder.rpartition(b"/")
    above = _open_folder(top or b"/", None)
    try:
        return _open_folder(name, above)
    finally:
        posix.close(above)


def _open_folder(name: bytes, above: int | None) -> int:
    folder = posix.open(name, _CAREFULLY | posix.O_DIRECTORY, dir_fd=above)
    if not _trusted(posix.fstat(folder), _FOLDER):
        posix.close(folder)
        raise PlanRejectedError(f"plans refused: others could write in {name!r}")
    return folder


def _content(plans: int, name: bytes) -> bytes:
    file = posix.open(name, _CAREFULLY, dir_fd=plans)
    try:
        status = posix.fstat(file)
        if not _trusted(status, _FILE):
            raise PlanRejectedError(f"plan {name!r} refused: others could have written it")
        if status.st_size > _LARGEST:
            raise PlanRejectedError(f"plan {name!r} refused: it is damaged")
        return posix.read(file, status.st_size)
    finally:
        posix.close(file)


def read_plan(content: bytes, key: bytes, cwd: bytes, env: Mapping[bytes, bytes]) -> PlanEntry:
    """Return what a plan says, after a check of everything that it depends on.

    Args:
        content: of the file.
        key: of the question.
        cwd: the current folder.
        env: the environment.

    Raises:
        RefusedError: it is damaged, of another question, or something has changed.
    """
    if not content.startswith(FORMAT):
        raise PlanRejectedError("plan refused: another format")
    head = FORMAT + key + b"\0"
    if not content.startswith(head):
        raise PlanRejectedError("plan refused: it is of another question")
    records = content[len(head) :].split(b"\0")
    if records[-2:] != [b".", b""] or records.index(b".") != len(records) - 2:
        raise PlanRejectedError("plan refused: it has no end")
    plan = PlanEntry()
    folder = b""
    for record in records[:-2]:
        if plan.take(record):
            continue
        if not _is_current(record, folder, cwd, env):
            text = f"plan refused, for this has changed: {_text(record)}"
            raise PlanRejectedError(text, record)
        if record.startswith(b"B"):
            folder = record[1:] + b"/"
    if plan.executable is None or not plan.arguments:
        raise PlanRejectedError("plan refused: it is damaged")
    return plan


def _text(record: bytes) -> str:
    # A variable's value may be a password.
    shown = record.partition(b"=")[0] if record.startswith(b"E") else record
    return shown.decode(errors="backslashreplace")


def _is_current(record: bytes, folder: bytes, cwd: bytes, env: Mapping[bytes, bytes]) -> bool:
    """Tell whether one witness holds, a relative path in it being below a folder."""
    tag, rest = record[:1], record[1:]
    held = False
    if tag in (b"F", b"L"):
        then, path = split_signature(rest)
        held = then is not None and signature_of(_below(folder, path), follow=tag == b"F") == then
    elif tag == b"B":
        held = not _is_absent(rest + b"/.")
    elif tag == b"N":
        held = _names_are_current(rest)
    elif tag == b"A":
        held = _is_absent(_below(folder, rest))
    elif tag == b"D" and rest.isdigit() and len(rest) < 20:  # noqa: PLR2004 - digits
        held = 0 < int(rest) - int(time.time()) <= LIFE
    elif tag == b"U":
        folders = cwd.rstrip(b"/").split(b"/")
        above = (b"/".join(folders[:count]) for count in range(len(folders), 0, -1))
        held = rest != b"" and all(_is_absent(each + b"/" + rest) for each in above)
    elif tag == b"E":
        name, equals, value = rest.partition(b"=")
        held = env.get(name) == value if equals else name not in env
    return held


def _below(folder: bytes, path: bytes) -> bytes:
    return path if path.startswith(b"/") else folder + path


def signature_of(path: bytes, *, follow: bool = True) -> bytes | None:
    """Return the signature of a file as a plan has it, None when it does not exist."""
    try:
        status = posix.stat(path) if follow else posix.lstat(path)
    except (OSError, ValueError):
        return None
    return signature(status)


def signature(status: posix.stat_result) -> bytes:
    """Return the signature in what the system says of a file."""
    return b"%d %d %d %d %d" % (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns % (1 << 64),
        status.st_ctime_ns % (1 << 64),
    )


def split_signature(rest: bytes) -> tuple[bytes | None, bytes]:
    """Split a record into its signature and what follows."""
    parts = rest.split(b" ", 5)
    return (b" ".join(parts[:5]), parts[5]) if len(parts) == 6 else (None, b"")  # noqa: PLR2004


def _names_are_current(rest: bytes) -> bool:
    """Tell whether a folder is unchanged, in itself or in the names that matter."""
    then, rest = split_signature(rest)
    digest, _, rest = rest.partition(b" ")
    names, _, path = rest.partition(b" ")
    now = signature_of(path)
    if then is None or now is None:
        return False
    return now == then or names_digest(path, names) == digest


def names_digest(folder: bytes, names: bytes) -> bytes | None:
    """Return what tells whether the names in a folder that matter are the same.

    Args:
        folder: to look into.
        names: as `/json/tool/`; a file counts if what is ahead of its first dot is among them.
    """
    try:
        found = posix.listdir(folder)
    except OSError:
        return None
    wanted = set(names.split(b"/")) - {b""}
    digests = (fnv1a(name) for name in found if name.partition(b".")[0] in wanted)
    return b"%d" % (sum(digests) % (1 << 64))


def _is_absent(path: bytes) -> bool:
    try:
        posix.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _start(plan: PlanEntry, own: Sequence[bytes], env: Mapping[bytes, bytes]) -> None:
    """Become the interpreter of an answer.

    Raises:
        OSError: it cannot be started.
    """
    changed = dict(env)
    for change in plan.changes:
        name, equals, value = change.partition(b"=")
        if equals:
            changed[name] = value
        else:
            changed.pop(name, None)
    changed[DEPTH] = b"%d" % (int(env.get(DEPTH, b"0")) + 1)
    if plan.notice is not None:
        posix.write(2, plan.notice + b"\n")
    posix.execve(plan.executable or b"", [*plan.arguments, *own], changed)
