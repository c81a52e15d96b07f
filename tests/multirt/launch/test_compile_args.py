"""The native launcher is compiled with every warning, hardened, and with the options of `run`."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import typer

from compile_args import FLAGS, WAYS, option_rows
from multirt.cli.app import build
from multirt.launch.plan_key import PLANNED_OPTIONS
from tests.multirt.launch.conftest import ROOT, compiled

if TYPE_CHECKING:
    from pathlib import Path


def test_the_launcher_gets_every_planned_option() -> None:
    rows = re.findall(r'\{"(\S+)", "(\S+)=", (true|false)\},', option_rows(ROOT))
    assert {
        name.encode(): (label.encode(), is_path == "true") for name, label, is_path in rows
    } == PLANNED_OPTIONS


def test_option_rows_refuses_a_source_without_the_table(tmp_path: Path) -> None:
    (tmp_path / "multirt/launch").mkdir(parents=True)
    (tmp_path / "multirt/launch/plan_key.py").write_text("OTHER = {}\n")
    with pytest.raises(LookupError, match="PLANNED_OPTIONS"):
        option_rows(tmp_path)


@pytest.mark.parametrize("name", [name.decode() for name in PLANNED_OPTIONS])
def test_a_planned_option_is_one_of_run_with_the_same_kind_of_value(name: str) -> None:
    command = typer.main.get_command(build(["run"]))
    (run,) = command.commands.values()  # type: ignore[attr-defined]  # a group
    (option,) = (each for each in run.params if name in each.opts)
    label, is_path = PLANNED_OPTIONS[name.encode()]
    assert not option.is_flag
    assert f"--{label.decode()}" in option.opts
    assert (option.metavar in {"FILE", "DIR"}) is is_path


@pytest.mark.parametrize("way", WAYS)
def test_the_launcher_is_compiled_without_a_warning(way: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    command = ["cc", *FLAGS, *way, "main.c"]
    if subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"the compiler cannot do {' '.join(way)}")
    assert compiled(tmp_path, *FLAGS, *way) is not None
