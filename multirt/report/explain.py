"""Print a decision: for people on one screen, with all of it, and as JSON."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from multirt.report.explanations import (
    detail_text,
    note_text,
    remedy_command,
    resolver_text,
    shared_text,
    warning_texts,
)
from multirt.report.json_parts import SCHEMA, Document, ratio_document
from multirt.report.terminal import block, open_console, text
from multirt.report.units import duration, elapsed_text, interval
from multirt.selection.no_match import by_reason, closest, suggest_fix
from multirt.selection.ranking import criteria_names, wants_fastest
from runtimes.ranges import runtime_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from multirt.config import Configuration, Setting
    from multirt.program.model import Program
    from multirt.selection.model import Candidate, Decision, Plan


def plan_document(plan: Plan) -> Document:
    """Return what `run --dry-run --json` prints."""
    return {
        **SCHEMA,
        "runtime": plan.runtime.id,
        "executable": str(plan.executable),
        "arguments": list(plan.arguments),
        "environment": dict(plan.environment),
    }


_ESCAPED = frozenset({*range(0x20), *range(0x7F, 0x100), *b"'\\"})


def plan_text(plan: Plan) -> str:
    """Return the line that starts the same."""
    variables = [f"{name}={_quoted(value)}" for name, value in plan.environment]
    return " ".join([*variables, *map(_quoted, (str(plan.executable), *plan.arguments))])


def _quoted(argument: str) -> str:
    """Quote a word for a shell, in printable characters only (`$'...'` of POSIX.1-2024)."""
    if argument.isprintable():
        return shlex.quote(argument)
    coded = (
        f"\\{each:03o}" if each in _ESCAPED else chr(each)
        for each in argument.encode("utf-8", "surrogateescape")
    )
    return f"$'{''.join(coded)}'"


_GROUPS_SHOWN = 8
_SHOWN = 10  # distributions to install; a command line of thousands helps no user


def print_decision(decision: Decision, *, verbose: bool = False) -> None:
    """Print the choice, what was asked for, what else fits, and what rules out the rest."""
    console = open_console()
    title = text(decision.program.title)
    if decision.chosen is not None:
        runtime = decision.chosen.runtime
        where = text(runtime.executable)
        console.print(
            f"{title} runs on [bold green]{text(runtime.id)}[/] ({where})", soft_wrap=True
        )
    else:
        console.print(f"[red]nothing here can run {title}[/]")
    for line in (*settings(decision.configuration), *_packages(decision)):
        console.print(f"  {text(line)}", soft_wrap=True)
    for line in measured(decision):
        console.print(f"  {text(line)}", soft_wrap=True)
    warnings = warning_texts(decision.chosen) if decision.chosen is not None else ()
    for note in (*map(note_text, decision.notes), *warnings):
        console.print(f"  [yellow]{text(note)}[/]", soft_wrap=True)
    if verbose:
        _print_all(decision, console)
    else:
        _print_groups(decision, console)
    found = suggest_fix(decision)
    if found is not None:
        more = len(found.distributions) - _SHOWN
        names = " and ".join(found.distributions[:_SHOWN])
        console.print(
            f"[bold]{text(found.runtime)}[/] would fit with {text(names)} for it"
            + (f", and {more} more" if more > 0 else ":")
        )
        if more <= 0:
            console.print(f"  {text(remedy_command(found, decision))}", soft_wrap=True)


def settings(configuration: Configuration) -> Iterator[str]:
    """Yield what was asked for, each with its origin."""
    requested, shebang_spec = configuration.runtimes, configuration.shebang_spec
    if requested is not None:
        yield f"runtimes: {' or '.join(map(str, requested.value))} ({requested.origin})"
    if shebang_spec is not None:
        yield f"runtimes: {shebang_spec.value} preferred ({shebang_spec.origin})"
    for wanted in configuration.requires:
        yield f"requires Python {wanted.value} ({wanted.origin})"
    for need in configuration.needs:
        yield f"needs {need.value.value} ({need.origin})"
    if configuration.implementation is not None:
        given = configuration.implementation
        yield f"implementation: {given.value} ({given.origin})"
    if configuration.prefer is not None:
        yield f"prefers {configuration.prefer.value.value} ({configuration.prefer.origin})"
    for flag, texts in (
        (configuration.allow_prerelease, "pre-releases are as good"),
        (configuration.whole_site, "all that is installed counts"),
    ):
        if flag is not None and flag.value:
            yield f"{texts} ({flag.origin})"
    if configuration.imports:
        names = ", ".join(each.value for each in configuration.imports)
        yield f"imports besides: {names} ({configuration.imports[0].origin})"


def measured(decision: Decision) -> Iterator[str]:
    """Yield what the history says, where it was asked."""
    if not wants_fastest(decision.configuration):
        return
    if not decision.evidence:
        yield "measured: nothing of this very program beside the usual choice"
    for each in decision.evidence:
        ratio, age = interval(each.ratio), elapsed_text(datetime.now(UTC) - each.at)
        times = f"{duration(each.seconds)} to {duration(each.usual_seconds)}"
        yield f"measured: {each.runtime} {ratio} as fast as {decision.usual}, {times}, {age} ago"


def _packages(decision: Decision) -> Iterator[str]:
    """Yield where packages come from."""
    for root in decision.roots:
        yield f"packages: {root}"
    if decision.wanted is not None:
        what = ", ".join(decision.wanted.requirements) or "what the lock lists"
        yield f"installs: {what}"


def _print_groups(decision: Decision, console: Console) -> None:
    """Print the runtimes that fit in one paragraph, and the others by their first reason."""
    among = [each.runtime.id for each in decision.candidates]
    others = (each for each in decision.candidates if each.accepted and each != decision.chosen)
    fit = [each.runtime.id for each in others]
    if fit:
        texts = f"[green]also fit[/]: {text(runtime_ranges(fit, among))}"
        _print_indented(console, texts, first=0, rest=2)
    groups = by_reason(closest(decision))
    for first, alike in groups[:_GROUPS_SHOWN]:
        names = runtime_ranges([each.runtime.id for each in alike], among)
        _print_indented(console, f"[red]-[/] {text(names)}", first=0, rest=2)
        texts = f"{first.cause.value}: {shared_text(first, alike)}"
        _print_indented(console, f"    {text(texts)}", first=0, rest=4)
    left = groups[_GROUPS_SHOWN:]
    if left:
        count = sum(len(alike) for _, alike in left)
        console.print(f"and {count} more for other reasons (-v shows all)")


def _print_indented(console: Console, texts: str, *, first: int, rest: int) -> None:
    """Print words in as many lines as they take, each line after the first further in."""
    from rich.text import Text

    for number, line in enumerate(Text.from_markup(texts).wrap(console, console.width - rest)):
        line.rstrip()
        console.print(Text(" " * (rest if number else first)) + line, soft_wrap=True)


def _print_all(decision: Decision, console: Console) -> None:
    """Print every runtime with every objection, then the files that all this rests on."""
    console.print(f"order: {' > '.join(criteria_names(decision.configuration))}", style="dim")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", width=1)
    table.add_column("runtime", no_wrap=True)
    table.add_column("objections", overflow="fold")
    for candidate in decision.candidates:
        reasons = [
            f"{each.cause.value}: {detail_text(each, candidate.runtime)}"
            for each in candidate.objections
        ]
        reasons += [f"warning: {each}" for each in warning_texts(candidate)]
        mark = "[green]+[/]" if candidate.accepted else "[red]-[/]"
        table.add_row(mark, text(candidate.runtime.id), "\n".join(map(text, reasons)))
    console.print(table)
    _print_resolver(decision, console)
    for path in decision.read:
        console.print(f"read: {text(path)}", style="dim", soft_wrap=True)


def _print_resolver(decision: Decision, console: Console) -> None:
    """Print the full text of the resolver, each explanation once with whom it is about."""
    about: dict[str, list[str]] = {}
    for candidate in decision.candidates:
        for each in candidate.objections:
            if (full := resolver_text(each)) is not None:
                about.setdefault(full, []).append(candidate.runtime.id)
    for full, ids in about.items():
        console.print(f"[bold]uv says[/] of {text(', '.join(ids))}:")
        console.print(block(full), style="dim", soft_wrap=True)


def explain_document(decision: Decision) -> Document:
    """Return what `explain --json` prints."""
    chosen, found = decision.chosen, suggest_fix(decision)
    return {
        **SCHEMA,
        "program": {
            **_program(decision.program),
            "sites": [str(root) for root in decision.roots],
            "installs": list(decision.wanted.requirements) if decision.wanted else [],
        },
        "settings": _settings(decision.configuration),
        "notes": [*map(note_text, decision.notes)],
        "order": list(criteria_names(decision.configuration)),
        "chosen": chosen.runtime.id if chosen is not None else None,
        "remedy": {"runtime": found.runtime, "command": remedy_command(found, decision)}
        if found
        else None,
        "usual": decision.usual,
        "measured": [
            {
                "runtime": each.runtime,
                "seconds": each.seconds,
                "usual_seconds": each.usual_seconds,
                "ratio": ratio_document(each.ratio),
                "at": each.at.isoformat(),
            }
            for each in decision.evidence
        ],
        "candidates": [_candidate(candidate) for candidate in decision.candidates],
        "rests_on": {
            "read": [str(path) for path in decision.read],
            "absent": [str(path) for path in decision.absent],
            "variables": list(decision.variables),
        },
    }


def _program(program: Program) -> Document:
    wanted = program.requires_python
    return {
        "kind": program.entry.kind.value,
        "text": program.entry.text,
        "script": str(program.script) if program.script is not None else None,
        "requires_python": str(wanted) if wanted is not None else None,
        "dependencies": [str(each) for each in program.dependencies],
        "imports": sorted({each.name for each in program.imports}),
        "files": [str(each.file) for each in program.sources],
    }


def _settings(configuration: Configuration) -> Document:
    """Return what was asked for, each with its origin."""

    def given(setting: Setting[Any] | None, value: object) -> Document | None:
        return {"value": value, "origin": setting.origin} if setting is not None else None

    requested, shebang_spec = configuration.runtimes, configuration.shebang_spec
    prefer, implementation = configuration.prefer, configuration.implementation
    return {
        "runtimes": given(requested, [str(spec) for spec in configuration.specs]),
        "hinted": given(shebang_spec, str(shebang_spec.value) if shebang_spec else None),
        "implementation": given(implementation, implementation.value if implementation else None),
        "requires_python": [given(each, str(each.value)) for each in configuration.requires],
        "needs": [given(each, each.value.value) for each in configuration.needs],
        "prefer": given(prefer, prefer.value.value if prefer else None),
        "imports": [given(each, each.value) for each in configuration.imports],
        "requirements": [given(each, str(each.value)) for each in configuration.requirements],
    }


def _candidate(candidate: Candidate) -> Document:
    return {
        "runtime": candidate.runtime.id,
        "accepted": candidate.accepted,
        "rank": [part if isinstance(part, bool | int) else str(part) for part in candidate.rank],
        "objections": [
            {
                "cause": each.cause.value,
                "detail": detail_text(each, candidate.runtime),
                "path": each.path,
                "symbol": each.symbol,
                "full": resolver_text(each),
            }
            for each in candidate.objections
        ],
        "warnings": warning_texts(candidate),
        "unverified": list(candidate.unverified),
    }
