"""Measure coverage in every cell, and combine it onto the project's own sources."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST_LINES = 400


def covered(words: Sequence[str], *, cover: bool) -> tuple[str, ...]:
    """Return a command as it runs under coverage, where it is a module or script of Python."""
    if not cover:
        return tuple(words)
    run = ("python", "-m", "coverage", "run", "--parallel-mode")
    match tuple(words):
        case ("python" | "python3", "-m", "coverage", *_):
            return tuple(words)
        case ("python" | "python3", "-m", *_):
            return (*run, *words[1:])
        case ("pytest" | "py.test", *_):
            return (*run, "-m", "pytest", *words[1:])
        case _:
            return tuple(words)


def combine(python: Path, root: Path, room: Path, modules: Sequence[str]) -> str:
    """Combine what the cells measured, and return coverage's report.

    The data ends up in the project's `.coverage`, so that `coverage html` and the like work.

    Args:
        python: of an environment that has coverage.
        root: the project.
        room: of the run.
        modules: top-level names of the wheel, which are looked for in the sources.

    Raises:
        MultirtError: coverage fails.
    """
    sources = [str(folder) for folder in (root / "src", root / "lib", root) if folder.is_dir()]
    config = room / "coverage.cfg"
    # The first path of a group is where the others are mapped to.
    groups = [
        f"multirt_{name} =\n"
        + "".join(f"    {source}/{name}\n" for source in sources if _is_there(source, name))
        + f"    */site-packages/{name}\n"
        for name in modules
        if any(_is_there(source, name) for source in sources)
    ]
    config.write_text("[run]\nbranch = false\n[paths]\n" + "".join(groups), encoding="utf-8")
    data = root / ".coverage"
    base = [str(python), "-m", "coverage"]
    _call([*base, "combine", f"--rcfile={config}", f"--data-file={data}", str(room / "coverage")])
    return _call([*base, "report", f"--data-file={data}", "--skip-empty"], cwd=root)


def _is_there(source: str, name: str) -> bool:
    return (Path(source) / name).is_dir() or (Path(source) / f"{name}.py").is_file()


def _call(command: list[str], cwd: Path | None = None) -> str:
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        words = " ".join(done.stdout.split())[-_LAST_LINES:]
        raise MultirtError("coverage", f"coverage failed: {words}", code=ExitCode.FAILED)
    return done.stdout
