"""Run a program as a child, on the system where none can take this process's place: Windows.

There `exec` starts another process and ends this one, so that a shell goes on at once. What is
done instead is what the Python launcher of Windows does (CPython, PC/launcher2.c): the child is put
into a job object, which ends it when this process is ended, while what the child starts for itself
is its own; what is typed to interrupt is left to the child; its exit code becomes ours. Types and
values are those of winnt.h and consoleapi.h as Microsoft documents them. It was never run there.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_KILL_ON_JOB_CLOSE = 0x2000
_SILENT_BREAKAWAY_OK = 0x1000
_PROCESS_TERMINATE = 0x0001
_PROCESS_SET_QUOTA = 0x0100  # both are needed to put a process into a job
_CODES = 1 << 32  # an exit code has 32 bits


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("per_process_user_time_limit", ctypes.c_int64),
        ("per_job_user_time_limit", ctypes.c_int64),
        ("limit_flags", ctypes.c_uint32),
        ("minimum_working_set_size", ctypes.c_size_t),
        ("maximum_working_set_size", ctypes.c_size_t),
        ("active_process_limit", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority_class", ctypes.c_uint32),
        ("scheduling_class", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("basic", BasicLimits),
        ("io_counters", ctypes.c_uint64 * 6),
        ("process_memory_limit", ctypes.c_size_t),
        ("job_memory_limit", ctypes.c_size_t),
        ("peak_process_memory_used", ctypes.c_size_t),
        ("peak_job_memory_used", ctypes.c_size_t),
    )


def run_child(
    executable: str,
    arguments: Sequence[str],
    env: Mapping[str, str],
    kernel32: Any = None,  # noqa: ANN401 - functions found by name when it runs
) -> int:
    """Run a program to its end and return its exit code, as `sys.exit` gives it on unchanged.

    Args:
        executable: what is started.
        arguments: its own, `argv[0]` first.
        env: the whole environment.
        kernel32: the system's functions; None for those of this system, which must be Windows.

    Raises:
        OSError: it cannot be started.
    """
    kernel = kernel32 if kernel32 is not None else _kernel32()
    routine = _handler(kernel)  # kept until the end: the system calls it
    job = _job(kernel)
    # Handles that somebody gave to this process are for the program too.
    child = subprocess.Popen(
        list(arguments), executable=executable, env=dict(env), close_fds=os.name != "nt"
    )
    if job:
        _assign(kernel, job, child.pid)
    code = child.wait()
    del routine
    return exit_status(code)


def exit_status(code: int) -> int:
    """Return a code of 32 bits as the signed number that `sys.exit` takes on Windows.

    There a C `long` has 32 bits; 0xC0000005, an access violation, would become -1.
    """
    unsigned = code % _CODES
    return unsigned - _CODES if unsigned >= _CODES // 2 else unsigned


def _kernel32() -> Any:  # noqa: ANN401 - likewise
    """Return the system's functions, with the types of those that take or give handles."""
    library = getattr(ctypes, "WinDLL", None)
    if library is None:
        raise OSError("only Windows needs a child in place of this process")
    kernel = library("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = kernel.OpenProcess.restype = ctypes.c_void_p
    return kernel


def _handler(kernel: Any) -> object:  # noqa: ANN401 - likewise
    """Leave Ctrl-C and its like to the child, which gets them too; return what has to be kept.

    To ignore them, by no handler at all, is inherited: then the child would ignore them as well.
    """
    prototype = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
    routine: object = prototype(ctypes.c_int, ctypes.c_uint32)(lambda _event: 1)
    kernel.SetConsoleCtrlHandler(routine, 1)
    return routine


def _job(kernel: Any) -> int | None:  # noqa: ANN401 - likewise
    """Return the handle of a job that ends with this process; None where the system refuses.

    The program runs without one just as well, but would outlive a kill of this process.
    """
    job: int | None = kernel.CreateJobObjectW(None, None)
    limits = ExtendedLimits()
    limits.basic.limit_flags = _KILL_ON_JOB_CLOSE | _SILENT_BREAKAWAY_OK
    size = ctypes.sizeof(limits)
    if job and kernel.SetInformationJobObject(
        ctypes.c_void_p(job), _EXTENDED_LIMITS, ctypes.byref(limits), size
    ):
        return job
    return None


def _assign(kernel: Any, job: int, process_id: int) -> None:  # noqa: ANN401 - likewise
    """Put a process into a job; its number is not given to another while it is waited for."""
    process = kernel.OpenProcess(_PROCESS_TERMINATE | _PROCESS_SET_QUOTA, 0, process_id)
    if process:
        kernel.AssignProcessToJobObject(ctypes.c_void_p(job), ctypes.c_void_p(process))
        kernel.CloseHandle(ctypes.c_void_p(process))
