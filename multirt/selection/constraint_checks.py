"""Judge a runtime by what the program, its project and its user ask for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe import Cause, Objection
from multirt.config import Need
from multirt.config.model import Source
from multirt.program import RuntimeFacts, evaluate_guard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multirt.selection.model import EvaluationContext
    from runtimes import Runtime


def facts_of(runtime: Runtime) -> RuntimeFacts:
    """Return what the conditions of a program ask for."""
    return RuntimeFacts(
        version=(runtime.version.major, runtime.version.minor, runtime.version.micro),
        implementation=runtime.implementation.name,
        own_name=runtime.implementation.markers.implementation_name,
        title=runtime.implementation.markers.platform_python_implementation,
        system=runtime.platform.system,
        machine=runtime.platform.machine,
    )


# Options of the interpreter by the first version that takes them. Jython is 2.7 in this, too, and
# MicroPython calls itself 3.4.
_OPTION_SINCE = {"I": (3, 4), "P": (3, 11), "X": (3, 1), "q": (3, 2)}
# They find their standard library without PYTHONHOME.
_WITHOUT_HOME = frozenset({"graalpy", "ironpython", "jython", "micropython", "pyodide", "pypy"})
_OWN_LOCK_SINCE = (3, 12)  # PEP 684: an interpreter's own lock


def unmet_constraints(context: EvaluationContext, runtime: Runtime) -> Iterator[Objection]:
    """Yield what was asked for and a runtime is not."""
    yield from _asked(context, runtime)
    configuration = context.configuration
    for wanted in configuration.requires:
        # As pip does: 3.15.0rc1 is a 3.15.
        if not wanted.value.contains(runtime.version.base_version):
            yield Objection(
                cause=Cause.REQUIRES_PYTHON,
                need=f"{wanted.origin} requires Python {wanted.value}",
                here=f", this is {runtime.version}",
            )
    for need in configuration.needs:
        if not _meets(need.value, runtime):
            yield Objection(cause=Cause.CAPABILITY, need=f"{need.origin} needs {need.value.value}")
    for option in context.program.options:
        letter = option[1:2] if option.startswith("-") else ""
        if runtime.version.release[:2] < _OPTION_SINCE.get(letter, (0, 0)):
            detail = f"{context.program.title} is started with {option}, which {runtime.id} lacks"
            yield Objection(cause=Cause.CAPABILITY, need=detail)
    home = context.pythonhome
    if home is not None and runtime.implementation.name not in _WITHOUT_HOME:
        version = f"{runtime.version.major}.{runtime.version.minor}"
        if not any(home.glob(f"lib*/python{version}*/encodings")):
            detail = f"PYTHONHOME is {home}, which holds no standard library of Python {version}"
            yield Objection(cause=Cause.BROKEN, need=detail, path=str(home))
    yield from _exits(context, runtime)


def _asked(context: EvaluationContext, runtime: Runtime) -> Iterator[Objection]:
    """Yield what was asked for by name."""
    configuration = context.configuration
    asked, shebang_spec = configuration.runtimes, configuration.shebang_spec
    if asked is not None and not any(spec.accepts(runtime) for spec in asked.value):
        words = " or ".join(map(str, asked.value))
        by = "" if asked.source is Source.OPTION else f" by {asked.origin}"
        yield Objection(cause=Cause.SPEC, need=f"{words} was asked for{by}")
    if shebang_spec is not None and shebang_spec.value.release[:1] not in (
        (),
        runtime.version.release[:1],
    ):
        yield Objection(
            cause=Cause.SPEC, need=f"{shebang_spec.origin} asks for {shebang_spec.value}"
        )
    wanted = configuration.implementation
    if wanted is not None and runtime.implementation.name != wanted.value.lower():
        by = "" if wanted.source is Source.OPTION else f" by {wanted.origin}"
        yield Objection(cause=Cause.SPEC, need=f"{wanted.value} was asked for{by}")


def _meets(need: Need, runtime: Runtime) -> bool:
    """Whether a build has what is needed."""
    match need:
        case Need.FREE_THREADING:
            return runtime.abi.free_threaded
        case Need.DEBUG:
            return runtime.abi.debug
        case Need.JIT:
            return runtime.jit is not None
        case Need.SUBINTERPRETERS:
            version = (runtime.version.major, runtime.version.minor)
            modules = {"_interpreters", "_xxsubinterpreters"}
            return version >= _OWN_LOCK_SINCE and bool(modules & runtime.stdlib)


def _exits(context: EvaluationContext, runtime: Runtime) -> Iterator[Objection]:
    """Yield the lines at which the program itself refuses a runtime."""
    facts = facts_of(runtime)
    for each in context.program.exits:
        if all(evaluate_guard(guard.test, facts) is guard.wanted for guard in each.guards):
            last = each.guards[-1]
            test = last.test if last.wanted else f"not ({last.test})"
            yield Objection(
                cause=Cause.REQUIRES_PYTHON,
                need=f"{each.file.name} line {each.line} ends it where `{test}`",
                path=str(each.file),
            )
