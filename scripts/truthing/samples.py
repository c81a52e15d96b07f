"""Download the wheels that predictions are tried on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("spec", "platform", "python", "abi", "why")
LISTED = Path(__file__).parent.parent / "truth-wheels.tsv"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A wheel of the package index, with what makes pip choose exactly that one.

    Attributes:
        spec: `name==version`.
        platform: of its tag, `any` for every one.
        python: the version that it is for, `3.12`; with the micro where Requires-Python wants it.
        abi: of its tag; `none` for wheels of any implementation.
        why: what it stands for.
    """

    spec: str
    platform: str
    python: str
    abi: str
    why: str = ""

    @property
    def id(self) -> str:
        """Return what tests, tables and folders call it."""
        return f"{self.spec}-{self.python}-{self.abi}-{self.platform}"

    def arguments(self) -> list[str]:
        """Return what pip needs to know to choose it."""
        wanted = ["--python-version", self.python]
        if self.platform != "any":
            wanted += ["--platform", self.platform]
        if self.abi != "none":
            implementation = "pp" if self.abi.startswith("pypy") else "cp"
            wanted += ["--implementation", implementation, "--abi", self.abi]
        return wanted

    def download(self, folder: Path) -> Path:
        """Download the wheel into a folder of its own below one, once, and return its path.

        Raises:
            subprocess.CalledProcessError: pip cannot; it has said why.
        """
        own = folder / self.id
        own.mkdir(parents=True, exist_ok=True)
        if not (found := sorted(own.glob("*.whl"))):
            command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps"]
            command += ["--only-binary=:all:", "--disable-pip-version-check", *self.arguments()]
            subprocess.run([*command, "--dest", str(own), self.spec], check=True)
            found = sorted(own.glob("*.whl"))
        return found[0]


def read_samples(path: Path = LISTED) -> Iterator[Sample]:
    """Yield the samples of a table: one a line, columns parted by tabs, `#` begins a comment.

    Raises:
        ValueError: a line has another number of columns.
    """
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if not len(COLUMNS) - 1 <= len(cells) <= len(COLUMNS):
            message = f"{path.name}:{number}: {len(cells)} columns, not {len(COLUMNS)}"
            raise ValueError(message)
        spec, platform, python, abi, *why = cells
        yield Sample(spec=spec, platform=platform, python=python, abi=abi, why="".join(why))
