"""What `--json` prints is valid by the published schemas."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.factories.probe_wheels import HERE, write_good, write_liar
from tests.factories.schemas import FOLDER, schema_errors

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require

OURS = ("--python", sys.executable)
COMMANDS = {
    "list": ["list", "--all"],
    "find": ["find", "3", "--explain"],
    "explain": ["explain", "tool.py"],
    "explain of what nothing can run": ["explain", "--python", "2.0", "tool.py"],
    "compare": ["compare", *OURS, "tool.py"],
    "doctor": ["doctor"],
    "cache-info": ["cache", "info"],
    "cache-plans": ["cache", "plans"],
    "env-list": ["env", "list"],
    "env-prune": ["env", "prune", "--dry-run"],
    "shebang": ["shebang", "show", "tool.py"],
    "shebang-set": ["shebang", "set", "tool.py"],
    "shebang-set when it is undone": ["shebang", "unset", "tool.py"],
    "run-dry-run": ["run", "--dry-run", *OURS, "tool.py"],
    "error": ["find", "3.99"],
    "error of wrong use": ["list", "--nonsense"],
    "matrix-list": ["matrix", "list"],
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into the folder of a small project with a script."""
    (tmp_path / "tool.py").write_text("import json\nprint(json.dumps({'a': 1}))\n")
    text = '[project]\nname = "small"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "test_small.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("project")
def test_the_document_of_a_command_is_valid(name: str, multirt: Command) -> None:
    command, *arguments = COMMANDS[name]
    position = 1 if command in {"matrix", "cache", "canary", "env", "shebang"} else 0
    done = multirt(command, *arguments[:position], "--json", *arguments[position:])
    document = json.loads(done.stdout)
    assert schema_errors(name.partition(" ")[0], document) == []


def test_the_document_of_probe_is_valid(multirt: Command, tmp_path: Path) -> None:
    wheels = [str(write(tmp_path)) for write in (write_good, write_liar)]
    arguments = ("--json", "--coverage", "--runtime", HERE)
    done = multirt("probe", *arguments, *wheels, str(tmp_path / "absent.whl"))
    assert schema_errors("probe", json.loads(done.stdout)) == []


@pytest.mark.usefixtures("project")
def test_the_document_of_a_canary_is_valid(
    multirt: Command, require: Require, tmp_path: Path
) -> None:
    own = {"MULTIRT_DATA_DIR": str(tmp_path / "data")}
    arguments = ("--canary", str(require("3.12")), "--percent", "100", *OURS)
    assert multirt("run", *arguments, "tool.py", **own).returncode == 0
    done = multirt("canary", "report", "--json", **own)
    assert schema_errors("canary-report", json.loads(done.stdout)) == []


def test_a_key_that_the_schema_lacks_is_an_error() -> None:
    document = {"schema_version": 1, "error": {"kind": "k", "message": "m", "hint": None}}
    assert schema_errors("error", document) == []
    assert schema_errors("error", {**document, "new": 1}) != []


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_each_schema_belongs_to_a_version(file: Path) -> None:
    schema = json.loads(file.read_text())
    assert schema["properties"]["schema_version"] == {"const": 1}
    assert schema["title"]
