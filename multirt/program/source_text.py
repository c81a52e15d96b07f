"""Turn the bytes of a source file into text as Python does."""

from __future__ import annotations

import io
import tokenize

from multirt.errors import MultirtError


def decoded(content: bytes, title: str) -> str:
    """Return a source's text, decoded as Python decodes it (PEP 263), line ends made one kind.

    Raises:
        MultirtError: it is no text, or in another encoding than it says.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return io.TextIOWrapper(io.BytesIO(content), encoding).read()
    except (SyntaxError, UnicodeError, LookupError) as error:
        hint = "save it as UTF-8, or name its encoding in the first two lines (PEP 263)"
        raise MultirtError("script", f"{title} is not text: {error}", hint) from error
