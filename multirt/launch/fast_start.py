"""Start by a plan, or become the Python command: what `launcher/multirt.sh` runs.

`python -I -S fast_start.py COMMAND ARGUMENT...`; without a C compiler this stands for the native
launcher. It imports next to nothing, for it is on the way of every start.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` itself takes 2 ms
import posix
import sys


def main() -> None:
    """Become the program of a plan, or else the command that the first argument names."""
    # An interrupt ends this process without a traceback.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    command = sys.argv.pop(1)
    sys.path.append(__file__.rsplit("/", 3)[0])  # `-S` leaves out the folder of packages
    from multirt.launch.plan_reader import start_planned

    start_planned(sys.argv[1:])
    environ = {_hidden(name): value for name, value in posix.environ.items()}
    # The command takes interrupts again when it is ready: Python's start would end in a traceback.
    if not _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGINT]):
        environ[b"MULTIRT_HELD"] = b"1"
    posix.execve(command, [command, *sys.argv[1:]], environ)


def _hidden(name: bytes) -> bytes:
    """Return the name under which a variable passes; `multirt.launch.isolation` puts it back."""
    python = name.startswith((b"PYTHON", b"__PYVENV_"))
    return b"MULTIRT_HIDDEN_" + name if python else name


if __name__ == "__main__":
    main()
