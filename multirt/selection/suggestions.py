"""Say what would make a refused runtime fit. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import Cause
from multirt.program.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multirt.program.model import Entry
    from multirt.selection.model import Verdict
    from multirt.selection.request import Decision

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


def remedy(decision: Decision) -> Remedy | None:
    """Return what would make the best refused runtime fit; None when nothing simple does.

    The best refused one is the first by rank of those to which only installed packages stand in
    the way.
    """
    if decision.wanted is not None:
        return None
    refused = sorted(
        (each for each in decision.verdicts if not each.accepted), key=lambda each: each.rank
    )
    for verdict in refused:
        names = _distributions(verdict, decision.providers)
        if names and (decision.chosen is None or verdict.rank < decision.chosen.rank):
            options = " ".join([*named_sites(decision), *(f"--with {name}" for name in names)])
            words = _words(decision.program.entry)
            return Remedy(
                runtime=verdict.runtime.id,
                distributions=names,
                command=f"multirt run --python {verdict.runtime.id} {options} {words}",
            )
    return None


def named_sites(decision: Decision) -> list[str]:
    """Return the folders that were named on the command line, as options."""
    sites = decision.configuration.sites
    named = sites is not None and sites.origin == "--site"
    return [f"--site {shlex.quote(str(root))}" for root in decision.roots] if named else []


def _distributions(verdict: Verdict, providers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the distributions that stand in the way; empty when something else does too.

    Of a module that is not installed, only what a user, a project or an installed distribution
    named counts: under the module's own name anything may be registered.
    """
    names = []
    for each in verdict.objections:
        name = each.distribution or providers.get(each.module or "")
        if each.cause not in _OF_A_FILE or name is None:
            return ()
        names.append(name)
    return tuple(dict.fromkeys(names)) if "venv" in verdict.runtime.stdlib else ()


def _words(entry: Entry) -> str:
    """Return the words that name a program on a command line."""
    match entry.kind:
        case Kind.MODULE:
            return f"-m {entry.text}"
        case Kind.CODE:
            return "-c ..."
        case Kind.STDIN:
            return "-"
        case _:
            return entry.text
