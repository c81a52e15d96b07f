"""Tell multirt's own options from the program's on a command line."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from multirt.errors import UsageError
from multirt.program.requirements import parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.program.requirements import Requirement

# In the order of `multirt --help`, with what that says of each in a line, so that it need import
# none: each is a module here, imported only when it is asked for.
COMMANDS = {
    "run": "Run a program on the best compatible runtime.",
    "tool": "Run a tool from the package index.",
    "explain": "Show which runtime a program would use, and why.",
    "list": "List all Python runtimes of this machine.",
    "find": "Print the path of the best runtime that fits.",
    "probe": "Check on which runtimes a binary works, and why not.",
    "compare": "Compare the results of a program on several runtimes.",
    "bench": "Measure how fast a program is on several runtimes.",
    "canary": "Show or delete the results of canaries.",
    "matrix": "Test a project on every runtime.",
    "doctor": "Report problems with the discovered runtimes.",
    "cache": "Show or delete cached facts and decisions.",
    "env": "Manage the environments of programs.",
    "lock": "Write a lock file for a script.",
    "shebang": "Make scripts start through multirt by their first line.",
}

# Of these, all that follows the program is the program's.
TAKE_PROGRAMS = frozenset({"run", "tool", "explain", "compare"})

# Where a program is only looked at, these are multirt's after it too.
ANYWHERE = frozenset({"--json", "--verbose", "-v"})


_PROGRAM_OPTIONS = ("-m", "-c")


def separate_program(arguments: Sequence[str], valued: Iterable[str]) -> list[str]:
    """Return the arguments with `--` put before the program.

    The options before the program are multirt's, all that follows it is its own. One `--` of the
    user's is taken away.

    Args:
        arguments: after the subcommand.
        valued: options that take a value.
    """
    taking = frozenset(valued)
    index = 0
    while index < len(arguments):
        part = arguments[index]
        if part == "--":
            return [*arguments[:index], "--", *arguments[index + 1 :]]
        is_option = part.startswith("-") and part != "-"
        if not is_option or (part[:2] in _PROGRAM_OPTIONS and not part.startswith("--")):
            return [*arguments[:index], "--", *arguments[index:]]
        index += 2 if part in taking else 1
    return list(arguments)


def move_flags_ahead(parts: Sequence[str], flags: Iterable[str]) -> list[str]:
    """Return separated words with some flags of the program's part put before it.

    Args:
        parts: with `--` before the program, if there is one.
        flags: which; the one right after `-m` or `-c` stays.
    """
    if "--" not in parts:
        return list(parts)
    index = parts.index("--")
    program = list(parts[index + 1 :])
    start = 2 if program[:1] in (["-m"], ["-c"]) else 1
    moved = [part for part in program[start:] if part in frozenset(flags)]
    kept = [part for part in program[start:] if part not in moved]
    return [*parts[:index], *moved, "--", *program[:start], *kept]


def split_shebang_args(arguments: Sequence[str], commands: Iterable[str]) -> list[str]:
    """Return the arguments with those of a `#!` line taken apart.

    A kernel gives all that follows the interpreter in that line as one argument, as in
    `#!/usr/local/bin/multirt run --python pypy`, and the script's path as the next.
    """
    if len(arguments) < 2 or " " not in arguments[0] or os.path.exists(arguments[0]):  # noqa: PLR2004, PTH110 - text that may be no path
        return list(arguments)
    try:
        parts = shlex.split(arguments[0])
    except ValueError:
        return list(arguments)
    if parts and parts[0] in set(commands):
        return [*parts, *arguments[1:]]
    if parts and parts[0].startswith("-"):
        return ["run", *parts, *arguments[1:]]
    return list(arguments)


def requirement(text: str) -> Requirement:
    """Return what the value of `--with` requires.

    Raises:
        MultirtError: it means nothing.
    """
    try:
        return parse_requirement(text)
    except ValueError as error:
        first = str(error).partition("\n")[0]
        hint = "write for example six, 'numpy<2' or 'black[jupyter]==25.1.0'"
        raise UsageError(f"invalid requirement {text!r}: {first}", hint) from error
