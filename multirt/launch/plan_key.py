"""What a command line asks, as the key of its plan file.

`launcher/multirt.c` makes the same bytes of it, and `docs/reference/plan-file.md` describes them.
Only the package above is imported, for this is on the way of every start. All text is bytes, as
the system gives it.
"""

from __future__ import annotations

from multirt import __version__

TYPE_CHECKING = False  # `typing` takes 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# The options that a plan can answer, each with its field, and whether its value is a path. The
# native launcher is compiled with this very table (launcher/compile_args.py).
PLANNED_OPTIONS = {
    b"--python": (b"python", False),
    b"-p": (b"python", False),
    b"--site": (b"site", True),
    b"--with": (b"with", False),
    b"--with-requirements": (b"with-requirements", True),
    b"--prefer": (b"prefer", False),
    b"--fastest-margin": (b"fastest-margin", False),
    b"--python-args": (b"python-args", False),
}
# These differ from one terminal to the next, so each value has a plan of its own.
_VARIABLES = (b"MULTIRT_PYTHON", b"VIRTUAL_ENV")
VERSION = b"multirt=" + __version__.encode() + b"\0"  # another one may decide otherwise


class PlanQuery:
    """A program to start, as the command line names it.

    Attributes:
        fields: what was asked, each as `label=value`.
        cwd: the current folder.
        local: an option names something by a relative path, or the current folder is searched.
        own: the index of the program's first own argument.
    """

    __slots__ = ("cwd", "fields", "local", "own")

    def __init__(self, fields: Sequence[bytes], cwd: bytes, *, local: bool, own: int) -> None:
        """Keep the parts."""
        self.fields = tuple(fields)
        self.cwd = cwd
        self.local = local
        self.own = own

    def each_key(self) -> Iterator[bytes]:
        """Yield the keys of plans that would answer it: for everywhere, then for this folder."""
        everywhere = VERSION + b"".join(field + b"\0" for field in self.fields)
        if not self.local:
            yield everywhere
        yield everywhere + b"cwd=" + self.cwd + b"\0"


def plan_query(
    arguments: Sequence[bytes], cwd: bytes, env: Mapping[bytes, bytes]
) -> PlanQuery | None:
    """Return the question of a command line, None when it starts no program or says more.

    Args:
        arguments: without the name of the command itself.
        cwd: the current folder, absolute.
        env: the environment.
    """
    run = arguments[:1] == [b"run"]
    read = _options(arguments, int(run)) if run else ([], 0, False)
    if read is None:
        return None
    fields, index, local = read
    module = run and arguments[index : index + 1] == [b"-m"]
    index += module
    program = arguments[index] if index < len(arguments) else b""
    if not program or program.startswith(b"-"):
        return None
    if module:
        fields.append(b"module=" + program)
        local = True  # `-m` looks into the current folder first
    elif b"/" in program or b"." in program:
        script = absolute(program, cwd)
        if script is None:
            return None
        fields.append(b"script=" + script)
    elif run:
        fields.append(b"name=" + program)
        local = True  # it may be a file here
    else:
        return None  # a subcommand
    fields += [name + b"=" + env[name] for name in _VARIABLES if name in env]
    return PlanQuery(fields, cwd, local=local, own=index + 1)


def split_shebang_args(
    arguments: Sequence[bytes], exists: Callable[[bytes], bool]
) -> Sequence[bytes]:
    """Return the arguments with those of a `#!` line taken apart.

    A kernel gives all that follows the interpreter there as one argument, as in
    `#!/usr/local/bin/multirt run --python pypy`. What has quotes in it stays: it is not for here.
    """
    first = arguments[0] if len(arguments) > 1 else b""
    begins = first.startswith((b"run ", b"-"))
    if not begins or b" " not in first or any(byte in first for byte in b"'\"\\\t\n"):
        return arguments
    if exists(first):
        return arguments
    tokens = [token for token in first.split(b" ") if token]
    return [*(() if tokens[0] == b"run" else (b"run",)), *tokens, *arguments[1:]]


def _options(arguments: Sequence[bytes], index: int) -> tuple[list[bytes], int, bool] | None:
    """Read the options ahead of a program; None when there is one that is not known here."""
    fields = []
    local = False
    while index < len(arguments) and arguments[index].startswith(b"-"):
        token = arguments[index]
        if token == b"-m":
            break
        if token in PLANNED_OPTIONS and index + 1 < len(arguments):
            name, value = token, arguments[index + 1]
            index += 2
        else:
            name, equals, value = token.partition(b"=")
            if not equals or name not in PLANNED_OPTIONS or not name.startswith(b"--"):
                return None
            index += 1
        label, is_path = PLANNED_OPTIONS[name]
        fields.append(label + b"=" + value)
        local |= not value.startswith(b"/") and (is_path or b"/" in value)
    return fields, index, local


def absolute(path: bytes, cwd: bytes) -> bytes | None:
    """Return a path without `.` and doubled slashes, absolute.

    None where `..`, or an end in a slash, makes it more than a name. Links are kept.
    """
    parts = path.split(b"/")
    if b".." in parts or parts[-1] in (b"", b"."):
        return None
    base = b"" if path.startswith(b"/") or cwd == b"/" else cwd
    return base + b"".join(b"/" + part for part in parts if part not in (b"", b"."))


def fnv1a(data: bytes) -> int:
    """Return the 64-bit FNV-1a hash of bytes (Fowler, Noll, Vo)."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
