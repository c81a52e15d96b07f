"""Read `.python-version` files."""

from __future__ import annotations

from runtimes.errors import SpecError
from runtimes.spec import RuntimeSpec


def read_version_file(text: str) -> tuple[RuntimeSpec, ...]:
    """Return the specs of a version file, in order of preference.

    Each line holds one word or several, `#` begins a comment. `system` means any runtime that is
    not a version manager's, which here is any.

    Args:
        text: the file's content.

    Raises:
        SpecError: a word is no spec, or is a path: a file that came with a project must not
            choose what is started.
    """
    specs = []
    for line in text.removeprefix("\ufeff").splitlines():
        for word in line.partition("#")[0].split():
            if "/" in word or "\\" in word or ".." in word or word.startswith((".", "~")):
                raise SpecError(word)
            specs.append(RuntimeSpec.parse("python" if word == "system" else word))
    return tuple(specs)
