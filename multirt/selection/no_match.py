"""Say why nothing fits, in a few lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from abi_probe import Cause
from multirt.errors import ExitCode, MultirtError
from multirt.program.model import Kind
from multirt.selection.suggestions import named_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multirt.selection.model import Verdict
    from multirt.selection.request import Decision

_NEAREST_MISSES = 3


def nearest_misses(decision: Decision) -> tuple[Verdict, ...]:
    """Return the refused runtimes that come closest, the closest first."""
    refused = [verdict for verdict in decision.verdicts if not verdict.accepted]
    ordered = sorted(refused, key=lambda each: (is_other(each), len(each.objections), each.rank))
    return tuple(ordered[:_NEAREST_MISSES])


def is_other(verdict: Verdict) -> bool:
    """Return whether a verdict is on a runtime that was not asked for."""
    return any(each.cause is Cause.SPEC for each in verdict.objections)


def nothing_fits(decision: Decision) -> MultirtError:
    """Return the error that names the nearest misses, each with its first objection."""
    program = decision.program
    if not decision.verdicts:
        hint = "name folders of runtimes in MULTIRT_SEARCH_PATH"
        return MultirtError("no-runtime", "no runtime found", hint, ExitCode.NOTHING_FITS)
    return MultirtError(
        "no-runtime",
        "\n".join(
            [f"none of {len(decision.verdicts)} runtimes fits {program.title}:", *_lines(decision)]
        ),
        f"`multirt explain {_again(decision)}` says why of each",
        ExitCode.NOTHING_FITS,
    )


def _lines(decision: Decision) -> Iterator[str]:
    """Yield the nearest misses, a reason that they share once."""
    reasons: dict[str, list[str]] = {}
    for each in nearest_misses(decision):
        reasons.setdefault(each.objections[0].detail, []).append(each.runtime.id)
    for detail, ids in reasons.items():
        yield f"  {', '.join(ids)}: {detail}"


def _again(decision: Decision) -> str:
    """Return the words that ask for the same program once more, on the same terms."""
    entry, asked = decision.program.entry, decision.configuration.runtimes
    named = entry.kind in (Kind.SCRIPT, Kind.FOLDER, Kind.MODULE, Kind.COMMAND)
    words = ["-m"] if entry.kind is Kind.MODULE else []
    words.append(shlex.quote(entry.text) if named else "...")
    specs = asked.value if asked is not None and asked.origin == "--python" else ()
    options = [f"--python {shlex.quote(str(spec))}" for spec in specs]
    return " ".join([*options, *named_sites(decision), *_besides(decision), *words])


def _besides(decision: Decision) -> Iterator[str]:
    """Yield the options that ask for more packages."""
    for each in decision.configuration.requirements:
        if each.origin == "--with":
            yield f"--with {shlex.quote(str(each.value))}"
    for file in decision.configuration.constraints:
        yield f"--with-requirements {shlex.quote(str(file))}"
