"""What `list` and `find` print: tables, JSON, paths."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from multirt.report.json_parts import SCHEMA, Document
from multirt.report.terminal import fitted, open_console, text
from runtimes import CRITERIA, deciding_criterion, foreign_sizes, rank_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runtimes import Discovery, Environment, Overlay, Rejection, Runtime


def list_document(shown: Iterable[Runtime], found: Discovery) -> Document:
    """Return what `list --json` prints.

    Args:
        shown: the runtimes that were asked for, the preferred one first.
        found: what there is besides.
    """
    return {
        **SCHEMA,
        "runtimes": [_runtime(each) for each in shown],
        "environments": [_environment(each) for each in found.environments],
        "rejected": [
            {"path": str(each.path), "reason": each.reason.value, "detail": each.detail}
            for each in found.rejected
        ],
    }


def find_document(found: Sequence[Runtime], *, ranking: bool) -> Document:
    """Return what `find --json` prints, with every one that fits where that was asked for."""
    document = {**SCHEMA, "runtime": _runtime(found[0])}
    if ranking:
        from runtimes import deciding_criterion, rank_values

        above = [None, *found[:-1]]
        document["ranking"] = [
            {
                "runtime": each.id,
                "criteria": rank_values(each),
                "behind_by": deciding_criterion(better, each) if better is not None else None,
            }
            for better, each in zip(above, found, strict=True)
        ]
    return document


def overlay_document(overlay: Overlay) -> Document:
    """Return one overlay."""
    return {"name": overlay.name, "version": overlay.version, "automatic": overlay.automatic}


def _environment(environment: Environment) -> Document:
    """Return one environment."""
    return {
        "prefix": str(environment.prefix),
        "base": str(environment.base) if environment.base is not None else None,
        "overlays": [overlay_document(each) for each in environment.overlays],
    }


def _runtime(runtime: Runtime) -> Document:
    """Return one runtime."""
    abi, platform = runtime.abi, runtime.platform
    implementation = runtime.implementation
    libc = platform.libc
    return {
        "id": runtime.id,
        "executable": str(runtime.executable),
        "aliases": [str(alias) for alias in runtime.aliases],
        "source": runtime.source,
        "prefix": str(runtime.prefix) if runtime.prefix is not None else None,
        "implementation": {"name": implementation.name, "version": implementation.version},
        "language": {"version": str(runtime.version)},
        "abi": {
            "soabi": abi.soabi,
            "flags": list(abi.flags),
            "debug": abi.debug,
            "free_threaded": abi.free_threaded,
            "extension_suffixes": list(abi.extension_suffixes),
            "stable_abis": list(abi.stable_abis),
        },
        "platform": {
            "tag": platform.tag,
            "machine": platform.machine,
            "bits": platform.bits,
            "libc": {"name": libc.name, "version": libc.version} if libc else None,
        },
        "jit": runtime.jit.value if runtime.jit is not None else None,
        "prerelease": runtime.prerelease,
    }


_NAMES = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy", "ironpython": "IronPython"}
_NAMES |= {"micropython": "MicroPython", "rustpython": "RustPython"}


def print_runtimes(found: Sequence[Runtime], *, default: Runtime) -> None:
    """Print one row for each runtime, grouped by implementation, the preferred ones first."""
    builds = {each.id: ", ".join(build(each)) for each in found}
    taken = 2 + max(len(each.id) for each in found) + 2 + max(map(len, builds.values())) + 2
    console = open_console()
    paths = fitted([each.executable for each in found], console.width - taken)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name in dict.fromkeys(each.implementation.name for each in found):
        table.add_row(f"[bold]{text(_NAMES.get(name, name.capitalize()))}[/]")
        for each, path in zip(found, paths, strict=True):
            if each.implementation.name == name:
                mark = "*" if each is default else " "
                table.add_row(f"{mark} {text(each.id)}", builds[each.id], text(path))
    table.columns[-1].overflow = "fold"
    console.print(table)
    if default in found:
        console.print("\n* default")


def build(runtime: Runtime) -> Iterable[str]:
    """Yield what is not usual about a build."""
    if runtime.abi.debug:
        yield "debug"
    if runtime.abi.free_threaded:
        yield "free-threaded"
    if runtime.jit is not None:
        yield "jit" if runtime.jit.value == "on" else "jit off"
    if runtime.prerelease:
        yield "pre-release"
    if foreign_sizes(runtime):
        yield "fork"


def print_unused(found: Discovery) -> None:
    """Print the environments, and what could not be used with the reason; neighbours together."""
    ids = {path: each.id for each in found.runtimes for path in (each.executable, *each.aliases)}
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="yellow")
    table.add_column(overflow="fold")
    for environment in found.environments:
        table.add_row("environment", text(environment.prefix))
        table.add_row("", environment_text(environment, ids))
    for (reason, detail, folder), names in _together(_others(found)).items():
        table.add_row(reason, text(detail))
        table.add_row("", f"{text(folder)}: {text(', '.join(names))}")
    if table.row_count:
        console = open_console()
        console.print()
        console.print(table)


def environment_text(environment: Environment, ids: dict[Path, str]) -> str:
    """Say what an environment stands on, and what compiles in it."""
    base = environment.base
    if base is None:
        return "an environment whose base is gone"
    name = ids.get(base) or ids.get(Path(os.path.realpath(base))) or str(base)
    return "; ".join((f"stands on {text(name)}", *map(overlay_text, environment.overlays)))


def overlay_text(overlay: Overlay) -> str:
    """Say when an overlay compiles."""
    when = "compiles from the start" if overlay.automatic else "compiles once it is imported"
    return f"{overlay.name} {text(overlay.version)} {when}"


def _others(found: Discovery) -> Iterator[Rejection]:
    """Yield what was rejected for another reason than being of an environment that is shown."""
    prefixes = {each.prefix for each in found.environments}
    for each in found.rejected:
        if each.reason.value != "environment" or prefixes.isdisjoint(_prefixes(each.path)):
            yield each


def _prefixes(path: Path) -> tuple[Path, Path]:
    folder = Path(os.path.realpath(path.parent))
    return folder, folder.parent


def _together(rejected: Iterable[Rejection]) -> dict[tuple[str, str, Path], list[str]]:
    groups: dict[tuple[str, str, Path], list[str]] = {}
    for each in rejected:
        key = (each.reason.value, each.detail, each.path.parent)
        groups.setdefault(key, []).append(each.path.name)
    return groups


# Heads that leave space in 80 columns; the version is in the id, and paths are long.
_HEADS = ("CPython", "stable", "release", "GIL", "version", "native", "source", "path")
_SHORT = dict(zip(CRITERIA, _HEADS, strict=True))
_SOURCES = {"MULTIRT_SEARCH_PATH": "search path"}


def print_ranking(found: Sequence[Runtime]) -> None:
    """Print a row for each runtime with what it has, and what puts it behind the one above."""
    shown = [name for name in CRITERIA if name not in ("newest version", "path")]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for head in ("", "runtime", *(_SHORT[name] for name in shown), "behind by"):
        table.add_column(head, no_wrap=True, justify="right" if not head else "left")
    reasons = [
        "",
        *(_SHORT[deciding_criterion(better, worse)] for better, worse in pairwise(found)),
    ]
    for number, (runtime, reason) in enumerate(zip(found, reasons, strict=True), 1):
        values = rank_values(runtime)
        cells = (_cell(values[name]) for name in shown)
        table.add_row(str(number), text(runtime.id), *cells, reason)
    console = open_console()
    console.print(table)
    console.print(f"\nThe first that differs decides: {', '.join(CRITERIA)}.")


def _cell(value: bool | str) -> str:  # noqa: FBT001 - a value to show, no switch
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text(_SOURCES.get(value, value))
