"""The help of a command: options in groups, the common ones first, and examples."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW: Final = 12  # options that need no groups
OPTIONS: Final = "Options"  # the group of every other option
PANELS: Final = {
    "Choosing a runtime": (
        *("--python", "--runtime", "--implementation", "--prefer", "--fastest-margin"),
        *("--allow-prerelease", "--try", "--allow", "--profile", "--reference"),
    ),
    "Choosing cells": ("--env", "--axis", "-k", "--last-failed", "--missing"),
    "Packages": (
        *("--with", "--with-requirements", "--from", "--site", "--whole-site", "--build"),
        *("--offline", "--no-lock"),
    ),
    "Project and settings": (
        *("--project", "--no-project", "--no-config", "--isolated", "--python-args"),
    ),
    "Building": ("--wheel", "--fresh"),
    "Measuring": (
        *("--rounds", "--values", "--warmups", "--threads", "--threads-variable", "--check"),
        *("--curves", "--suite", "--suite-pace"),
    ),
    "History": ("--history", "--compare-to", "--fail-on-regression", "--threshold"),
    "Comparing": ("--rule", "--no-rule", "--files", "--input", "--copy", "--hash-seed"),
    "Canary": ("--canary", "--percent", "--shadow", "--repeatable"),
    "Importing": ("--import", "--subinterpreter", "--gil"),
    "Exit code": ("--strict", "--fail-on", "--ignore"),
    "Output": (
        *("--json", "--verbose", "--all", "--format", "--report", "--html", "--output"),
        *("--coverage", "--cov", "--quiet", "--live", "--color", "--dry-run"),
    ),
    OPTIONS: (),
}
EXAMPLES: Final = {
    "run": ("multirt run --python 3.8 tool.py", "multirt run --with requests -m tool"),
    "tool": ("multirt tool black@25.1.0 .", "multirt tool --from httpie http example.org"),
    "explain": ("multirt explain tool.py", "multirt explain --python pypy tool.py"),
    "list": ("multirt list", "multirt list '>=3.12'"),
    "find": ("multirt find 3.13t", "multirt find --explain '>=3.9,<3.12'"),
    "probe": ("multirt probe dist/*.whl", "multirt probe --runtime 3.8 spam.whl"),
    "compare": ("multirt compare -p 3.12 -p pypy tool.py",),
    "bench": ("multirt bench tool.py", "multirt bench -p 3.11 -p pypy tool.py"),
    "bench history": ("multirt bench history tool.py --compare-to first",),
    "canary report": ("multirt canary report",),
    "canary forget": ("multirt canary forget tool.py",),
    "matrix run": ("multirt matrix", "multirt matrix 3.12 py313t -- -k parser"),
    "matrix plan": ("multirt matrix plan",),
    "matrix list": ("multirt matrix list --github",),
    "matrix sync": ("multirt matrix sync -e 3.12",),
    "matrix exec": ("multirt matrix exec -e 3.12 -- python -V",),
    "matrix offer": ("multirt matrix offer 3.8 pypy",),
    "matrix merge": ("multirt matrix merge a.json b.json --report html=all.html",),
    "matrix import": ("multirt matrix import tox >> pyproject.toml",),
    "matrix export": ("multirt matrix export github",),
    "doctor": ("multirt doctor",),
    "cache dir": ("multirt cache dir",),
    "cache info": ("multirt cache info",),
    "cache clear": ("multirt cache clear",),
    "cache plans": ("multirt cache plans",),
    "env list": ("multirt env list",),
    "env show": ("multirt env show cpython-3.12.1-8c1e",),
    "env prune": ("multirt env prune --unused-for 60d --max-size 2GB",),
    "env remove": ("multirt env remove 'cpython-3.8*'",),
    "lock": ("multirt lock tool.py", "multirt lock -p 3.12 -p 3.8 tool.py"),
    "shebang show": ("multirt shebang show tool.py",),
    "shebang set": ("multirt shebang set tool.py", "multirt shebang set --python 3.8 bin/"),
    "shebang unset": ("multirt shebang unset tool.py",),
}


class Command(TyperCommand):
    """A command whose help has groups of options and examples."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer hides its click
        """Return the words of the usage, without the braces around what is required."""
        return [each.strip("{}") for each in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer hides its click
        """Write the arguments and each group of options."""
        for title, records in panels(self, ctx):
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer hides its click
        """Write the examples."""
        with formatter.section("Examples"):
            for line in examples(ctx):
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def panels(command: Any, ctx: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:  # noqa: ANN401 - typer hides its click
    """Yield the title of each group of parameters, with the name and the help of each of them."""
    shown = [each for each in command.get_params(ctx) if each.get_help_record(ctx) is not None]
    options = {each.opts[0]: each for each in shown if each.param_type_name == "option"}
    arguments = [each for each in shown if each.param_type_name == "argument"]
    named = {**PANELS, OPTIONS: options.keys() - set(chain.from_iterable(PANELS.values()))}
    if len(options) <= FEW:
        named = {OPTIONS: options.keys()}
    groups = {"Arguments": arguments}
    for title, names in named.items():
        ordered = options if title == OPTIONS else names
        groups[title] = [options[each] for each in ordered if each in names and each in options]
    for title, group in groups.items():
        if group:
            yield title, [each.get_help_record(ctx) for each in group]


def examples(ctx: Any) -> tuple[str, ...]:  # noqa: ANN401 - typer hides its click
    """Return the examples of a command; one without a name has those of its group."""
    named = ctx.parent if ctx.command.hidden else ctx
    return EXAMPLES.get(named.command_path.partition(" ")[2], ())
