"""Do what `multirt probe` asks for."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import Cause
from multirt.cli.context import cache_dir, search
from multirt.errors import NothingFitsError, UsageError
from multirt.probe.api import probe, wheels_in
from multirt.probe.findings import HINT, PROMISE, WARNING, Policy
from multirt.probe.model import AUTO, ImportCheck, ProbeRequest
from multirt.report.progress import Progress
from multirt.report.terminal import Color, escaped, painter, terminal_width
from runtimes import NoRuntimeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from multirt.probe.model import ArtifactReport
    from runtimes import RuntimeSpec


class OutputFormat(StrEnum):
    """How the answer is printed."""

    TABLE = "table"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    MARKDOWN = "markdown"


class Kind(StrEnum):
    """The kinds of reasons that options name."""

    PROMISE = PROMISE
    WARNING = WARNING
    HINT = HINT
    BROKEN = "broken"
    PACKAGE_PYTHON = "package-python"
    ABI_TAG = "abi-tag"
    PLATFORM = "platform"
    ABI_SUFFIX = "abi-suffix"
    ABI_HOOK = "abi-hook"
    ABI_KIND = "abi-kind"
    ABI_SYMBOL = "abi-symbol"
    LIBRARY = "library"
    CAPABILITY = "capability"
    IMPORT = "import"


class ProbeArgs(Struct, frozen=True, kw_only=True):
    """What the command line of `probe` says; the fields are its options."""

    targets: Sequence[str]
    python: Sequence[str] = ()
    runtime: Sequence[str] = ()
    site: Sequence[Path] = ()
    index: bool = False
    coverage: bool = False
    trials: tuple[ImportCheck, ...] = ()
    seconds: float = 60.0
    shape: OutputFormat = OutputFormat.TABLE
    html: Path | None = None
    verbose: bool = False
    everything: bool = False
    strict: bool = False
    fail_on: Sequence[Kind] = ()
    ignore: Sequence[Kind] = ()
    jobs: int | None = None
    executor: str | None = None
    color: Color = Color.AUTO


def probe_targets(args: ProbeArgs) -> int:
    """Print what works where, and return the exit code.

    Raises:
        MultirtError: no runtime fits what was asked for, an option means nothing, a file cannot be
            written, no executor answers.
    """
    lost: Sequence[ArtifactReport] = ()
    with Progress() as progress:
        if args.index or args.coverage:
            args = replace(args, runtime=args.runtime or (() if args.python else (AUTO,)))
        if args.index:
            args, lost = _downloaded(args, progress)
        policy = Policy.of(strict=args.strict, fail_on=_failing(args), ignore=args.ignore)
        try:
            reports = [*(probe(_probing(args), progress) if args.targets else ()), *lost]
        except NoRuntimeError as error:
            hint = (
                "`multirt list` shows what is here; --runtime judges on what is not, from a table:"
                " 3.16, 3.14t-win_amd64"
            )
            raise NothingFitsError(str(error), hint) from error
    if args.html is not None and any(report["error"] is None for report in reports):
        from multirt.report.probe_html import write_probed

        write_probed(reports, policy, args.html)
    with suppress(AttributeError):  # a stream that replaces the real one
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for line in _lines(reports, policy, args):
        sys.stdout.write(f"{line}\n")
    _complain(reports)
    return policy.exit_code(reports)


def _downloaded(args: ProbeArgs, progress: Progress) -> tuple[ProbeArgs, Sequence[ArtifactReport]]:
    """Return the arguments with wheels of the cache instead of the names of releases."""
    from multirt.probe.index import download_release

    found = [download_release(each, os.environ, cache_dir(), progress) for each in args.targets]
    targets = [str(wheel) for each in found for wheel in each.wheels]
    lost = [report for each in found for report in each.failed]
    return replace(args, targets=targets), lost


def _failing(args: ProbeArgs) -> Sequence[str]:
    """Return the kinds of reasons that fail; on runtimes that a wheel promises every objection."""
    return (*args.fail_on, *(Cause if AUTO in args.runtime else ()))


def _complain(reports: Sequence[ArtifactReport]) -> None:
    """Tell people which targets could not be read, and what next."""
    groups: dict[tuple[str, str | None], list[str]] = {}
    for report in reports:
        if (error := report["error"]) is not None:
            groups.setdefault((error["message"], error["hint"]), []).append(report["target"])
    for (message, hint), targets in groups.items():
        more = f" (and {len(targets) - 1} more)" if len(targets) > 1 else ""
        line = f"{escaped(targets[0])}{more}: {escaped(message)}"
        if sys.stderr is not None:
            print(f"multirt: {line}", *([hint] if hint else []), sep="\n  ", file=sys.stderr)  # noqa: T201 - the command's own output


def _probing(args: ProbeArgs) -> ProbeRequest:
    """Return the request."""
    specs = args.python or [spec for spec in [os.environ.get("MULTIRT_PYTHON")] if spec]
    if args.runtime and not args.python:
        specs = []
    if args.executor is not None and args.trials:
        message = "--executor spreads reading and judging; trials start runtimes of this machine"
        raise UsageError(message, "leave one of the two away")
    return ProbeRequest(
        targets=tuple(each for target in args.targets for each in wheels_in(target)),
        specs=tuple(map(_parsed, specs)),
        described=tuple(args.runtime),
        sites=tuple(args.site),
        search=search(),
        trials=args.trials,
        seconds=args.seconds,
        jobs=args.jobs,
        executor=args.executor,
    )


def _parsed(spec: str) -> RuntimeSpec:
    from runtimes import RuntimeSpec  # 2 ms, where there is one

    return RuntimeSpec.parse(spec, fork=True)


def _lines(reports: Sequence[ArtifactReport], policy: Policy, args: ProbeArgs) -> Iterator[str]:
    """Yield the lines of the shape that was asked for."""
    coverage = None
    if args.coverage:
        from multirt.probe.coverage import coverage_of

        coverage = coverage_of(reports)
    match args.shape:
        case OutputFormat.JSON:
            import json

            from multirt.report.json_parts import probe_document

            yield json.dumps(probe_document(reports, coverage))
        case OutputFormat.SARIF:
            import json

            from multirt.report.probe_annotations import sarif_document

            yield json.dumps(sarif_document(reports, policy), indent=1)
        case OutputFormat.GITHUB:
            from multirt.report.probe_annotations import github_lines

            yield from github_lines(reports, policy)
        case OutputFormat.MARKDOWN:
            from multirt.report.probe_markdown import markdown_lines

            yield from markdown_lines(reports, policy)
        case OutputFormat.TABLE:
            from multirt.report.probe_text import TextLayout, coverage_lines, harmless, probe_lines

            columns = terminal_width(os.environ, sys.stdout)
            paint = painter(sys.stdout, os.environ, args.color)
            sheet = TextLayout(
                columns=columns,
                paint=paint,
                verbose=args.verbose,
                everything=args.everything,
            )
            yield from map(harmless, probe_lines(reports, policy, sheet))
            if coverage is not None:
                yield from coverage_lines(coverage, sheet)
