"""Say in sentences where extensions stand: what is promised, from when on, with which names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multirt.probe.model import ArtifactReport, ExtensionReport

# The classes of names in the order of how far they are from the limited API.
_CLASSES: Final = {
    "stable": "stable",
    "stable-abi-only": "stable",
    "public": "public",
    "unstable": "unstable",
    "private": "private",
    "internal": "internal",
    "debug-only": "of debug builds",
    "freethreaded-only": "of free-threaded builds",
}


def standing_of(report: ArtifactReport) -> list[str]:
    """Return one sentence for each extension; those that stand alike share one."""
    paths: dict[str, list[str]] = {}
    for extension in report["extensions"]:
        paths.setdefault("; ".join(_parts(extension)), []).append(extension["path"])
    return [
        f"{modules[0]}{f' and {len(modules) - 1} more' if len(modules) > 1 else ''}: {text}"
        for text, modules in paths.items()
    ]


def _parts(extension: ExtensionReport) -> Iterator[str]:
    """Yield the floors of an extension, and its names by class."""
    if extension["claim"]["kind"].startswith("abi3") or extension["declared_floor"] is not None:
        yield ", ".join(_floors(extension))
    if extension["present_floor"] is not None:
        present = extension["present_floor"].removeprefix("cpython-")
        yield f"oldest of these runtimes with all its names: {present}"
    if extension["libc_floor"] is not None:
        yield f"needs glibc {extension['libc_floor']}"
    counts: dict[str, int] = {}
    for kind, count in extension["classes"].items():
        text = _CLASSES.get(kind, kind)
        counts[text] = counts.get(text, 0) + count
    known = [*dict.fromkeys(_CLASSES.values())]
    order = sorted(counts, key=lambda text: known.index(text) if text in known else len(known))
    if counts:
        yield f"names: {', '.join(f'{counts[text]} {text}' for text in order)}"


def _floors(extension: ExtensionReport) -> Iterator[str]:
    """Yield from when on an extension of the stable ABI works, as is said and as is promised."""
    declared, computed = extension["declared_floor"], extension["computed_floor"]
    if declared is not None:
        yield f"floor {declared} by its tag"
    yield f"{'floor ' * (declared is None)}{computed or 'none'} by its names"
