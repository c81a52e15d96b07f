"""Start the command: find out what is meant, and turn every error into words and an exit code."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

import multirt
from multirt.cli.argv import (
    ANYWHERE,
    COMMANDS,
    TAKE_PROGRAMS,
    move_flags_ahead,
    separate_program,
    split_shebang_args,
)
from multirt.errors import (
    BuildError,
    ErrorKind,
    ExitCode,
    InputError,
    LaunchError,
    MultirtError,
    NothingFitsError,
    NothingRanError,
    OperationError,
    UnmetError,
    UsageError,
)
from multirt.launch.plan_key import plan_query
from multirt.process.debug_log import say
from runtimes.storage.trust import UntrustedError, report_to

_CODES = {  # by the most derived class that stands here
    MultirtError: ExitCode.USAGE,
    UnmetError: ExitCode.UNMET,
    BuildError: ExitCode.BUILD_FAILED,
    NothingRanError: ExitCode.NOTHING_RAN,
    OperationError: ExitCode.FAILED,
    LaunchError: ExitCode.CANNOT_START,
    NothingFitsError: ExitCode.NOTHING_FITS,
}
_SHOWN = 60  # characters of a name that is too long


def main() -> int:
    """Run the command line of this process and return its exit code."""
    arguments = insert_run(split_shebang_args(sys.argv[1:], COMMANDS))
    report_to(_say_untrusted)
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = _exit_code(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # who read our output has enough
        _drop_output()
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the one door: people get text
        if os.environ.get("MULTIRT_LOG") == "debug":
            raise _with_text(error) from error.__cause__
        return _print_error(_as_multirt_error(_with_text(error)), arguments)
    return code


def _say_untrusted(error: UntrustedError) -> None:
    """Say that a file or a folder is not used, for another user could have written it."""
    say(f"multirt: ignored {_printable(str(error.filename))}: {error.strerror}")


def _exit_code(arguments: list[str]) -> int:
    """Do what the arguments ask for; return the exit code, however that was said."""
    try:
        return _dispatch(arguments)
    except SystemExit as stop:  # how typer ends, and rich with a closed pipe
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        return stop.code if isinstance(stop.code, int) else ExitCode.FAILED


def _dispatch(arguments: list[str]) -> int:
    """Do what the arguments ask for."""
    command = arguments[0] if arguments else ""
    if sys.stdout is None and command != "run":  # a program may do without; we only print
        raise OperationError("stdout is closed", kind=ErrorKind.OUTPUT)
    if command == "list" and (options := plain_options(arguments[1:])) is not None:
        from multirt.cli.list_runtimes import list_runtimes

        return list_runtimes(None, shape=None, **options)
    if command == "probe" and (plain := plain_targets(arguments[1:])) is not None:
        from multirt.cli.probe_request import OutputFormat, ProbeArgs, probe_targets

        targets, as_json = plain
        return probe_targets(
            ProbeArgs(targets=targets, shape=OutputFormat.JSON if as_json else OutputFormat.TABLE)
        )
    if command == "run" and os.name == "posix":
        _start_plainly(arguments)
    if arguments in (["--version"], ["-V"]):
        print(f"multirt {multirt.__version__}")  # noqa: T201 - the command's own output
        return 0
    # 45 ms, which a start does without
    from multirt.cli.app import build, build_overview, command_of, run_typer, valued_options

    if arguments in ([], ["--help"], ["-h"]) and "_MULTIRT_COMPLETE" not in os.environ:
        return run_typer(build_overview(COMMANDS), arguments)
    app = build([command] if command in COMMANDS else COMMANDS)
    if command in TAKE_PROGRAMS:
        parts = separate_program(arguments[1:], valued_options(command_of(app, command)))
        arguments[1:] = move_flags_ahead(parts, ANYWHERE) if command == "explain" else parts
    return run_typer(app, arguments)


def _start_plainly(arguments: list[str]) -> None:
    """Become a program if it is asked for in words that a plan file knows; otherwise return."""
    question = plan_query([*map(os.fsencode, arguments)], os.fsencode(Path.cwd()), {**os.environb})
    if question is None:
        return
    options: dict[str, list[str]] = {}
    for field in question.fields:
        label, _, value = os.fsdecode(field).partition("=")
        options.setdefault(label, []).append(value)
    from multirt.cli.start import is_well_formed, start_from_fields

    if not is_well_formed(options):
        return
    first = question.own - (2 if "module" in options else 1)
    start_from_fields(arguments, arguments[first:], options)


def plain_options(parts: list[str]) -> dict[str, bool] | None:
    """Return what `list` is asked when there are only flags; otherwise None, for typer to read."""
    flags = {"--all": "everything", "--json": "as_json", "--refresh": "refresh"}
    if not flags.keys() >= set(parts):
        return None
    return {name: flag in parts for flag, name in flags.items()}


def plain_targets(parts: list[str]) -> tuple[list[str], bool] | None:
    """Return what `probe` is asked when there are only targets and `--json`; otherwise None."""
    targets = [part for part in parts if part != "--json"]
    if not targets or any(part.startswith("-") for part in targets):
        return None
    return targets, len(targets) < len(parts)


def _drop_output() -> None:
    """Forget what could not be written; Python would try, and complain, once more at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_multirt_error(error: Exception) -> MultirtError:  # noqa: PLR0911 - a table
    """Give every error the words, the hint and the exit code that are documented for it."""
    from runtimes import NoRuntimeError, SpecError

    match error:
        case MultirtError():
            return error
        case SpecError():
            hint = "write for example 3.12, 3.13t, 3.8d, pypy3.10, '>=3.9,<3.13' or a path"
            return UsageError(str(error), hint, kind=ErrorKind.SPEC)
        case NoRuntimeError():
            from runtimes.ranges import runtime_ranges

            known = runtime_ranges(error.known, error.known) or "none"
            hint = f"runtimes here: {known}; `uv python install` adds more"
            return NothingFitsError(str(error), hint)
        case OSError() if (options := _from_os_error(error)) is not None:
            return options
        case MemoryError():
            return OperationError("out of memory", "`ulimit -v`", kind=ErrorKind.SYSTEM)
        case RuntimeError() if "start new thread" in str(error):
            return OperationError("cannot start a thread", "`ulimit -u`", kind=ErrorKind.SYSTEM)
        case _:
            message = f"multirt failed: {type(error).__name__}: {error}"
            hint = "MULTIRT_LOG=debug shows where; please report it"
            return OperationError(message, hint)


def _from_os_error(error: OSError) -> MultirtError | None:
    """Return what an error of the system says of a file, None when that is not for people."""
    match error:
        case _ if not _is_somewhere():
            hint = "change into a folder that exists, as with `cd`"
            return InputError("the current folder is gone", hint, kind=ErrorKind.FOLDER)
        case PermissionError(filename=str(name)):
            hint = "look who may read it, and enter the folders above it: `ls -ld`"
            return InputError(f"{name}: {error.strerror}", hint)
        case OSError(errno=errno.ENAMETOOLONG, filename=str(name)):
            return InputError(f"{name[:_SHOWN]}...: {error.strerror}")
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO, filename=None):
            _drop_output()
            message = f"cannot write the output: {error.strerror}"
            return OperationError(message, kind=ErrorKind.OUTPUT)
        case _:
            return None


def _is_somewhere() -> bool:
    """Whether this process's current folder is there, and is to be seen."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def insert_run(arguments: list[str]) -> list[str]:
    """Return the arguments with `run` put before a program that stands alone.

    `multirt ./file` and `multirt dir/file` mean `run`, and so does the name of a file that is
    there and is no subcommand's.
    """
    if not arguments or arguments[0].startswith("-"):
        return arguments
    first = arguments[0]
    is_path = os.sep in first or (first not in COMMANDS and os.path.exists(first))  # noqa: PTH110 - text that may be no path at all
    return ["run", *arguments] if is_path else arguments


def _printable(text: str) -> str:
    """Return text without what could command the terminal; a name in it may be made for that."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "?", text)


def _with_text(error: Exception) -> Exception:
    """Return an error with the text that explains it, as one that no runtime fits has none."""
    if not isinstance(error, NothingFitsError):
        return error
    from multirt.report.explanations import explained

    return explained(error).with_traceback(error.__traceback__)


def _print_error(error: MultirtError, arguments: list[str]) -> int:
    """Print an error for people, and for programs where they asked."""
    hint = f"\n  {error.hint}" if error.hint else ""
    shown = _printable(f"{error.message}{hint}")
    if sys.stderr is not None:
        print(f"multirt: {shown}", file=sys.stderr)  # noqa: T201 - the command's own output
    command = arguments[0] if arguments else ""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in own and command in COMMANDS and error.kind is not ErrorKind.OUTPUT:
        details = {"kind": error.kind, "message": error.message, "hint": error.hint}
        import json  # 4 ms

        print(json.dumps({"schema_version": 1, "error": details}))  # noqa: T201 - the command's own output
    return int(next(_CODES[each] for each in type(error).__mro__ if each in _CODES))
