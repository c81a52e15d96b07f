"""The errors that a caller of `abi_probe` can meet."""

from __future__ import annotations


class AbiProbeError(Exception):
    """Base of every error that this package raises."""


class UnreadableError(AbiProbeError):
    """A file, archive or record that cannot be read for what it claims to be.

    The message says what is wrong and at which offset or member; the path is the caller's to add.
    """


class NotABinaryError(UnreadableError):
    """The bytes are none of ELF, Mach-O or PE."""


class NothingToProbeError(AbiProbeError):
    """A target that exists and can hold no binary: an empty folder."""


class SourceArchiveError(NothingToProbeError):
    """A source archive, of which a wheel would have to be built first."""


class DescriptionError(AbiProbeError):
    """Words that describe no runtime; the message says what they could be."""
