"""Say why nothing fits, in a few lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from multirt.errors import ExitCode, MultirtError
from multirt.model import Kind

if TYPE_CHECKING:
    from multirt.dispatch.request import Decision
    from multirt.model import Verdict

_NEAREST_MISSES = 3


def nearest_misses(decision: Decision) -> tuple[Verdict, ...]:
    """Return the refused runtimes that come closest, the closest first."""
    refused = [verdict for verdict in decision.verdicts if not verdict.accepted]
    ordered = sorted(refused, key=lambda each: (len(each.objections), each.rank))
    return tuple(ordered[:_NEAREST_MISSES])


def nothing_fits(decision: Decision) -> MultirtError:
    """Return the error that names the nearest misses, each with its first objection."""
    program = decision.program
    if not decision.verdicts:
        hint = "name folders of runtimes in MULTIRT_SEARCH_PATH"
        return MultirtError("no-runtime", "no runtime found", hint, ExitCode.NOTHING_FITS)
    lines = [
        f"  {each.runtime.id}: {each.objections[0].detail}" for each in nearest_misses(decision)
    ]
    return MultirtError(
        "no-runtime",
        "\n".join([f"none of {len(decision.verdicts)} runtimes fits {program.title}:", *lines]),
        f"multirt explain {_again(decision)} says it of each",
        ExitCode.NOTHING_FITS,
    )


def _again(decision: Decision) -> str:
    """Return the words that ask for the same program once more, on the same terms."""
    entry, asked = decision.program.entry, decision.configuration.runtimes
    options = asked.value if asked is not None and asked.origin == "--python" else ()
    named = entry.kind in (Kind.SCRIPT, Kind.FOLDER, Kind.MODULE, Kind.COMMAND)
    words = ["-m"] if entry.kind is Kind.MODULE else []
    words.append(shlex.quote(entry.text) if named else "...")
    return " ".join([*(f"--python {shlex.quote(str(spec))}" for spec in options), *words])
