"""What can stand against an environment."""

from __future__ import annotations

from dataclasses import dataclass

from multirt.errors import MultirtError


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingWheel:
    """A distribution that has no wheel for a runtime.

    Attributes:
        name: of the distribution.
        version: None when it is so of all versions.
        tags: of the wheels that do exist, `cp312-cp312-musllinux_1_2_x86_64`; empty when there
            are only sources.
    """

    name: str
    version: str | None
    tags: tuple[str, ...]


@dataclass(kw_only=True)
class UnresolvableError(MultirtError):
    """No set of distributions fulfils what is wanted on a runtime.

    Attributes:
        full: the resolver's own explanation, unabridged.
        missing_wheels: distributions that only lack a wheel for the runtime.
    """

    full: str = ""
    missing_wheels: tuple[MissingWheel, ...] = ()
