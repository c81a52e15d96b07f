"""Start the command: find out what is meant, and turn every error into words and an exit code."""

from __future__ import annotations

import json
import os
import signal
import sys

from multirt.cli.commands import COMMANDS
from multirt.errors import ExitCode, MultirtError


def main() -> int:
    """Run the command line of this process and return its exit code."""
    arguments = as_command(sys.argv[1:])
    try:
        from multirt.cli.app import build  # 45 ms of typer, which a plan file will spare

        asked = arguments[0] if arguments else ""
        build([asked] if asked in COMMANDS else COMMANDS)(args=arguments, prog_name="multirt")
    except BrokenPipeError:
        # Who read our output has enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # the one outermost door: people get words, not a traceback
        if os.environ.get("MULTIRT_LOG") == "debug":
            raise
        return _say(_as_multirt_error(error), arguments)
    return 0


def _as_multirt_error(error: Exception) -> MultirtError:
    """Give every error the words, the hint and the exit code that are documented for it."""
    from runtimes import NoRuntimeError, SpecError

    match error:
        case MultirtError():
            return error
        case SpecError():
            hint = "write for example 3.12, 3.13t, 3.8d, pypy3.10, '>=3.9,<3.13' or a path"
            return MultirtError("spec", str(error), hint)
        case NoRuntimeError():
            known = ", ".join(error.known[:8]) or "nothing"
            hint = f"here are {known}; `multirt list` shows them all"
            return MultirtError("no-runtime", str(error), hint, ExitCode.NOTHING_FITS)
        case _:
            message = f"multirt failed: {type(error).__name__}: {error}"
            hint = "MULTIRT_LOG=debug shows where; please report it"
            return MultirtError("internal", message, hint, ExitCode.FAILED)


def as_command(arguments: list[str]) -> list[str]:
    """Return the arguments with `run` put before a program that stands alone.

    `multirt ./file` and `multirt dir/file` mean `run`, and so does the name of a file that is
    there and is no subcommand's.
    """
    if not arguments or arguments[0].startswith("-"):
        return arguments
    first = arguments[0]
    is_path = os.sep in first or (first not in COMMANDS and os.path.exists(first))  # noqa: PTH110 - text that may be no path at all
    return ["run", *arguments] if is_path else arguments


def _say(error: MultirtError, arguments: list[str]) -> int:
    """Print an error for people, and for programs where they asked."""
    hint = f"\n  {error.hint}" if error.hint else ""
    print(f"multirt: {error.message}{hint}", file=sys.stderr)  # noqa: T201 - the command's own output
    command = arguments[0] if arguments else ""
    ours = "--json" in arguments and command in {*COMMANDS} - {"run"}
    if ours:
        details = {"kind": error.kind, "message": error.message, "hint": error.hint}
        print(json.dumps({"schema_version": 1, "error": details}))  # noqa: T201 - likewise
    return int(error.code)
