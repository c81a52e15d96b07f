"""Make `python -m multirt` the same as `multirt`."""

from __future__ import annotations

import sys

from multirt.cli import main

sys.exit(main())
