"""Start multirt itself untouched by the variables that are meant for the user's own programs.

`PYTHONPATH` with a `json.py` would break it, `PYTHONINSPECT` would keep it waiting. The programs
that it starts get every variable unchanged.
"""

from __future__ import annotations

import os
import sys

_HELD = "MULTIRT_HELD"  # how it says that it keeps interrupts waiting
_HIDDEN = "MULTIRT_HIDDEN_"  # how the native launcher renames them, before any Python starts
_HARMFUL = ("CASEOK", "DEVMODE", "INSPECT", "IOENCODING", "PATH", "VERBOSE", "WARNINGS")


def end_by_interrupts() -> None:
    """Let an interrupt end this process without a word, also one that came while Python started.

    Python's own handler would end imports in a traceback; `multirt.cli.main` puts it back.
    """
    import signal  # could be another module of that name before `isolate`

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if os.environ.pop(_HELD, None) is not None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def isolate() -> None:
    """Continue without Python's variables; restart this process where Python obeyed them."""
    hidden = [name for name in os.environ if name.startswith(_HIDDEN)]
    for name in hidden:
        os.environ[name.removeprefix(_HIDDEN)] = os.environ.pop(name)
    if not hidden and not sys.flags.ignore_environment and _is_harmed() and os.name == "posix":
        # -E and -P, not -I: it may be installed for this user alone. The file, not -m: it may be
        # installed nowhere, and then `PYTHONPATH` or the current folder lends it.
        main = sys.modules["multirt"].__path__[0] + "/__main__.py"
        argv = [sys.executable, "-E", "-P", os.path.abspath(main), *sys.argv[1:]]  # noqa: PTH100 - early
        os.execv(sys.executable, argv)  # noqa: S606 - this very command, and no shell


def _is_harmed() -> bool:
    return any(os.environ.get(f"PYTHON{name}") for name in _HARMFUL)
