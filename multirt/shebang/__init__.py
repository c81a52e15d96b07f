"""The first lines of scripts: what they say, and how to make them start through multirt."""

from __future__ import annotations

from multirt.shebang.files import scripts_in
from multirt.shebang.line import Line, read_line
from multirt.shebang.rewriting import Change, put, take_back

__all__ = ["Change", "Line", "put", "read_line", "scripts_in", "take_back"]
