"""Render what `doctor` found, as JSON and as text."""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.padding import Padding

from multirt.report.cache import cache_document, cache_text
from multirt.report.json_parts import SCHEMA, Document
from multirt.report.terminal import open_console, text
from runtimes import Reason, disagreements, overlays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from multirt.launch.native import Launcher
    from runtimes import CacheInfo, Discovery, Overlay, Rejection, Runtime

SLOW = 1.0  # seconds from which an answer counts as slow


class Topic(StrEnum):
    """What a finding is about, in the order in which they are shown."""

    SKIPPED = "skipped"
    SLOW = "slow"
    DUPLICATE = "duplicate"
    ALIAS = "alias"
    OVERLAY = "overlay"
    DISAGREEMENT = "disagreement"
    CACHE = "cache"
    TOOL = "tool"


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is worth knowing.

    Attributes:
        topic: what it is about.
        subject: the runtime, file or folder.
        message: what is so, one line.
        hint: what to do, or why nothing needs to be done.
        harmless: nothing needs to be done.
    """

    topic: Topic
    subject: str
    message: str
    hint: str
    harmless: bool = False


_HARMLESS = frozenset({Reason.NOT_A_FILE, Reason.SHIM, Reason.ENVIRONMENT, Reason.PROGRAM})
_HINTS: dict[Reason, str] = {
    Reason.NOT_EXECUTABLE: "chmod +x makes it a program, if it is meant to be one",
    Reason.NOT_A_FILE: "nothing to do: only a regular file can be a program",
    Reason.BROKEN_LINK: "remove the link, or put back what it points to",
    Reason.SHIM: "nothing to do: the versions behind it are found in its manager's folder",
    Reason.ENVIRONMENT: "nothing to do: `--python PATH` selects it, or its being active",
    Reason.PROGRAM: "nothing to do: it is a program in Python, and no runtime",
    Reason.UNTRUSTED: "name its folder in MULTIRT_SEARCH_PATH if you trust it",
    Reason.UNREADABLE: "its permissions keep you out",
    Reason.CANNOT_START: "it is of another machine, or what it needs is not installed",
    Reason.TIMED_OUT: "MULTIRT_PROBE_TIMEOUT=SECONDS gives it more time",
    Reason.FAILED: "start it by hand: it does not run Python code as it is",
    Reason.INVALID_OUTPUT: "start it by hand: it does not answer as a Python runtime does",
}


def diagnose(
    found: Discovery, cache: CacheInfo, tools: Mapping[str, str | None]
) -> tuple[Finding, ...]:
    """Return what is worth knowing, by topic.

    Args:
        found: what a search found.
        cache: the state of the cached answers.
        tools: programs that multirt can use, with what it uses an absent one for; None for one
            that is here.
    """
    findings = [
        *_skipped(found),
        *_slow(found),
        *_duplicates(found),
        *_aliases(found),
        *_overlays(found),
        *_disagreements(found),
        *_cache(cache),
        *_tools(tools),
    ]
    return tuple(findings)


def _skipped(found: Discovery) -> Iterator[Finding]:
    """Yield what could not be used; neighbours with one reason together."""

    def key(one: Rejection) -> tuple[str, str, str]:
        return (str(one.path.parent), one.reason.value, one.detail)

    for (folder, reason, detail), group in groupby(sorted(found.rejected, key=key), key):
        names = [one.path.name for one in group]
        subject = str(Path(folder, names[0])) if len(names) == 1 else folder
        which = "" if len(names) == 1 else f" ({len(names)} files: {', '.join(names)})"
        yield Finding(
            topic=Topic.SKIPPED,
            subject=subject,
            message=f"{reason}: {detail}{which}",
            hint=_HINTS[Reason(reason)],
            harmless=Reason(reason) in _HARMLESS,
        )


def _slow(found: Discovery) -> Iterator[Finding]:
    for one in found.inquiries:
        if one.seconds >= SLOW:
            yield Finding(
                topic=Topic.SLOW,
                subject=str(one.path),
                message=f"took {one.seconds:.1f} s to answer",
                hint="its answer is cached until its files change"
                if one.cached
                else "it was asked now; what answers for another file is asked at every look",
            )


def _duplicates(found: Discovery) -> Iterator[Finding]:
    """Yield the runtimes that have a version and a build in common."""
    for name, group in groupby(sorted(found.runtimes, key=_plain_id), _plain_id):
        same = list(group)
        if len(same) > 1:
            where = ", ".join(f"{one.id} {one.executable}" for one in same)
            yield Finding(
                topic=Topic.DUPLICATE,
                subject=name,
                message=f"{len(same)} of them: {where}",
                hint="the id with its `~`, or the path, names one of them",
            )


def _plain_id(runtime: Runtime) -> str:
    return runtime.id.partition("~")[0]


def _aliases(found: Discovery) -> Iterator[Finding]:
    for runtime in found.runtimes:
        if runtime.aliases:
            paths = ", ".join(map(str, runtime.aliases))
            yield Finding(
                topic=Topic.ALIAS,
                subject=runtime.id,
                message=f"is also {paths}",
                hint="nothing to do: every path of it names the same runtime",
                harmless=True,
            )


def _overlays(found: Discovery) -> Iterator[Finding]:
    for environment in found.environments:
        for one in environment.overlays:
            yield _overlay(str(environment.prefix), one, "its base runs without it")
    for runtime in found.runtimes:
        for one in overlays(runtime.site_packages):
            yield _overlay(runtime.id, one, "its environments run without it")


def _overlay(subject: str, overlay: Overlay, hint: str) -> Finding:
    when = "from the start" if overlay.automatic else "once it is imported"
    return Finding(
        topic=Topic.OVERLAY,
        subject=subject,
        message=f"{overlay.name} {overlay.version} compiles {when}",
        hint=hint,
    )


def _disagreements(found: Discovery) -> Iterator[Finding]:
    for runtime in found.runtimes:
        for one in disagreements(runtime):
            yield Finding(
                topic=Topic.DISAGREEMENT,
                subject=runtime.id,
                message=f"{one.file} says {one.fact} {one.written}, it answers {one.reported}",
                hint="its own answer counts; other tools may believe the file",
            )


def _cache(cache: CacheInfo) -> Iterator[Finding]:
    subject = str(cache.folder)
    if cache.unreadable:
        yield Finding(
            topic=Topic.CACHE,
            subject=subject,
            message=f"{cache.unreadable} files are damaged, or others may write them",
            hint="`multirt cache clear` removes them",
        )
    if not cache.writable:
        yield Finding(
            topic=Topic.CACHE,
            subject=subject,
            message="cannot be written, so every runtime is asked at every look",
            hint="MULTIRT_CACHE_DIR names another folder",
        )


def _tools(tools: Mapping[str, str | None]) -> Iterator[Finding]:
    for name, purpose in tools.items():
        if purpose is not None:
            yield Finding(
                topic=Topic.TOOL,
                subject=name,
                message=f"is not here; multirt uses it {purpose}",
                hint=f"`pip install {name}` next to multirt, or put it on PATH",
            )


_SHOWN = 2  # findings with one hint: all of it fits a screen


def doctor_document(
    found: Discovery, info: CacheInfo, findings: Iterable[Finding], launcher: Launcher
) -> Document:
    """Return what `doctor --json` prints."""
    return {
        **SCHEMA,
        "runtimes": len(found.runtimes),
        "findings": [
            {
                "topic": each.topic.value,
                "subject": each.subject,
                "message": each.message,
                "hint": each.hint,
            }
            for each in findings
        ],
        "inquiries": [
            {"path": str(each.path), "seconds": each.seconds, "remembered": each.cached}
            for each in found.inquiries
        ],
        "cache": cache_document(info),
        "launcher": {
            "path": str(launcher.path) if launcher.path else None,
            "native": launcher.native,
        },
    }


def print_diagnosis(
    found: Discovery,
    info: CacheInfo,
    findings: Sequence[Finding],
    launcher: Launcher,
    *,
    everything: bool = False,
) -> None:
    """Print the findings by topic, and a hint once for those that share it."""
    console = open_console()
    console.print(f"{len(found.runtimes)} runtimes; {cache_text(info)}")
    console.print(launcher.description)
    wanted = [each for each in findings if everything or not each.harmless]
    for topic, group_of_topic in groupby(wanted, lambda each: each.topic):
        of_topic = list(group_of_topic)
        console.print(f"\n[bold]{topic.value}[/] ({len(of_topic)})")
        for hint, group in groupby(of_topic, lambda each: each.hint):
            for each in islice(group, None if everything else _SHOWN):
                console.print(Padding(f"[yellow]{text(each.subject)}[/]", (0, 0, 0, 2)))
                console.print(Padding(text(each.message), (0, 0, 0, 4)))
            console.print(Padding(f"[dim]({text(hint)})[/]", (0, 0, 0, 2)))
    if not everything:
        hidden = len(findings) - len(wanted)
        description = f"the first {_SHOWN} with each hint; --all shows all, and {hidden} more"
        console.print(f"\n{description} that need nothing done")
