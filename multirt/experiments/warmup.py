"""See how a program gets faster in one process: just-in-time compilers need a while."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.experiments.bench_model import Curve
from multirt.experiments.compare import Conditions, prepared
from multirt.experiments.trial import Outcome, run_once
from multirt.process.cleanup import temporary_folder

if TYPE_CHECKING:
    from multirt.experiments.variants import Contender

ROUNDS = 20
_LIMIT = 10.0  # seconds after which no further round begins, but for the third


def warm_up(contender: Contender, conditions: Conditions) -> Curve:
    """Run a contender's script again and again in one process.

    Its functions stay the same objects, so a compiler finds them again; modules stay imported. A
    program that cannot be run twice in one process gives the rounds that went well.
    """
    with temporary_folder() as room:
        answer, driver = room / "times", room / "driver.py"
        script = resources.files("multirt.experiments") / "warmup_driver.py.txt"
        driver.write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
        with prepared(contender, conditions) as start:
            skipped = len(contender.interpreter)
            command = (
                *contender.interpreter,
                *(str(driver), str(answer), str(_LIMIT), str(ROUNDS)),
                *start.command[skipped:],
            )
            seconds = conditions.seconds * 3 + _LIMIT
            outcome = run_once(replace(start, command=command, seconds=seconds))
        lines = answer.read_text(encoding="utf-8").split() if answer.exists() else []
    times = tuple(float(line) for line in lines)
    return Curve(seconds=times, trouble=_trouble(outcome))


def _trouble(outcome: Outcome) -> str | None:
    """Say why the rounds ended."""
    if outcome.exit_code == 0:
        return None
    said = outcome.stderr.text.strip().splitlines()
    return f"{outcome.ending}{': ' + said[-1] if said else ''}"
