"""Several virtual environments named on one command line, each with its own packages."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require


ONE, TWO = "one/bin/python", "two/bin/python"
PROGRAM = "import dep\nprint(dep.name)\n"


def environment(home: Path, **modules: str) -> Path:
    """Make an environment of this interpreter with modules of these contents."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(home)]
    subprocess.run(command, check=True)
    (root,) = home.glob("lib/*/site-packages")
    for name, text in modules.items():
        (root / f"{name}.py").write_text(text)
    return home


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Return a folder with a program and two environments that run it differently."""
    for name in ("one", "two"):
        environment(tmp_path / name, dep=f"name = {name!r}\n")
    (tmp_path / "tool.py").write_text(PROGRAM)
    return tmp_path


def document_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what a command printed with `--json`."""
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_compare_runs_each_named_environment_with_its_packages(multirt: Command, two: Path) -> None:
    done = multirt("compare", "--json", "-p", ONE, "-p", TWO, str(two / "tool.py"))
    document = document_of(done)
    assert done.returncode == 1
    names = [each["runtime"] for each in document["runs"]]
    assert [name.partition("@")[2] for name in names] == ["one", "two"]
    assert [each["runtimes"] for each in document["groups"]] == [[names[0]], [names[1]]]
    assert document["groups"][1]["difference"]["lines"][-1] == "+two"


def test_environments_with_the_same_folder_name_get_longer_names(
    multirt: Command, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        environment(tmp_path / folder / ".venv", dep="name = 1\n")
    (tmp_path / "tool.py").write_text(PROGRAM)
    specs = ["-p", "a/.venv/bin/python", "-p", "b/.venv"]
    done = multirt("compare", "--json", *specs, "tool.py")
    (group,) = document_of(done)["groups"]
    assert [each.partition("@")[2] for each in group["runtimes"]] == ["a/.venv", "b/.venv"]


@pytest.mark.parametrize("reference", [TWO, "@two"])
def test_a_reference_names_one_of_two_environments(
    multirt: Command, two: Path, reference: str
) -> None:
    first = document_of(multirt("compare", "--json", "-p", ONE, "-p", TWO, "tool.py"))
    if reference.startswith("@"):
        reference = first["reference"].replace("@one", reference)
    options = ["-p", ONE, "-p", TWO, "--reference", reference]
    document = document_of(multirt("compare", "--json", *options, str(two / "tool.py")))
    assert document["reference"].endswith("@two")


def test_bench_measures_each_named_environment(multirt: Command, tmp_path: Path) -> None:
    for name in ("one", "two"):
        environment(tmp_path / name, dep="name = 1\n")
    (tmp_path / "tool.py").write_text(PROGRAM)
    options = ["--rounds", "2", "--values", "1", "-p", ONE, "-p", TWO]
    done = multirt("bench", "--json", *options, "tool.py")
    names = [each["runtime"] for each in document_of(done)["runtimes"]]
    assert [name.partition("@")[2] for name in names] == ["one", "two"], done.stderr


@pytest.mark.parametrize(
    ("specs", "output"), [pytest.param((ONE, TWO), "one"), pytest.param((TWO, ONE), "two")]
)
def test_run_takes_the_first_named_environment(
    multirt: Command, two: Path, specs: tuple[str, str], output: str
) -> None:
    options = [part for spec in specs for part in ("-p", spec)]
    for _ in range(2):  # decided, then by a plan
        assert multirt("run", *options, str(two / "tool.py")).stdout == f"{output}\n"


def test_run_passes_over_a_named_environment_without_the_packages(
    multirt: Command, two: Path
) -> None:
    (dep,) = two.glob("one/lib/*/site-packages/dep.py")
    away = dep.rename(dep.with_suffix(".off"))
    assert multirt("run", "-p", ONE, "-p", TWO, "tool.py").stdout == "two\n"
    away.rename(dep)
    assert multirt("run", "-p", ONE, "-p", TWO, "tool.py").stdout == "one\n"


def test_explain_shows_each_named_environment(multirt: Command, two: Path) -> None:
    (dep,) = two.glob("one/lib/*/site-packages/dep.py")
    dep.unlink()
    document = document_of(multirt("explain", "--json", "-p", ONE, "-p", TWO, "tool.py"))
    accepted = {
        each["runtime"].partition("@")[2]: each["accepted"]
        for each in document["candidates"]
        if "@" in each["runtime"]
    }
    assert accepted == {"one": False, "two": True}
    assert document["chosen"].endswith("@two")


def test_a_runtime_named_besides_shares_the_first_environment(
    multirt: Command, two: Path, require: Require
) -> None:
    other = require("3.12")
    options = ["-p", ONE, "-p", TWO, "-p", str(other)]
    document = document_of(multirt("compare", "--json", *options, str(two / "tool.py")))
    names = [each["runtime"].partition("@")[2] for each in document["runs"]]
    assert names == ["one", "one", "two"]
    assert sorted(len(each["runtimes"]) for each in document["groups"]) == [1, 2]
