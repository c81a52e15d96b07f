"""The text of objections to runtimes, of warnings and of notes, made of their facts.

An objection's text has two parts: what the program or its user needs, which is the same for every
runtime with this objection, and what one runtime has instead.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from abi_probe import Cause
from multirt.config import NoteKind, Source
from multirt.errors import NothingFitsError
from multirt.program.model import ProgramKind
from multirt.selection.no_match import NoCandidateError, by_reason, closest
from runtimes import RuntimeSpec
from runtimes.ranges import runtime_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from abi_probe import Objection
    from multirt.config import Note
    from multirt.program.model import EntryPoint
    from multirt.selection.model import Candidate, Decision, OutdatedPin
    from multirt.selection.no_match import Remedy
    from runtimes import Runtime

_REASONS = 3  # in the error that nothing fits
_CODE = 60  # characters of a line that cannot be compiled


def need_text(objection: Objection) -> str:
    """Return what is true of an objection on every runtime to which it is made."""
    return objection.need or _need(objection)


def detail_text(objection: Objection, runtime: Runtime) -> str:
    """Return an objection to one runtime, in one sentence."""
    if objection.need:
        return objection.detail
    return _need(objection) + _here(objection, runtime)


def _need(objection: Objection) -> str:
    """Return the beginning of a sentence, made of the facts."""
    return _NEEDS[objection.cause](dict(objection.facts), objection.path)


def _here(objection: Objection, runtime: Runtime) -> str:
    """Return the end of a sentence: what the runtime is or has instead."""
    match objection.cause, dict(objection.facts):
        case Cause.REQUIRES_PYTHON, {"python": _}:
            return f", this is {runtime.version}"
        case Cause.CAPABILITY, {"option": _}:
            return f", which {runtime.id} lacks"
        case Cause.CAPABILITY, {"venv": _}:
            return f", {runtime.id} has none"
        case _:
            return ""


def _spec(facts: Mapping[str, str], _: str | None) -> str:
    match facts:
        case {"shebang": wanted, "origin": origin}:
            return f"{origin} asks for {wanted}"
        case {"origin": origin}:
            return f"{facts['wanted']} was asked for by {origin}"
        case _:
            return f"{facts['wanted']} was asked for"


def _requires_python(facts: Mapping[str, str], path: str | None) -> str:
    if "exit" in facts:
        return f"{_location(facts, path)} ends it where `{facts['exit']}`"
    return f"{facts['origin']} requires Python {facts['python']}"


def _syntax(facts: Mapping[str, str], path: str | None) -> str:
    if "mute" in facts:
        return f"{facts['mute']} cannot be asked what it compiles: name it to have it"
    code, needs = facts["code"], facts.get("needs")
    code = code if len(code) <= _CODE else f"{code[: _CODE - 3]}..."
    shown = f": `{code}`" if code else ""
    since = f"needs {needs}: " if needs is not None else ""
    message = facts.get("message", "it cannot be compiled")
    return f"{since}{_location(facts, path)}: {message}{shown}"


def _stdlib(facts: Mapping[str, str], path: str | None) -> str:
    parent = facts.get("parent")
    name = facts["name"] if parent is None else f"{facts['name']} from {parent}"
    return f"{_location(facts, path)} imports {name}, which it does not have"


def _package(facts: Mapping[str, str], path: str | None) -> str:
    match facts:
        case {"unmet": message}:
            return message
        case {"module": name, "folders": folders}:
            where = f" in {folders}" if folders else ""
            return f"{_location(facts, path)} imports {name}, which is not installed{where}"
        case _:
            name, folders = facts["distribution"], facts["folders"]
            return f"{facts['dependent']} requires {name} here, which is not installed in {folders}"


def _broken(facts: Mapping[str, str], path: str | None) -> str:
    if "trouble" in facts:
        return f"{facts['name']}: {facts['trouble']}"
    python = facts["python"]
    return f"PYTHONHOME is {path}, which holds no standard library of Python {python}"


def _capability(facts: Mapping[str, str], _: str | None) -> str:
    match facts:
        case {"need": need, "origin": origin}:
            return f"{origin} needs {need}"
        case {"option": option, "program": program}:
            return f"{program} is started with {option}"
        case _:
            installs = facts["venv"] == "install"
            use = "installing packages" if installs else "using a folder of packages"
            return f"{use} needs a venv module"


def _location(facts: Mapping[str, str], path: str | None) -> str:
    """Return the line of a file; the line is 0 where it is not known."""
    if path is None:
        return "the command line"
    name, line = Path(path).name, facts["line"]
    return name if line == "0" else f"{name} line {line}"


_NEEDS: Mapping[Cause, Callable[[Mapping[str, str], str | None], str]] = {
    Cause.SPEC: _spec,
    Cause.REQUIRES_PYTHON: _requires_python,
    Cause.SYNTAX: _syntax,
    Cause.STDLIB: _stdlib,
    Cause.PACKAGE: _package,
    Cause.BROKEN: _broken,
    Cause.CAPABILITY: _capability,
}


def resolver_text(objection: Objection) -> str | None:
    """Return the resolver's own explanation; None where it is no longer than the objection."""
    full = objection.fact("full")
    return full if full != objection.fact("unmet") else None


def warning_texts(candidate: Candidate) -> list[str]:
    """Return what may go wrong on a runtime that nothing rules out."""
    texts = [each.detail for each in candidate.warnings]
    overruled = (detail_text(each, candidate.runtime) for each in candidate.overruled)
    texts += [f"tried all the same: {each}" for each in overruled]
    texts += map(_outdated, candidate.outdated)
    return texts


def _outdated(pin: OutdatedPin) -> str:
    major, minor = pin.python
    return (
        f"{pin.name} {pin.version} ({pin.uploaded}) is older than Python {major}.{minor}"
        f" ({pin.released}), and {pin.requirement} may keep one away that knows it"
    )


_NOTES = {
    NoteKind.PIN_RULED_OUT: "{} asks for {}, but {} requires Python {}: the requirement counts",
    NoteKind.PIN_INVALID: "{}: ignored, it is invalid TOML: {}",
    NoteKind.PIN_UNKNOWN: "{}: ignored {!r}, which names no runtime or environment here",
    NoteKind.LOCK_OLD: "{} does not count: it is older than pyproject.toml",
    NoteKind.LOCK_INCOMPLETE: "{} does not count: it lacks what is asked for besides",
    NoteKind.PYTHONHOME: "PYTHONHOME is {}: a CPython needs its standard library there",
    NoteKind.HISTORY: "{}: the usual choice stands",
}


def note_text(note: Note) -> str:
    """Return a note in one line."""
    return _NOTES[note.kind].format(*note.facts)


def explained(error: NothingFitsError) -> NothingFitsError:
    """Return an error with its text: of no runtime, the nearest with their first objections."""
    if not isinstance(error, NoCandidateError):
        return error
    decision = error.decision
    count = len(decision.candidates)
    if not count:
        hint = "name folders of runtimes in MULTIRT_SEARCH_PATH"
        return NothingFitsError("no runtime found", hint)
    first = f"none of {count} runtimes fits {decision.program.title}:"
    hint = f"`multirt explain {_again(decision)}` says why of each"
    return NothingFitsError("\n".join([first, *_nearest(decision)]), hint)


def _nearest(decision: Decision) -> Iterator[str]:
    """Yield the reasons of the nearest misses, each with all runtimes that it is true of."""
    among = [each.runtime.id for each in decision.candidates]
    groups = by_reason(closest(decision))
    own = [each for each in groups if each[0].cause is not Cause.SPEC]  # of the runtimes requested
    for objection, alike in (own or groups)[:_REASONS]:
        names = runtime_ranges([each.runtime.id for each in alike], among)
        if objection.cause is Cause.SPEC:
            here = _like_the_spec(decision, among) or f"here: {names}"
            yield f"  {need_text(objection)}; {here}"
        else:
            yield f"  {names}: {shared_text(objection, alike)}"


def shared_text(objection: Objection, alike: Sequence[Candidate]) -> str:
    """Return an objection to several runtimes: of one in full, of more what they share."""
    if len(alike) > 1:
        return need_text(objection)
    return detail_text(objection, alike[0].runtime)


def first_reason(candidate: Candidate) -> str:
    """Return the first objection to a candidate, with its cause."""
    first = candidate.objections[0]
    return f"{first.cause.value}: {detail_text(first, candidate.runtime)}"


def _like_the_spec(decision: Decision, among: Sequence[str]) -> str | None:
    """Return the runtimes of the build or the implementation that was asked for, if any."""
    requested = decision.configuration.runtimes
    spec = requested.value[0] if requested is not None else None
    if spec is None or not (spec.debug or spec.free_threaded or spec.implementation):
        return None
    kind = "debug builds" if spec.debug else "free-threaded builds"
    if not (spec.debug or spec.free_threaded):
        kind = f"{spec.implementation} runtimes"
    like = RuntimeSpec(
        implementation=spec.implementation,
        debug=spec.debug or None,
        free_threaded=spec.free_threaded or None,
    )
    found = [each.runtime.id for each in decision.candidates if like.accepts(each.runtime)]
    return f"{kind} here: {runtime_ranges(found, among, exact=True) or 'none'}"


def remedy_command(remedy: Remedy, decision: Decision) -> str:
    """Return the line that installs what a runtime lacks, and starts the program on it."""
    options = [*_sites(decision), *(f"--with {name}" for name in remedy.distributions)]
    program = _arguments(decision.program.entry)
    return f"multirt run --python {remedy.runtime} {' '.join(options)} {program}"


def _arguments(entry: EntryPoint) -> str:
    """Return the arguments that name a program on a command line."""
    match entry.kind:
        case ProgramKind.MODULE:
            return f"-m {entry.text}"
        case ProgramKind.CODE:
            return "-c ..."
        case ProgramKind.STDIN:
            return "-"
        case _:
            return entry.text


def _again(decision: Decision) -> str:
    """Return the options that request the same program again."""
    entry, requested = decision.program.entry, decision.configuration.runtimes
    unnamed = (ProgramKind.CODE, ProgramKind.STDIN, ProgramKind.INTERPRETER)
    arguments = ["-m"] if entry.kind is ProgramKind.MODULE else []
    arguments.append("..." if entry.kind in unnamed else shlex.quote(entry.text))
    specs = requested.value if requested is not None and requested.source is Source.OPTION else ()
    options = [f"--python {shlex.quote(str(spec))}" for spec in specs]
    return " ".join([*options, *_sites(decision), *_packages(decision), *arguments])


def _sites(decision: Decision) -> list[str]:
    """Return the folders that were named on the command line, as options."""
    sites = decision.configuration.sites
    named = sites is not None and sites.source is Source.OPTION
    return [f"--site {shlex.quote(str(root))}" for root in decision.roots] if named else []


def _packages(decision: Decision) -> Iterator[str]:
    """Yield the options that ask for more packages."""
    for each in decision.configuration.requirements:
        if each.source is Source.OPTION:
            yield f"--with {shlex.quote(str(each.value))}"
    for file in decision.configuration.constraints:
        yield f"--with-requirements {shlex.quote(str(file))}"
