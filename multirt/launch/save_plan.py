"""Write down how a program was started, so that the next start need not decide."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.launch.plan_key import ask
from multirt.launch.plan_writer import StartBy, UnsureError, write_plan
from multirt.process.debug_log import debug

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from multirt.launch.plan_writer import Grounds
    from multirt.selection.model import Plan


def remember(
    command_line: Sequence[str], planned: Plan, remark: str | None, rests_on: Callable[[], Grounds]
) -> None:
    """Write the plan of a command line, where there can be one.

    Args:
        command_line: all arguments of this process.
        planned: how the program is started, without its own arguments.
        remark: a line for people; None when there is nothing to say.
        rests_on: gives what the decision rests on.
    """
    question = ask([*map(os.fsencode, command_line)], os.fsencode(Path.cwd()), os.environb)
    if question is None:
        return
    start = StartBy(
        executable=str(planned.executable),
        arguments=planned.arguments,
        environment=planned.environment,
        remark=remark,
    )
    try:
        path = write_plan(question, rests_on(), start)
    except UnsureError as error:
        debug(f"no plan is written: {error}")
    else:
        debug(f"wrote plan {path}")
