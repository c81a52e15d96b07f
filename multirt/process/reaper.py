"""Start the commands of a process, end all that they started, and clear away when it is killed.

A program of its own, started by its path and without site-packages to be quick; hence no pathlib
either. Its standard input is a socket. Records on it end with a NUL:

    +KIND NAME   end this process, or remove this folder, when the other end of the socket closes
    -KIND NAME   no longer
    run          start a command; with it come its stdin, stdout, stderr and a control socket

Each command gets a supervisor, a fork of this program that adopts what the command leaves
behind (`PR_SET_CHILD_SUBREAPER`), even after a double fork and in a new session. On the control
socket the supervisor reads a request (`FRAME` with its length, then `marshal` of argv, environment
and folder), then single bytes: the number of a signal for the command's process group, or `FINISH`
to end what is left. It answers with three `FRAME`s: errno and process id; exit code and processor
time in nanoseconds; the number of processes that it had to end, and 0. A closed control socket
means `FINISH`. Only Linux has such adoption; elsewhere the process group is ended.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import select
import signal
import socket
import struct
import time

TYPE_CHECKING = False  # importing typing takes as long as all of the above
if TYPE_CHECKING:
    from collections.abc import Callable

PROCESS, FOLDER = "process", "folder"
FRAME = struct.Struct("<qq")
FINISH = 0
_STREAMS = 4  # descriptors that come with `run`
_PR_SET_CHILD_SUBREAPER = 36
_SEES_CHILDREN = os.path.exists("/proc/self/stat")  # noqa: PTH110 - no pathlib here
_PATIENCE = 10.0  # seconds for processes to disappear that were killed
_TICK = 0.001


def serve(server: socket.socket) -> None:
    """Read records until the other end closes; then clear away what is still to be."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors need no reaping
    _adopt_orphans()
    held: dict[str, None] = {}
    streams: list[int] = []
    rest = b""
    while True:
        data, received, _, _ = socket.recv_fds(server, 1 << 16, _STREAMS)
        for each in received:
            os.set_inheritable(each, False)  # noqa: FBT003 - it has no keyword
        streams += received
        if not data:
            break
        *records, rest = (rest + data).split(b"\0")
        for record in map(os.fsdecode, records):
            if record == "run":
                _fork_supervisor(streams[:_STREAMS])
                del streams[:_STREAMS]
            elif record.startswith("+"):
                held[record[1:]] = None
            else:
                held.pop(record[1:], None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _end_children(lambda *_: None)
    for record in sorted(held, key=lambda each: each.startswith(FOLDER)):  # their users end first
        kind, _, name = record.partition(" ")
        _clear(kind, name)


def _adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, where the system offers that."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _fork_supervisor(streams: list[int]) -> None:
    """Fork a supervisor; where that fails, its closed control socket says so."""
    with contextlib.suppress(OSError):
        if os.fork() == 0:
            try:
                *standard, control = streams
                _Supervisor(socket.socket(fileno=control)).run(standard)
            finally:
                os._exit(0)
    for each in streams:
        os.close(each)


class _Supervisor:
    """The parent of one command, and of all that the command's end makes an orphan."""

    def __init__(self, control: socket.socket) -> None:
        """Adopt orphans, and be woken by the end of a child."""
        self._control = control
        self._command = 0
        self._running = True
        self._wake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        _adopt_orphans()

    def run(self, standard: list[int]) -> None:
        """Start the command that is requested, and serve until all it started has ended."""
        size, _ = FRAME.unpack(_receive(self._control, FRAME.size))
        argv, env, folder = marshal.loads(  # noqa: S302 - from the process that started this one
            _receive(self._control, size)
        )
        try:
            self._command = _start(argv, env, folder, standard)
        except OSError as error:
            self._control.sendall(FRAME.pack(error.errno or errno.EINVAL, 0))
            return
        for each in standard:
            os.close(each)
        with contextlib.suppress(ConnectionError):
            self._control.sendall(FRAME.pack(0, self._command))
            while self._serve_once():
                pass
        left = self._end_all()
        with contextlib.suppress(ConnectionError):
            self._control.sendall(FRAME.pack(left, 0))

    def _serve_once(self) -> bool:
        """Wait for the end of a child or a request; return whether to go on."""
        control = self._control.fileno()
        ready, _, _ = select.select([control, self._wake], [], [])
        if self._wake in ready:
            os.read(self._wake, 1 << 16)
            _reap(self._report)
        if control not in ready:
            return True
        request, *_ = self._control.recv(1) or bytes([FINISH])
        if request != FINISH and self._running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._command, request)
        return request != FINISH

    def _report(self, pid: int, status: int, seconds: float) -> None:
        """Report the end of the command itself."""
        if pid == self._command:
            self._running = False
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(ConnectionError):
                self._control.sendall(FRAME.pack(code, round(seconds * 1e9)))

    def _end_all(self) -> int:
        """Kill every descendant; return how many there were, without the command itself."""
        own = {self._command} if self._running else set()
        if not _SEES_CHILDREN:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._command, signal.SIGKILL)
        return len(_end_children(self._report) - own)


def _start(argv: list[str], env: dict[str, str], folder: str, standard: list[int]) -> int:
    """Start a command in a session of its own and return its process id.

    Raises:
        OSError: it cannot be started.
    """
    failure, failed = os.pipe()
    command = os.fork()
    if command == 0:
        try:
            os.setsid()
            for number, stream in enumerate(standard):
                os.dup2(stream, number)
            for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):  # as at Python's start
                signal.signal(number, signal.SIG_DFL)
            os.chdir(folder)
            os.execvpe(argv[0], argv, env)  # noqa: S606 - there is no shell
        except (OSError, ValueError) as error:
            code = error.errno if isinstance(error, OSError) else None
            os.write(failed, bytes([code or errno.EINVAL]))
        finally:
            os._exit(127)
    os.close(failed)
    problem = os.read(failure, 1)
    os.close(failure)
    if problem:
        os.waitpid(command, 0)
        raise OSError(problem[0], os.strerror(problem[0]))
    return command


def _receive(control: socket.socket, size: int) -> bytes:
    """Return so many bytes.

    Raises:
        EOFError: the other end closed before.
    """
    data = control.recv(size, socket.MSG_WAITALL) if size else b""
    if len(data) < size:
        raise EOFError
    return data


def _children() -> list[int]:
    """Return the children of this process; none where the system has no `/proc`."""
    own = str(os.getpid()).encode()
    found = []
    with contextlib.suppress(OSError):
        for name in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208 - no pathlib here
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stream:  # noqa: PTH123
                if stream.read().rpartition(b")")[2].split()[1:2] == [own]:
                    found.append(int(name))
    return found


def _end_children(report: Callable[[int, int, float], None]) -> set[int]:
    """Kill the children of this process and the orphans that follow them; return all of them."""
    killed: set[int] = set()
    deadline = time.monotonic() + _PATIENCE
    while _reap(report) and time.monotonic() < deadline:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        time.sleep(_TICK)
    return killed


def _reap(report: Callable[[int, int, float], None]) -> bool:
    """Reap and report what has ended; return whether there are other children."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return True
            report(pid, status, usage.ru_utime + usage.ru_stime)
    return False


def _clear(kind: str, name: str) -> None:
    """Kill a process, or remove a folder; either may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if kind == PROCESS:
            os.kill(int(name), signal.SIGKILL)
        else:
            import shutil  # 8 ms, needed only after a kill

            shutil.rmtree(name, ignore_errors=True)


if __name__ == "__main__":
    serve(socket.socket(fileno=0))
