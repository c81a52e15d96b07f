"""The errors of requirements that no release meets."""

from __future__ import annotations

from msgspec import Struct

from multirt.errors import ErrorKind, NothingFitsError


class MissingWheel(Struct, frozen=True, kw_only=True):
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


class UnresolvableError(NothingFitsError):
    """No set of distributions fulfils what is wanted on a runtime.

    Attributes:
        full: the resolver's own explanation, unabridged.
        missing_wheels: distributions that only lack a wheel for the runtime.
        per_runtime: another runtime may fare better.
    """

    usual = ErrorKind.REQUIREMENTS

    def __init__(
        self,
        message: str,
        full: str,
        missing_wheels: tuple[MissingWheel, ...] = (),
        *,
        per_runtime: bool = True,
    ) -> None:
        """Keep the facts; the hint follows from them."""
        hint = "--build builds what has no wheel from its sources" if missing_wheels else None
        super().__init__(message, hint)
        self.full = full
        self.missing_wheels = missing_wheels
        self.per_runtime = per_runtime
