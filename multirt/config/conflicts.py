"""Settle what two places say that cannot both hold. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from multirt.config.model import Configuration
    from runtimes import RuntimeSpec

_MICROS = range(50)  # no minor version has had more releases than 20
# What a person asks for by hand is not set aside; that nothing fits is then said.
_BY_HAND = frozenset({"--python", "MULTIRT_PYTHON"})


def settle(configuration: Configuration) -> Configuration:
    """Set aside a file's pin that the program's own requirement rules out, and say so.

    The requirement is the stricter of the two: it says where the program works at all, the pin
    what somebody likes. Alternatives that can hold are kept.
    """
    pinned = configuration.runtimes
    if pinned is None or pinned.origin in _BY_HAND:
        return configuration
    kept = pinned.value
    notes = []
    for wanted in configuration.requires:
        ruled_out = [spec for spec in kept if not _can_meet(spec, wanted.value)]
        kept = tuple(spec for spec in kept if spec not in ruled_out)
        if ruled_out:
            specs = ", ".join(map(str, ruled_out))
            notes.append(
                f"{pinned.origin} asks for {specs}, but {wanted.origin} requires Python"
                f" {wanted.value}: the requirement counts"
            )
    return replace(
        configuration,
        runtimes=replace(pinned, value=kept) if kept else None,
        notes=(*configuration.notes, *notes),
    )


def _can_meet(spec: RuntimeSpec, wanted: SpecifierSet) -> bool:
    """Whether any version that a spec names is one that is required."""
    if len(spec.release) < 2:  # noqa: PLR2004 - a major version alone leaves nearly all open
        return True
    release = ".".join(map(str, spec.release))
    if len(spec.release) > 2:  # noqa: PLR2004 - major, minor, micro
        return wanted.contains(release)
    return any(wanted.contains(f"{release}.{micro}") for micro in _MICROS)
