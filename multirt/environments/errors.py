"""The errors of requirements that no release meets."""

from __future__ import annotations

from dataclasses import dataclass

from multirt.errors import ExitCode, MultirtError


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingWheel:
    """A distribution that has no wheel for a runtime.

    Attributes:
        name: of the distribution.
        version: or versions, `4.5.0`, `>=2.3`; None when it is so of all.
        tags: of the wheels that do exist, `cp312-cp312-musllinux_1_2_x86_64`; empty when there
            are only sources; None when the index did not answer.
    """

    name: str
    version: str | None
    tags: tuple[str, ...] | None


@dataclass(kw_only=True)
class UnresolvableError(MultirtError):
    """No set of distributions fulfils what is wanted on a runtime.

    Attributes:
        full: the resolver's own explanation, unabridged.
        missing_wheels: distributions that only lack a wheel for the runtime.
        per_runtime: another runtime may fare better.
    """

    full: str = ""
    missing_wheels: tuple[MissingWheel, ...] = ()
    per_runtime: bool = True


def unresolvable(
    message: str,
    full: str,
    missing: tuple[MissingWheel, ...] = (),
    *,
    per_runtime: bool = True,
) -> UnresolvableError:
    """Return the error for requirements that nothing fulfils on a runtime."""
    return UnresolvableError(
        kind="requirements",
        message=message,
        hint="--build builds what has no wheel from its sources" if missing else None,
        code=ExitCode.NOTHING_FITS,
        full=full,
        missing_wheels=missing,
        per_runtime=per_runtime,
    )
