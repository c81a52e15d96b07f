"""Say why nothing fits, in a few lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import Cause
from multirt.config.model import Source
from multirt.errors import MultirtError, NothingFitsError
from multirt.program.model import ProgramKind
from runtimes import RuntimeSpec
from runtimes.ranges import runtime_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from abi_probe import Objection
    from multirt.program.model import EntryPoint
    from multirt.selection.model import Candidate, Decision

# What another file of the same distribution may lack.
_OF_A_FILE = frozenset(
    {
        Cause.ABI_HOOK,
        Cause.ABI_KIND,
        Cause.ABI_SUFFIX,
        Cause.ABI_SYMBOL,
        Cause.ABI_TAG,
        Cause.IMPORT,
        Cause.PACKAGE,
        Cause.PACKAGE_PYTHON,
        Cause.PLATFORM,
    }
)


class Remedy(Struct, frozen=True, kw_only=True):
    """What would make one runtime fit.

    Attributes:
        runtime: its id.
        distributions: what to install for it.
        command: the line that does so and starts the program.
    """

    runtime: str
    distributions: tuple[str, ...]
    command: str


def suggest_fix(decision: Decision) -> Remedy | None:
    """Return what would make the best refused runtime fit; None when nothing simple does.

    The best refused one is the first by rank of those to which only installed packages stand in
    the way.
    """
    if decision.wanted is not None:
        return None
    refused = sorted(
        (each for each in decision.candidates if not each.accepted), key=lambda each: each.rank
    )
    for candidate in refused:
        names = _distributions(candidate, decision.providers)
        if names and (decision.chosen is None or candidate.rank < decision.chosen.rank):
            options = " ".join([*named_sites(decision), *(f"--with {name}" for name in names)])
            words = _words(decision.program.entry)
            return Remedy(
                runtime=candidate.runtime.id,
                distributions=names,
                command=f"multirt run --python {candidate.runtime.id} {options} {words}",
            )
    return None


def named_sites(decision: Decision) -> list[str]:
    """Return the folders that were named on the command line, as options."""
    sites = decision.configuration.sites
    named = sites is not None and sites.source is Source.OPTION
    return [f"--site {shlex.quote(str(root))}" for root in decision.roots] if named else []


def _distributions(candidate: Candidate, providers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the distributions that stand in the way; empty when something else does too.

    Of a module that is not installed, only what a user, a project or an installed distribution
    named counts: under the module's own name anything may be registered.
    """
    names = []
    for each in candidate.objections:
        name = each.fact("distribution") or providers.get(each.fact("module") or "")
        if each.cause not in _OF_A_FILE or name is None:
            return ()
        names.append(name)
    return tuple(dict.fromkeys(names)) if "venv" in candidate.runtime.stdlib else ()


def _words(entry: EntryPoint) -> str:
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


_NEAREST_MISSES = 3


def nearest_misses(decision: Decision) -> tuple[Candidate, ...]:
    """Return the refused runtimes that come closest, the closest first."""
    return tuple(closest(decision)[:_NEAREST_MISSES])


def closest(decision: Decision) -> list[Candidate]:
    """Return all refused runtimes, the closest to being accepted first."""
    refused = [candidate for candidate in decision.candidates if not candidate.accepted]
    return sorted(refused, key=lambda each: (is_other(each), len(each.objections), each.rank))


def is_other(candidate: Candidate) -> bool:
    """Return whether a runtime is not one that was asked for."""
    return any(each.cause is Cause.SPEC for each in candidate.objections)


def no_runtime_error(decision: Decision) -> MultirtError:
    """Return the error that names the nearest misses, each with its first objection."""
    title, count = decision.program.title, len(decision.candidates)
    if not count:
        hint = "name folders of runtimes in MULTIRT_SEARCH_PATH"
        return NothingFitsError("no runtime found", hint)
    return NothingFitsError(
        "\n".join(
            [
                f"none of {count} runtimes fits {title}:",
                *_lines(decision),
            ]
        ),
        f"`multirt explain {_again(decision)}` says why of each",
    )


def _lines(decision: Decision) -> Iterator[str]:
    """Yield the reasons of the nearest misses, each with all runtimes that it is true of."""
    among = [each.runtime.id for each in decision.candidates]
    for objection, alike in [*by_reason(decision).values()][:_NEAREST_MISSES]:
        names = runtime_ranges([each.runtime.id for each in alike], among)
        if objection.cause is Cause.SPEC:
            yield f"  {objection.need}; {_like_the_spec(decision, among) or f'here: {names}'}"
        else:
            yield f"  {names}: {objection.need if len(alike) > 1 else objection.detail}"


def by_reason(decision: Decision) -> dict[object, tuple[Objection, list[Candidate]]]:
    """Return the refused runtimes by their first objection, the closest reason first."""
    groups: dict[object, tuple[Objection, list[Candidate]]] = {}
    for candidate in closest(decision):
        first = candidate.objections[0]
        about = (first.facts, first.path) if first.fact("line") else first.need
        groups.setdefault((first.cause, about), (first, []))[1].append(candidate)
    return groups


def _like_the_spec(decision: Decision, among: Sequence[str]) -> str | None:
    """Return the runtimes of the build or the implementation that was asked for, if any."""
    asked = decision.configuration.runtimes
    spec = asked.value[0] if asked is not None else None
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
    return f"{kind} here: {runtime_ranges(found, among) or 'none'}"


def _again(decision: Decision) -> str:
    """Return the options that request the same program again."""
    entry, asked = decision.program.entry, decision.configuration.runtimes
    named = entry.kind in (
        ProgramKind.SCRIPT,
        ProgramKind.FOLDER,
        ProgramKind.MODULE,
        ProgramKind.COMMAND,
    )
    words = ["-m"] if entry.kind is ProgramKind.MODULE else []
    words.append(shlex.quote(entry.text) if named else "...")
    specs = asked.value if asked is not None and asked.source is Source.OPTION else ()
    options = [f"--python {shlex.quote(str(spec))}" for spec in specs]
    return " ".join([*options, *named_sites(decision), *_besides(decision), *words])


def _besides(decision: Decision) -> Iterator[str]:
    """Yield the options that ask for more packages."""
    for each in decision.configuration.requirements:
        if each.source is Source.OPTION:
            yield f"--with {shlex.quote(str(each.value))}"
    for file in decision.configuration.constraints:
        yield f"--with-requirements {shlex.quote(str(file))}"
