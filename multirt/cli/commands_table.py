"""The subcommands: each makes a request, asks the library, and renders the answer."""

from __future__ import annotations

# In the order of `multirt --help`, with what that says of each in a line, so that it need import
# none: each is a module here, imported only when it is asked for.
COMMANDS = {
    "run": "Start a program on a runtime that can run it.",
    "tool": "Run a tool from an index, on a runtime that has wheels for it.",
    "explain": "Say which runtime that is, and what is against the others.",
    "list": "List every Python runtime of this machine.",
    "find": "Print the path of the best runtime that fits.",
    "probe": "Say on which runtimes a binary works, where not, and why.",
    "compare": "Run a program on every runtime that fits; say which agree.",
    "bench": "Measure a program on several runtimes.",
    "canary": "Show what canaries have shown; forget a trial.",
    "matrix": "Test one built wheel on every runtime.",
    "doctor": "Say what is skipped, slow, double or in disagreement.",
    "cache": "What multirt remembers, and can find out again.",
    "env": "The environments that hold what programs require.",
    "lock": "Lock what a script requires, for every start of it.",
    "shebang": "Make scripts start through multirt by their first line.",
}

# Of these, all that follows the program is the program's.
TAKE_PROGRAMS = frozenset({"run", "tool", "explain", "compare"})

# Where a program is only looked at, these are multirt's after it too.
ANYWHERE = frozenset({"--json", "--verbose", "-v"})
