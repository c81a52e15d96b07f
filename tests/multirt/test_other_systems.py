"""What works on a system without POSIX, and what says that it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, cast

import pytest

from multirt.errors import LaunchError
from multirt.launch.exec_plan import launch
from tests.factories.probe_wheels import GOOD, write_good

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.selection.model import Plan

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these modules are not there to be hidden")
_HIDE = "import sys; sys.modules.update(dict.fromkeys(('fcntl', 'pwd', 'resource', 'termios')))\n"


def _python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _HIDE + code, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_both_libraries_and_the_command_are_imported_without_posix() -> None:
    modules = "abi_probe, abi_probe.api, runtimes, runtimes.discovery, multirt.probe.api"
    done = _python(f"import {modules}, multirt.cli.main, multirt.cli.start, multirt.cli.probe")
    assert done.returncode == 0, done.stderr


def test_probe_judges_a_wheel_without_posix(tmp_path: Path) -> None:
    wheel = write_good(tmp_path)
    code = "from multirt.cli import main; sys.argv[0] = 'multirt'; sys.exit(main())"
    done = _python(code, "probe", wheel, "--runtime", "auto")
    assert (done.returncode, GOOD[:8] in done.stdout.replace(" ", "-")) == (0, True), done.stderr


def test_run_says_that_windows_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = cast("Plan", object())  # which is not looked at
    monkeypatch.setattr("multirt.launch.exec_plan.os.name", "nt")
    with pytest.raises(LaunchError, match="not supported on Windows yet"):
        launch(plan, {})
