"""Draw together what rules out an artifact, and rank it."""

from __future__ import annotations

import re
from collections import Counter
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe import Cause, WarningKind
from multirt.errors import ExitCode
from multirt.probe.model import PASSED_OVER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from multirt.probe.model import (
        ArtifactReport,
        BrokenPromiseReport,
        HindranceReport,
        RuntimeReport,
        WarningReport,
    )

PROMISE: Final = "promise"
WARNING: Final = "warning"
HINT: Final = "hint"
TABLE: Final = "table"  # the runtime is not here: no fault of the artifact
_NAMED: Final = 4  # hindrances spelt out
_STATUSES: Final = ("compatible", "unverified", "unknown", "incompatible")  # worst last
_OF_PLATFORM: Final = re.compile(
    r"(?<=\d)(?P<flags>[a-z]*)-(?:manylinux|musllinux|linux|macosx|win).*$"
)


class Severity(IntEnum):
    """How bad a reason is, worst first."""

    BROKEN_PROMISE = 0
    OBJECTION = 1
    UNREADABLE = 2
    WARNING = 3
    HINT = 4


class GroupedReason(Struct, frozen=True, kw_only=True):
    """One thing to know of an artifact.

    Attributes:
        weight: how bad it is.
        kind: the cause of an objection, `promise` or `warning`.
        text: one sentence; where it differs from runtime to runtime, what they have in common.
        runtimes: ids that it holds for; empty when it is about the artifact alone.
        path: the file concerned; None for the whole.
        help: what would make it fall; None when nothing is known to.
        about: what is equal for reasons that are shown once for several files or artifacts.
    """

    weight: Severity
    kind: str
    text: str
    runtimes: tuple[str, ...] = ()
    path: str | None = None
    help: str | None = None
    about: tuple[object, ...] = ()


def reasons_of(report: ArtifactReport, ignored: Collection[str] = ()) -> list[GroupedReason]:
    """Return every reason of an artifact once, worst first, then those of most runtimes.

    Args:
        report: what is known of it.
        ignored: kinds to leave out.
    """
    found = (*_promises(report), *_verdicts(report), *_hints(report))
    kept = (each for each in found if each.kind not in ignored)
    return sorted(kept, key=lambda each: (each.weight, -len(each.runtimes)))


def finding_kinds(report: ArtifactReport) -> set[str]:
    """Return the kinds of an artifact's reasons: of a site, a tenth of the work of telling them."""
    kinds = {each["cause"] for verdict in report["runtimes"] for each in verdict["objections"]}
    for verdict in report["runtimes"]:
        kinds.update(map(_kind_of, verdict["judged_warnings"]))
    if report["broken_promises"]:
        kinds.add(PROMISE)
    for extension in report["extensions"]:
        texts = {
            PROMISE: extension["violations"],
            WARNING: extension["warnings"],
            HINT: extension["hints"] or extension["promotable"],
        }
        kinds.update(kind for kind, text in texts.items() if text)
    return kinds


def _kind_of(warning: WarningReport) -> str:
    """Return the kind of a runtime's warning; that a runtime is not here is apart from others."""
    return TABLE if warning["kind"] == WarningKind.TABLE else WARNING


def _promises(report: ArtifactReport) -> Iterator[GroupedReason]:
    """Yield what the artifact and its extensions say, whatever the runtime."""
    broken: dict[str, list[BrokenPromiseReport]] = {}
    for promise in report["broken_promises"]:
        broken.setdefault(promise["kind"], []).append(promise)
    for alike in broken.values():  # of one kind a file stands for all
        more = f" (and {len(alike) - 1} more files)" if len(alike) > 1 else ""
        yield GroupedReason(
            weight=Severity.BROKEN_PROMISE,
            kind=PROMISE,
            text=f"{alike[0]['reason']}{more}",
            path=alike[0]["path"],
            help=alike[0]["help"],
            about=(alike[0]["kind"], alike[0]["path"]),
        )
    for extension in report["extensions"]:
        for violation in extension["violations"]:
            yield GroupedReason(
                weight=Severity.BROKEN_PROMISE,
                kind=PROMISE,
                text=f"{extension['path']} needs {violation['reason']}",
                path=extension["path"],
                help=violation["help"],
                about=(extension["path"], violation["symbol"]),
            )
        for warning in extension["warnings"]:
            yield GroupedReason(
                weight=Severity.WARNING,
                kind=WARNING,
                text=warning,
                path=extension["path"],
                about=(warning, extension["path"]),
            )


def _verdicts(report: ArtifactReport) -> Iterator[GroupedReason]:
    """Yield what the runtimes object to, and what they warn of, each once for all of them."""
    found: dict[_Key, list[_Finding]] = {}
    for verdict in report["runtimes"]:
        for key, finding in _findings_of(verdict):
            found.setdefault(key, []).append(finding)
    for (weight, kind, path, subject, facts), alike in found.items():
        texts = {each.text for each in alike}
        helps = dict.fromkeys(each.help for each in alike if each.help is not None)
        yield GroupedReason(
            weight=weight,
            kind=kind,
            text=alike[0].common if len(texts) > 1 else alike[0].text,
            runtimes=tuple(dict.fromkeys(each.runtime for each in alike)),
            path=path,
            help="; ".join(helps) or None,
            about=(facts,) if kind == WARNING else (path, subject, facts),
        )


class _Finding(Struct, frozen=True, kw_only=True):
    """What one runtime's verdict says: in full, and as far as it is true of others."""

    runtime: str
    text: str
    common: str
    help: str | None = None


# What is equal for reasons that are one: weight, kind, path, symbol or subject, facts.
_Key = tuple[Severity, str, str | None, str, tuple[tuple[str, str], ...]]


def _findings_of(verdict: RuntimeReport) -> Iterator[tuple[_Key, _Finding]]:
    """Yield the objections and warnings of one runtime, each with its key."""
    name = verdict["runtime"]
    for each in verdict["objections"]:
        broken = each["cause"] == Cause.BROKEN
        weight = Severity.UNREADABLE if broken else Severity.OBJECTION
        facts = tuple(sorted(each["facts"].items()))
        finding = _Finding(
            runtime=name, text=each["detail"], common=each["need"], help=each["help"]
        )
        yield (weight, each["cause"], each["path"], each["symbol"] or "", facts), finding
    for warning in verdict["judged_warnings"]:
        kind = _kind_of(warning)
        weight = Severity.WARNING if kind == WARNING else Severity.HINT
        detail = warning["detail"]
        key = (weight, kind, None, warning["subject"], (("kind", warning["kind"]),))
        yield key, _Finding(runtime=name, text=detail, common=detail)


def _hints(report: ArtifactReport) -> Iterator[GroupedReason]:
    """Yield what authors may want to know, each thing once for all modules that it is true of."""
    modules: dict[str, list[str]] = {}
    for extension in report["extensions"]:
        texts = [*extension["hints"]]
        promotable = extension["promotable"]
        if promotable == "no":
            texts.append(_blockers_text(extension["hindrances"]))
        elif promotable is not None:
            floor = extension["computed_floor"]
            served = f"one file for CPython {floor} and newer is {promotable}"
            texts.append(f"needs stable names only: {served}")
        for hint in texts:
            modules.setdefault(hint, []).append(extension["path"])
    for hint, paths in modules.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield GroupedReason(
            weight=Severity.HINT, kind=HINT, text=f"{paths[0]}{more}: {hint}", path=paths[0]
        )


def _blockers_text(hindrances: list[HindranceReport]) -> str:
    """Say which names keep a module from the stable ABI, those first that something replaces."""
    order = sorted(hindrances, key=lambda each: each["instead"] is None)
    named = [
        f"{each['symbol']} (instead: {each['instead']})" if each["instead"] else each["symbol"]
        for each in order[:_NAMED]
    ]
    more = f" and {len(order) - _NAMED} more" if len(order) > _NAMED else ""
    return f"not of the stable ABI because of {', '.join(named)}{more}"


def interpreter_of(runtime: str) -> str:
    """Return the id of a runtime without the platform that `--runtime` named."""
    return _OF_PLATFORM.sub(r"\g<flags>", runtime)


def columns_of(reports: Sequence[ArtifactReport]) -> dict[str, str]:
    """Return the heading of each runtime's column, by the runtime's id and in their order.

    Artifacts that were judged on different runtimes, as with `--runtime auto`, have one column
    for each interpreter, whatever the platform.
    """
    judged = {tuple(each["runtime"] for each in report["runtimes"]) for report in reports}
    ids = dict.fromkeys(each["runtime"] for report in reports for each in report["runtimes"])
    if len(judged) <= 1:
        return {each: each for each in ids}

    def order(runtime: str) -> tuple[str, list[int], str]:
        heading = interpreter_of(runtime)
        numbers = [int(each) for each in re.findall(r"\d+", heading)]
        return heading.partition("-")[0], numbers, heading

    return {each: interpreter_of(each) for each in sorted(ids, key=order)}


def statuses_of(report: ArtifactReport, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the worst status of an artifact in each column where it was judged."""
    found: dict[str, str] = {}
    for each in report["runtimes"]:
        heading = columns[each["runtime"]]
        known = found.get(heading, each["status"])
        found[heading] = max(known, each["status"], key=_STATUSES.index)
    return found


def title(report: ArtifactReport) -> str:
    """Name an artifact for people."""
    if report["name"] is None:
        return report["target"]
    return f"{report['name']} {report['version']}" if report["version"] else report["name"]


def names(reports: Sequence[ArtifactReport]) -> list[str]:
    """Name several artifacts for people, so that no two are called alike.

    Wheels of one release differ in their file names only.
    """
    titles = [title(each) for each in reports]
    times = Counter(titles)
    return [
        name if times[name] == 1 else re.split(r"[/\\]", report["target"])[-1].removesuffix(".whl")
        for name, report in zip(titles, reports, strict=True)
    ]


class Policy(Struct, frozen=True, kw_only=True):
    """Which reasons count.

    Attributes:
        failing: kinds of reasons that make the command fail.
        ignored: kinds that are neither shown nor counted.
    """

    failing: frozenset[str] = frozenset({PROMISE})
    ignored: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, strict: bool, fail_on: Sequence[str], ignore: Sequence[str]) -> Policy:
        """Return the policy that some options ask for."""
        failing = {PROMISE, *fail_on, *([WARNING] if strict else [])}
        return cls(failing=frozenset(failing) - {*ignore}, ignored=frozenset(ignore))

    def fails(self, reason: GroupedReason) -> bool:
        """Tell whether a reason makes the command fail."""
        return reason.kind in self.failing

    def exit_code(self, reports: Sequence[ArtifactReport]) -> int:
        """Return what the command ends with.

        A source archive among others, as in `dist/*`, is no mistake; alone it is one.
        """
        errors = [report["error"]["kind"] for report in reports if report["error"] is not None]
        if set(errors) - PASSED_OVER or (errors and len(errors) == len(reports)):
            return ExitCode.USAGE
        counted = self.failing - self.ignored
        return ExitCode.VIOLATION if any(counted & finding_kinds(each) for each in reports) else 0
