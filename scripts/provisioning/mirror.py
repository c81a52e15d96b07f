"""Read from a machine's own apt sources which mirror it uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.model import LackingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RELEASES = ("bookworm", "trixie")
"""The releases of Debian whose machines are served."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One archive as sources.list(5) names it.

    Attributes:
        uri: the mirror.
        suites: the distributions that the machine takes from it.
        keyring: the file of keys that it is signed by.
    """

    uri: str
    suites: tuple[str, ...]
    keyring: str


def _deb822(text: str) -> Iterator[Source]:
    """Yield the sources of the format with `Types:`, `URIs:` and `Suites:`."""
    without_comments = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for stanza in re.split(r"\n\s*\n", without_comments):
        fields = {
            key.lower(): value.strip()
            for key, value in re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, flags=re.MULTILINE)
        }
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        for uri in fields.get("uris", "").split():
            suites = tuple(fields.get("suites", "").split())
            yield Source(uri=uri, suites=suites, keyring=_keyring(fields.get("signed-by", "")))


def _one_line(text: str) -> Iterator[Source]:
    """Yield the sources of the format `deb [options] uri suite components`."""
    for line in text.splitlines():
        if match := _ONE_LINE.match(line.strip()):
            options = dict(re.findall(r"([\w-]+)=(\S+)", match["options"] or ""))
            keyring = _keyring(options.get("signed-by", ""))
            yield Source(uri=match["uri"], suites=(match["suite"],), keyring=keyring)


def _keyring(signed_by: str) -> str:
    """Return the keys' file; a key written into the source itself is not taken over."""
    return signed_by if signed_by.startswith("/") else KEYRING


def read_sources(folder: Path = Path("/etc/apt")) -> tuple[Source, ...]:
    """Return every source of binary packages that apt's folder names."""
    found: list[Source] = []
    for path in [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]:
        if path.suffix in {".list", ".sources"} and path.is_file():
            read = _deb822 if path.suffix == ".sources" else _one_line
            found.extend(read(path.read_text(encoding="utf-8", errors="replace")))
    return tuple(found)


def source_of(suites: Iterable[str], sources: Iterable[Source]) -> Source:
    """Return the source that carries one of these suites.

    Raises:
        LackingError: none does.
    """
    suites = tuple(suites)
    for source in sources:
        if set(suites) & set(source.suites):
            return source
    message = f"an apt source of {' or '.join(suites)} in /etc/apt (is this Debian 12 or 13?)"
    raise LackingError(message)


def stanzas(sources: Iterable[Source]) -> str:
    """Return a sources file, deb822, for all that the steps fetch.

    The two archives of the machine's own release also carry the other releases.

    Raises:
        LackingError: the machine's sources lack an archive.
    """
    sources = tuple(sources)
    archive = source_of(RELEASES, sources)
    security = source_of((f"{release}-security" for release in RELEASES), sources)
    wanted = (
        ("deb", archive, "bookworm trixie forky"),
        ("deb-src", archive, "trixie"),
        ("deb", security, "bookworm-security"),
    )
    return "\n".join(
        f"Types: {kind}\nURIs: {source.uri}\nSuites: {suites}\nComponents: main\n"
        f"Architectures: amd64\nSigned-By: {source.keyring}\n"
        for kind, source, suites in wanted
    )
