"""Draw together what stands against an artefact, and rank it."""

from __future__ import annotations

import re
from collections import Counter
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from multirt.probe.report_values import (
        BrokenPromiseReport,
        HindranceReport,
        Report,
        RuntimeReport,
    )

PROMISE: Final = "promise"
WARNING: Final = "warning"
HINT: Final = "hint"
TABLE: Final = "table"  # the runtime is not here: no fault of the artefact
_NAMED: Final = 4  # hindrances spelt out
# What a detail says of the one runtime that it was found on.
_THIS: Final = re.compile(r", this (?:is|runtime has) [^;:]*$|: [\w.~-]+ tries \..*$")


class Weight(IntEnum):
    """How bad a reason is, worst first."""

    BROKEN_PROMISE = 0
    OBJECTION = 1
    UNREADABLE = 2
    WARNING = 3
    HINT = 4


class Reason(Struct, frozen=True, kw_only=True):
    """One thing to know of an artefact.

    Attributes:
        weight: how bad it is.
        kind: the cause of an objection, `promise` or `warning`.
        text: one sentence; where it differs from runtime to runtime, what they have in common.
        runtimes: ids that it holds for; empty when it is about the artefact alone.
        path: the file concerned; None for the whole.
        help: what would make it fall; None when nothing is known to.
    """

    weight: Weight
    kind: str
    text: str
    runtimes: tuple[str, ...] = ()
    path: str | None = None
    help: str | None = None


def reasons_of(report: Report, ignored: Collection[str] = ()) -> list[Reason]:
    """Return every reason of an artefact once, worst first, then those of most runtimes.

    Args:
        report: what is known of it.
        ignored: kinds to leave out.
    """
    found = (*_promises(report), *_verdicts(report), *_hints(report))
    kept = (each for each in found if each.kind not in ignored)
    return sorted(kept, key=lambda each: (each.weight, -len(each.runtimes)))


def kinds_of(report: Report) -> set[str]:
    """Return the kinds of an artefact's reasons: of a site, a tenth of the work of telling them."""
    kinds = {each["cause"] for verdict in report["runtimes"] for each in verdict["objections"]}
    for verdict in report["runtimes"]:
        kinds.update(_kind_of(warning, verdict) for warning in verdict["warnings"])
    if report["broken_promises"]:
        kinds.add(PROMISE)
    for extension in report["extensions"]:
        said = {
            PROMISE: extension["violations"],
            WARNING: extension["warnings"],
            HINT: extension["hints"] or extension["promotable"],
        }
        kinds.update(kind for kind, words in said.items() if words)
    return kinds


def _kind_of(warning: str, verdict: RuntimeReport) -> str:
    """Return the kind of a runtime's warning; of one that is not here, that it is not is apart."""
    aside = warning.startswith(f"{verdict['runtime']} is not here")
    return TABLE if aside and verdict["evidence"] == "table" else WARNING


def _promises(report: Report) -> Iterator[Reason]:
    """Yield what the artifact and its extensions say, whatever the runtime."""
    broken: dict[str, list[BrokenPromiseReport]] = {}
    for promise in report["broken_promises"]:
        broken.setdefault(promise["kind"], []).append(promise)
    for alike in broken.values():  # of one kind a file stands for all
        more = f" (and {len(alike) - 1} more files)" if len(alike) > 1 else ""
        yield Reason(
            weight=Weight.BROKEN_PROMISE,
            kind=PROMISE,
            text=f"{alike[0]['reason']}{more}",
            path=alike[0]["path"],
            help=alike[0]["help"],
        )
    for extension in report["extensions"]:
        for violation in extension["violations"]:
            yield Reason(
                weight=Weight.BROKEN_PROMISE,
                kind=PROMISE,
                text=f"{extension['path']} needs {violation['reason']}",
                path=extension["path"],
                help=violation["help"],
            )
        for warning in extension["warnings"]:
            yield Reason(weight=Weight.WARNING, kind=WARNING, text=warning, path=extension["path"])


def _verdicts(report: Report) -> Iterator[Reason]:
    """Yield what the runtimes object to, and what they warn of."""
    words: dict[tuple[Weight, str, str | None, str], list[tuple[str, str]]] = {}
    helps: dict[tuple[Weight, str, str | None, str], dict[str, None]] = {}
    for verdict in report["runtimes"]:
        name = verdict["runtime"]
        for each in verdict["objections"]:
            broken = each["cause"] == "broken"
            weight = Weight.UNREADABLE if broken else Weight.OBJECTION
            common = _THIS.sub("", each["detail"]).replace(name, "this runtime")
            key = (weight, each["cause"], each["path"], common)
            words.setdefault(key, []).append((name, each["detail"]))
            if each["help"] is not None:
                helps.setdefault(key, {})[each["help"]] = None
        for warning in verdict["warnings"]:
            kind = _kind_of(warning, verdict)
            weight = Weight.WARNING if kind == WARNING else Weight.HINT
            key = (weight, kind, None, warning.replace(name, "this runtime"))
            words.setdefault(key, []).append((name, warning))
    for key, told in words.items():
        weight, kind, path, common = key
        texts = {text for _, text in told}
        yield Reason(
            weight=weight,
            kind=kind,
            text=common if len(texts) > 1 else told[0][1],
            runtimes=tuple(dict.fromkeys(name for name, _ in told)),
            path=path,
            help="; ".join(helps.get(key, ())) or None,
        )


def _hints(report: Report) -> Iterator[Reason]:
    """Yield what authors may want to know, each thing once for all modules that it is true of."""
    modules: dict[str, list[str]] = {}
    for extension in report["extensions"]:
        said = [*extension["hints"]]
        promotable = extension["promotable"]
        if promotable == "no":
            said.append(_hindered(extension["hindrances"]))
        elif promotable is not None:
            said.append(f"needs stable names only: one file for all versions is {promotable}")
        for hint in said:
            modules.setdefault(hint, []).append(extension["path"])
    for hint, paths in modules.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield Reason(weight=Weight.HINT, kind=HINT, text=f"{paths[0]}{more}: {hint}", path=paths[0])


def _hindered(hindrances: list[HindranceReport]) -> str:
    """Say which names keep a module from the stable ABI, those first that something replaces."""
    order = sorted(hindrances, key=lambda each: each["instead"] is None)
    named = [
        f"{each['symbol']} (instead: {each['instead']})" if each["instead"] else each["symbol"]
        for each in order[:_NAMED]
    ]
    more = f" and {len(order) - _NAMED} more" if len(order) > _NAMED else ""
    return f"not of the stable ABI because of {', '.join(named)}{more}"


def title(report: Report) -> str:
    """Name an artefact for people."""
    if report["name"] is None:
        return report["target"]
    return f"{report['name']} {report['version']}" if report["version"] else report["name"]


def names(reports: Sequence[Report]) -> list[str]:
    """Name several artefacts for people, so that no two are called alike.

    Wheels of one release differ in their file names only.
    """
    titles = [title(each) for each in reports]
    times = Counter(titles)
    return [
        name if times[name] == 1 else re.split(r"[/\\]", report["target"])[-1].removesuffix(".whl")
        for name, report in zip(titles, reports, strict=True)
    ]
