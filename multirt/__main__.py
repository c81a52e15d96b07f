"""Make `python -m multirt` the same as `multirt`."""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - early
if not sys.flags.safe_path and sys.path[0] != _HERE:
    del sys.path[0]  # the folder where it happens to start must not lend it modules
if _HERE not in sys.path:  # not installed: its dependencies may be where `-E` does not look
    sys.path += [_HERE, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]

if os.name == "posix":
    from multirt.launch.plan_reader import start_planned

    start_planned(sys.argv[1:])

from multirt.cli import main  # noqa: E402 - not before the folder is gone

sys.exit(main())
