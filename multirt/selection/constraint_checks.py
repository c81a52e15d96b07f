"""Judge a runtime by what the program, its project and its user ask for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abi_probe import Cause
from multirt.config import Need
from multirt.config.model import Source
from multirt.program import RuntimeFacts, evaluate_guard
from multirt.selection.model import objection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe import Objection
    from multirt.config import Setting
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
    yield from _unwanted(context, runtime)
    configuration = context.configuration
    for wanted in configuration.requires:
        # As pip does: 3.15.0rc1 is a 3.15.
        if not wanted.value.contains(runtime.version.base_version):
            python = str(wanted.value)
            yield objection(Cause.REQUIRES_PYTHON, origin=wanted.origin, python=python)
    for need in configuration.needs:
        if not _meets(need.value, runtime):
            yield objection(Cause.CAPABILITY, origin=need.origin, need=need.value.value)
    for option in context.program.options:
        letter = option[1:2] if option.startswith("-") else ""
        if runtime.version.release[:2] < _OPTION_SINCE.get(letter, (0, 0)):
            yield objection(Cause.CAPABILITY, program=context.program.title, option=option)
    home = context.pythonhome
    if home is not None and runtime.implementation.name not in _WITHOUT_HOME:
        version = f"{runtime.version.major}.{runtime.version.minor}"
        if not any(home.glob(f"lib*/python{version}*/encodings")):
            yield objection(Cause.BROKEN, path=home, python=version)
    yield from _exits(context, runtime)


def _unwanted(context: EvaluationContext, runtime: Runtime) -> Iterator[Objection]:
    """Yield what was asked for by name."""
    configuration = context.configuration
    requested, shebang_spec = configuration.runtimes, configuration.shebang_spec
    if requested is not None and not any(spec.accepts(runtime) for spec in requested.value):
        yield _not_wanted(" or ".join(map(str, requested.value)), requested)
    if shebang_spec is not None and shebang_spec.value.release[:1] not in (
        (),
        runtime.version.release[:1],
    ):
        shebang = str(shebang_spec.value)
        yield objection(Cause.SPEC, shebang=shebang, origin=shebang_spec.origin)
    wanted = configuration.implementation
    if wanted is not None and runtime.implementation.name != wanted.value.lower():
        yield _not_wanted(wanted.value, wanted)


def _not_wanted(wanted: str, setting: Setting[Any]) -> Objection:
    """Return the objection to a runtime that a setting does not name; an option needs no origin."""
    if setting.source is Source.OPTION:
        return objection(Cause.SPEC, wanted=wanted)
    return objection(Cause.SPEC, wanted=wanted, origin=setting.origin)


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
            line = str(each.line)
            yield objection(Cause.REQUIRES_PYTHON, path=each.file, line=line, exit=test)
