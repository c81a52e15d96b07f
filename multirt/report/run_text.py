"""A plan as the line of a shell that would do the same."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multirt.selection.model import Plan


def plan_text(plan: Plan) -> str:
    """Return the line that starts the same."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in plan.environment]
    return " ".join([*variables, shlex.join([str(plan.executable), *plan.arguments])])
