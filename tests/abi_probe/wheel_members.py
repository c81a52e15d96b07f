"""Take one binary out of a real wheel from the package index."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path


class Member(Struct, frozen=True, kw_only=True):
    """A file of a wheel, and what pip needs to know to download that wheel."""

    spec: str
    platform: str
    python: str
    abi: str
    path: str


def fetch(member: Member, folder: Path) -> bytes:
    """Download the wheel into a folder and return the file's bytes."""
    wanted = ["--platform", member.platform, "--python-version", member.python]
    wanted += ["--implementation", "cp", "--abi", member.abi, "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *wanted]
    subprocess.run([*command, "--dest", str(folder), member.spec], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(member.path)
