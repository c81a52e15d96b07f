"""Make `python -m multirt` the same as `multirt`."""

from __future__ import annotations

import os
import sys

if os.name == "posix":
    from multirt.plans.reader import start_planned

    start_planned(sys.argv[1:])

from multirt.cli import main

sys.exit(main())
