"""The child in a job object, as far as a system without job objects can show it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import Any

import pytest

from multirt.launch.exec_windows import BasicLimits, ExtendedLimits, exit_status, run_child


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the sizes are of 64 bits")
def test_the_structures_are_laid_out_as_windows_has_them() -> None:
    assert (ctypes.sizeof(BasicLimits), ctypes.sizeof(ExtendedLimits)) == (64, 144)
    assert BasicLimits.limit_flags.offset == 16
    assert BasicLimits.affinity.offset == 48
    assert ExtendedLimits.process_memory_limit.offset == 112


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param(0, 0, id="success"),
        pytest.param(7, 7, id="small"),
        pytest.param(0x7FFFFFFF, 0x7FFFFFFF, id="largest"),
        pytest.param(0xC0000005, 0xC0000005 - 2**32, id="access violation"),
        pytest.param(0xC000013A, 0xC000013A - 2**32, id="interrupted"),
    ],
)
def test_all_bits_of_an_exit_code_pass(code: int, status: int) -> None:
    assert exit_status(code) == status
    assert status % 2**32 == code


class _Kernel:
    """The functions of the system, which write down what they are asked in which order."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.asked: list[str] = []
        self.flags = 0
        self.refuses = refuses

    def SetConsoleCtrlHandler(self, routine: Any, add: int) -> int:  # noqa: ANN401, N802
        self.asked.append(f"handler {add} {routine(0)}")
        return 1

    def CreateJobObjectW(self, _attributes: None, _name: None) -> int:  # noqa: N802
        self.asked.append("job")
        return 0 if self.refuses else 2**40

    def SetInformationJobObject(self, _job: Any, kind: int, limits: Any, size: int) -> int:  # noqa: ANN401, N802
        self.asked.append(f"limits {kind} {size == ctypes.sizeof(ExtendedLimits)}")
        self.flags = limits._obj.basic.limit_flags
        return 1

    def OpenProcess(self, access: int, _inherit: int, process_id: int) -> int:  # noqa: N802
        self.asked.append(f"open {access:#x} {process_id > 0}")
        return 12

    def AssignProcessToJobObject(self, job: Any, process: Any) -> int:  # noqa: ANN401, N802
        self.asked.append(f"assign {process.value} to {job.value == 2**40}")
        return 1

    def CloseHandle(self, handle: Any) -> int:  # noqa: ANN401, N802
        self.asked.append(f"close {handle.value}")
        return 1


def test_the_child_is_put_into_a_job_that_ends_with_us() -> None:
    kernel = _Kernel()
    words = [sys.executable, "-c", "import os, sys; sys.exit(int(os.environ['CODE']))"]
    assert run_child(sys.executable, words, {**os.environ, "CODE": "7"}, kernel) == 7
    assert kernel.flags == 0x3000  # KILL_ON_JOB_CLOSE | SILENT_BREAKAWAY_OK
    assert kernel.asked == [
        "handler 1 1",
        "job",
        "limits 9 True",
        "open 0x101 True",
        "assign 12 to True",
        "close 12",
    ]


def test_a_system_that_gives_no_job_runs_the_program_all_the_same() -> None:
    kernel = _Kernel(refuses=True)
    words = [sys.executable, "-c", "raise SystemExit(3)"]
    assert run_child(sys.executable, words, os.environ, kernel) == 3
    assert kernel.asked == ["handler 1 1", "job"]


@pytest.mark.skipif(os.name == "nt", reason="there it is what is done")
def test_elsewhere_nobody_needs_it() -> None:
    with pytest.raises(OSError, match="only Windows"):
        run_child(sys.executable, [sys.executable], os.environ)


@pytest.mark.skipif(os.name == "nt", reason="these modules are not there to be hidden")
def test_nothing_on_the_way_to_it_needs_posix() -> None:
    hidden = "import sys; sys.modules.update(dict.fromkeys(('posix', 'fcntl', 'pwd', 'resource')))"
    words = f"{hidden}; import multirt.cli.main, multirt.cli.start, multirt.launch.exec_windows"
    subprocess.run([sys.executable, "-c", words], check=True)
