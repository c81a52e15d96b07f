"""Say how a program is to be started on a runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.config import Need
from multirt.errors import ProgramError
from multirt.program.model import ProgramKind
from multirt.selection.console_script import interpreter_options, write_console_script
from multirt.selection.model import Plan
from multirt.selection.no_match import NoCandidateError
from runtimes import Jit
from runtimes.storage.trust import check_tree, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.environments import InstalledEnvironment
    from multirt.selection.model import Candidate, Decision, Request
    from runtimes import Runtime

_PYCACHE_PREFIX_SINCE = (3, 8)


def plan(
    decision: Decision,
    request: Request,
    arguments: Sequence[str],
    candidate: Candidate | None = None,
) -> Plan:
    """Say how a program is to be started.

    Args:
        decision: which `decide` gave for the request.
        request: what was asked.
        arguments: for the program.
        candidate: an accepted one of the decision; None for the chosen one.

    Raises:
        MultirtError: no runtime fits, or no environment can be made.
    """
    candidate = candidate or decision.chosen
    if candidate is None:
        raise NoCandidateError(decision)
    runtime = candidate.runtime
    built, until = _built(decision, request, runtime)
    python, environment = _python(decision, request, runtime, built)
    homes = [built.home] if built is not None else []
    if request.cache_dir in python.parents:
        homes.append(python.parent.parent)
    options, entry = decision.program.options, _entry(decision, request, built)
    if entry and decision.program.entry.kind is ProgramKind.COMMAND:
        own = interpreter_options(Path(entry[0]))
        if own is None:
            python, options, entry = Path(entry[0]), (), ()
        else:
            options = options or own
    return Plan(
        runtime=runtime,
        executable=python,
        arguments=(*options, *entry, *arguments),
        environment=(*environment, *_switches(decision, runtime)),
        stdin=decision.program.stdin,
        environments=tuple(dict.fromkeys(homes)),
        until=until,
    )


def _built(
    decision: Decision, request: Request, runtime: Runtime
) -> tuple[InstalledEnvironment | None, float | None]:
    """Return the environment with what is to be installed, and until when that counts.

    None for either: nothing is installed, and it counts for ever.
    """
    if decision.wanted is None:
        return None, None
    from multirt.environments import build, resolve  # 30 ms, where something is installed

    store = request.stored()
    resolution = resolve(runtime, decision.wanted, store)
    return build(runtime, resolution, store, decision.program.script), resolution.until


def _python(
    decision: Decision, request: Request, runtime: Runtime, built: InstalledEnvironment | None
) -> tuple[Path, tuple[tuple[str, str], ...]]:
    """Return what is started, and the variables that it needs."""
    environment = decision.environment
    if built is not None and not decision.roots:
        return built.python, ()
    if not decision.roots:
        return runtime.executable, ()
    if built is None and environment and environment.is_of(runtime) and environment.python.exists():
        return environment.python, ()
    if "venv" not in runtime.stdlib:  # then nothing in the roots is reached: see the judge
        return runtime.executable, ()
    from multirt.environments import overlay

    roots = [Path(os.path.abspath(root)) for root in decision.roots]  # noqa: PTH100 - keeps links
    installed = built.site_roots if built is not None else ()
    python = overlay(runtime, [*installed, *roots], request.cache_dir)
    return python, _bytecode_elsewhere(runtime, request)


def _entry(
    decision: Decision, request: Request, built: InstalledEnvironment | None
) -> tuple[str, ...]:
    """Return the arguments that say what is to run."""
    program, text = decision.program, decision.program.entry.text
    arguments: tuple[str, ...]
    match program.entry.kind:
        case ProgramKind.SCRIPT | ProgramKind.FOLDER:
            arguments = (str(program.script),)
        case ProgramKind.MODULE:
            arguments = ("-m", text)
        case ProgramKind.CODE:
            arguments = ("-c", text)
        case ProgramKind.STDIN:
            arguments = ("-",)
        case ProgramKind.INTERPRETER:
            arguments = ()
        case ProgramKind.COMMAND if decision.command is not None:
            arguments = (str(write_console_script(decision.command, request.cache_dir)),)
        case ProgramKind.COMMAND:
            arguments = (str(_installed(text, built)),)
    return arguments


def _installed(name: str, built: InstalledEnvironment | None) -> Path:
    """Return a command that came with what was installed."""
    if built is not None and (built.scripts / name).is_file():
        return built.scripts / name
    there = sorted(path.name for path in built.scripts.iterdir()) if built is not None else []
    known = [each for each in there if not each.startswith(("python", "activate", "pypy"))]
    hint = f"it brings {', '.join(known)}" if known else None
    message = f"what was installed brings no command {name}"
    raise ProgramError(message, hint)


def _switches(decision: Decision, runtime: Runtime) -> tuple[tuple[str, str], ...]:
    """Return the variables that turn on what is needed and off by default."""
    needs = {need.value for need in decision.configuration.needs}
    if Need.JIT in needs and runtime.jit is Jit.OFF and runtime.implementation.name == "cpython":
        return (("PYTHON_JIT", "1"),)
    return ()


def _bytecode_elsewhere(runtime: Runtime, request: Request) -> tuple[tuple[str, str], ...]:
    """Return what keeps another runtime from writing bytecode next to the packages."""
    env = request.search.env
    if "PYTHONPYCACHEPREFIX" in env or "PYTHONDONTWRITEBYTECODE" in env:
        return ()
    if (runtime.version.major, runtime.version.minor) < _PYCACHE_PREFIX_SINCE:
        return (("PYTHONDONTWRITEBYTECODE", "1"),)
    bytecode = request.cache_dir / "bytecode"
    try:
        make_folder(bytecode)
        bytecode.chmod(0o700)  # what the programs make in it may be open to others
        check_tree(bytecode)
    except OSError:
        return (("PYTHONDONTWRITEBYTECODE", "1"),)
    return (("PYTHONPYCACHEPREFIX", str(bytecode)),)
