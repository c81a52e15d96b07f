"""Run one program on every runtime, and say which agree; options shared with `multirt bench`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from multirt.cli.options import (
    PROGRAM,
    Json,
    ProgramArguments,
    ProgramOptions,
    arguments_of,
    takes_program,
)
from multirt.errors import ExitCode, ProgramError, UsageError
from multirt.experiments.compare import Comparison, Conditions, compare
from multirt.experiments.normalization import select_normalizers
from multirt.experiments.variants import Lineup, build_variants
from multirt.process.signals import interrupt_on_termination
from multirt.program.model import ProgramKind
from multirt.report.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.selection.model import Request

_LARGEST_SEED = 4_294_967_295  # what Python takes
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page.")]


class CompareOptions(Struct, frozen=True, kw_only=True):
    """What a command line says of who takes part, and of what is the same for all."""

    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Also use a profile: jit, nojit, gil, nogil, O.",
        ),
    ] = None
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference", metavar="ID", help="Compare with this runtime; default: the usual one."
        ),
    ] = None
    copy: Annotated[
        Path | None,
        typer.Option("--copy", metavar="DIR", help="Run in a copy of this folder."),
    ] = None
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Time for each run.")
    ] = 60.0
    hash_seed: Annotated[
        str,
        typer.Option("--hash-seed", metavar="N", help="PYTHONHASHSEED; `random` leaves it unset."),
    ] = "0"
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule", metavar="NAME", help="Ignore differences: sets, tracebacks, warnings."
        ),
    ] = None
    no_rule: Annotated[
        list[str] | None,
        typer.Option(
            "--no-rule", metavar="NAME", help="Compare these too: paths, addresses, timings."
        ),
    ] = None

    def conditions(self, *, files: bool = False, given: Path | None = None) -> Conditions:
        """Return what is the same for all.

        Args:
            files: what they change in their copies counts too.
            given: a file for their standard input.

        Raises:
            MultirtError: the seed is none that Python takes, or a rule is none.
        """
        seed = self.hash_seed
        if seed != "random" and not (seed.isdecimal() and int(seed) <= _LARGEST_SEED):
            hint = f"write `random`, or a number up to {_LARGEST_SEED}"
            raise UsageError(f"no seed of hashes: {seed!r}", hint)
        return Conditions(
            env=dict(os.environ),
            folder=Path.cwd(),
            copy=self.copy,
            files=files,
            input=given,
            seconds=self.timeout,
            seed=None if seed == "random" else seed,
            rules=select_normalizers(self.rule or (), self.no_rule or ()),
        )

    def field(self, arguments: list[str] | None, options: ProgramOptions) -> Lineup:
        """Return who takes part.

        Args:
            arguments: the program and its arguments.
            options: its `--python` may name profiles too, `cpython-3.14.8+jit`.

        Raises:
            MultirtError: the program can be started only once, no runtime fits, or an option means
                nothing.
            SpecError: a word names no runtime.
        """
        request = replace(options, python=None).request(arguments)
        if request.entry.kind in (ProgramKind.STDIN, ProgramKind.INTERPRETER):
            hint = "save it to a file, or say what is to run"
            raise ProgramError(f"{request.entry.title} cannot be run again", hint)
        return self.build_variants(request, options, arguments_of(arguments))

    def build_variants(
        self, request: Request, options: ProgramOptions, arguments: Sequence[str] = ()
    ) -> Lineup:
        """Return who takes part for a request, as above; from then on signals end all of them."""
        interrupt_on_termination()
        return build_variants(
            request, arguments, options.python or [], self.profile or [], self.reference
        )


Files = Annotated[bool, typer.Option("--files", help="Also compare the files written in the copy.")]
Input = Annotated[
    Path | None, typer.Option("--input", metavar="FILE", help="Standard input; default: empty.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", context_settings=PROGRAM)(takes_program(compare_runtimes))


def compare_runtimes(
    arguments: ProgramArguments = None,
    *,
    options: ProgramOptions,
    terms: CompareOptions,
    files: Files = False,
    given: Input = None,
    html: Html = None,
    as_json: Json = False,
) -> None:
    """Run a program on every compatible runtime, and compare the results."""
    conditions = terms.conditions(files=files, given=given)
    field = terms.field(arguments, options)
    with Progress(len(field.contenders)) as progress:
        comparison = compare(field, conditions, progress.step)
    _show(comparison, html=html, as_json=as_json)
    if not comparison.agree:
        raise typer.Exit(ExitCode.DIFFERENT)


def _show(comparison: Comparison, *, html: Path | None, as_json: bool) -> None:
    """Print it, as a document or for people, and write the page."""
    if as_json:
        from multirt.report.compare import compare_document

        typer.echo(json.dumps(compare_document(comparison)))
    else:
        from multirt.report.compare import print_comparison

        print_comparison(comparison)
    if html is not None:
        from multirt.report.compare import write_comparison

        write_comparison(comparison, html)
