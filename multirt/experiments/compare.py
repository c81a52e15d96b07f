"""Run one program on every contender, and part them into groups that agree."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.errors import MultirtError
from multirt.experiments.grouping import group_outcomes
from multirt.experiments.normalization import substitutions
from multirt.experiments.trial import Start, run_once
from multirt.experiments.workdir import changes, make_copy, moved, snapshot
from multirt.process.cleanup import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from multirt.experiments.grouping import Group
    from multirt.experiments.normalization import Rule
    from multirt.experiments.trial import Outcome
    from multirt.experiments.variants import Contender, Field

# What a program says that wanted somebody at a keyboard.
_WANTS_INPUT = re.compile(r"EOFError|EOF when reading|Inappropriate ioctl|not a (?:tty|terminal)")


class Conditions(Struct, frozen=True, kw_only=True):
    """What is the same for every contender.

    Attributes:
        env: the user's environment.
        folder: where to start.
        copy: a folder of which each gets a copy; None when all share `folder`.
        files: what they change in their copies counts too.
        input: a file for the standard input; None for an empty one.
        seconds: the time limit of each run.
        seed: `PYTHONHASHSEED`; None leaves it to the environment.
        rules: what may differ.
    """

    env: Mapping[str, str]
    folder: Path
    copy: Path | None = None
    files: bool = False
    input: Path | None = None
    seconds: float = 60.0
    seed: str | None = "0"
    rules: tuple[Rule, ...] = ()


class Comparison(Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        field: who took part, and who did not and why.
        outcomes: of each contender by its id, the reference first.
        groups: those that agree, that of the reference first.
        rules: what may differ.
    """

    field: Field
    outcomes: tuple[tuple[str, Outcome], ...]
    groups: tuple[Group, ...]
    rules: tuple[Rule, ...]

    @property
    def agree(self) -> bool:
        """Whether all agree; runs that were cut short show nothing."""
        ended = all(
            each.exit_code is not None or each.refused is not None for _, each in self.outcomes
        )
        return ended and len(self.groups) == 1

    @property
    def remark(self) -> str | None:
        """What to know beside the groups; None when there is nothing."""
        outcomes = [outcome for _, outcome in self.outcomes]
        if any(_WANTS_INPUT.search(each.stderr.text) for each in outcomes):
            return "it wants input or a terminal and got neither: give it a file with --input"
        if all(each.exit_code is None and each.refused is None for each in outcomes):
            return "it ends on none in time: a longer --timeout, or less work, may show more"
        if all(each.exit_code != 0 for each in outcomes):
            return f"it fails everywhere: {outcomes[0].ending}"
        if len(outcomes) == 1:
            return "only one runtime takes part: nothing was compared"
        return None


def compare(
    field: Field, conditions: Conditions, say: Callable[[str], None] = lambda _: None
) -> Comparison:
    """Run every contender, one after the other.

    Args:
        field: who takes part.
        conditions: the same for all.
        say: is told who runs now.

    Raises:
        MultirtError: a folder or file is not there.
    """
    outcomes = []
    for contender in field.contenders:
        say(contender.id)
        outcomes.append((contender.id, run_contender(contender, conditions)))
    return Comparison(
        field=field,
        outcomes=tuple(outcomes),
        groups=group_outcomes(outcomes),
        rules=conditions.rules,
    )


def run_contender(contender: Contender, conditions: Conditions) -> Outcome:
    """Run one contender once under the conditions.

    Raises:
        MultirtError: a folder or file is not there.
    """
    with prepared(contender, conditions) as start:
        if not conditions.files:
            return run_once(start)
        room = start.room
        before = snapshot(room)
        outcome = run_once(start)
        return replace(outcome, files=changes(room, before, start.substitutions))


@contextmanager
def prepared(contender: Contender, conditions: Conditions) -> Iterator[Start]:
    """Give the start of a contender, in a working copy that lasts as long."""
    if conditions.copy is None:
        if conditions.files:
            hint = "--copy . gives each runtime a copy of this folder"
            raise MultirtError("usage", "--files compares working copies: name a folder", hint)
        yield _start(contender, conditions, conditions.folder, contender.command)
        return
    origins = (Path(os.path.abspath(conditions.copy)), conditions.copy.resolve())  # noqa: PTH100 - a link stays what it is called
    with temporary_folder() as room:
        place = room.resolve() / "copy"
        make_copy(origins, place)
        folder = Path(moved(str(conditions.folder), origins, place))
        command = (
            *contender.interpreter,
            *(moved(word, origins, place) for word in contender.plan.arguments),
        )
        inside = folder != conditions.folder
        yield _start(contender, conditions, folder if inside else place, command, place)


def _start(
    contender: Contender,
    conditions: Conditions,
    folder: Path,
    command: Sequence[str],
    room: Path | None = None,
) -> Start:
    """Return how a contender starts in a folder."""
    home = contender.plan.executable.parent.parent
    places = [(contender.plan.executable, "<python>")]
    if (home / "pyvenv.cfg").is_file():
        places.append((home, "<prefix>"))
    if room is not None:
        places.append((room, "<copy>"))
    return Start(
        command=tuple(command),
        environment=contender.environment(conditions.env, conditions.seed),
        folder=folder,
        room=room or folder,
        input=conditions.input,
        seconds=conditions.seconds,
        substitutions=substitutions(conditions.rules, contender.runtime, places),
    )
