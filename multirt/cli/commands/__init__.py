"""The subcommands: each makes a request, asks the library, and renders the answer."""

from __future__ import annotations

# In the order of `multirt --help`; each is a module here, imported only when it is asked for.
COMMANDS = (
    "run",
    "explain",
    "list",
    "find",
    "probe",
    "compare",
    "bench",
    "canary",
    "matrix",
    "doctor",
    "cache",
    "env",
    "lock",
    "shebang",
)

# Of these, all that follows the program is the program's.
TAKE_PROGRAMS = frozenset({"run", "explain", "compare"})

# Where a program is only looked at, these are multirt's after it too.
ANYWHERE = frozenset({"--json", "--verbose", "-v"})
