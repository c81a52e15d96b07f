"""Run `multirt matrix` in a project, with what it prints and reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.factories.schemas import schema_errors

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import Command


class Matrix(Protocol):
    """Run the command on a project, and return how it ended and what it reported."""

    def __call__(
        self, root: Path, *arguments: str, **variables: str
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        """Return the ended process and the cells of its JSON report by name."""


@pytest.fixture
def matrix(multirt: Command, tmp_path: Path) -> Matrix:
    """Return the function that runs `multirt matrix run`."""

    def call(
        root: Path, *arguments: str, **variables: str
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        file = tmp_path / "report.json"
        file.unlink(missing_ok=True)
        ours = ("--project", str(root), "--report", f"json={file}")
        before, sign, after = _split(arguments)
        done = multirt("matrix", "run", *before, *ours, *sign, *after, **variables)
        if not file.exists():
            return done, {}
        document = json.loads(file.read_text())
        assert schema_errors("matrix", document) == []
        return done, {each["name"]: each for each in document["cells"]}

    return call


def _split(
    arguments: tuple[str, ...],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    if "--" not in arguments:
        return arguments, (), ()
    position = arguments.index("--")
    return arguments[:position], ("--",), arguments[position + 1 :]
