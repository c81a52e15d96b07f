"""Run a matrix once more where nothing changed: what `multirt matrix` is asked most of the time.

Nothing is planned, so nothing is imported that plans.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.cli.context import cache_dir
from multirt.cli.paths import project_folder
from multirt.config.posargs import takes_posargs
from multirt.config.project_files import root_of
from multirt.matrix.remembered import is_of_others, place_of, recalled, state_of_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multirt.matrix.remembered import Remembered
    from multirt.matrix.run_cell import Runner
    from multirt.matrix.session import View

_FLAGS = {
    "-x": "fail_fast",
    "--fail-fast": "fail_fast",
    "--live": "live",
    "-q": "quiet",
    "--quiet": "quiet",
}
_VALUED = {
    "-e": "names",
    "--env": "names",
    "-j": "jobs",
    "--jobs": "jobs",
    "--project": "project",
    "--report": "reports",
}


class Asked(Struct, kw_only=True):
    """What `multirt matrix` is asked in plain words.

    Attributes:
        names: of cells.
        project: its folder; None for the nearest.
        jobs: cells at a time; None for as many as there are processors.
        fail_fast, live, quiet: the options of these names.
        posargs: the words after `--`.
        reports: `KIND=FILE` for each that is asked for.
    """

    names: tuple[str, ...] = ()
    project: Path | None = None
    jobs: int | None = None
    fail_fast: bool = False
    live: bool = False
    quiet: bool = False
    posargs: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()


def plain_words(words: list[str]) -> Asked | None:
    """Return what is asked when only cells, flags and the number of jobs are named.

    None for all other words, which typer reads.
    """
    asked = Asked()
    if "--" in words:
        place = words.index("--")
        asked.posargs, words = tuple(words[place + 1 :]), words[:place]
    waiting = iter(words[1:] if words[:1] == ["run"] else words)
    for word in waiting:
        name, _, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if word in _FLAGS:
            setattr(asked, _FLAGS[word], True)
        elif name in _VALUED:
            if not value and (value := next(waiting, "")) == "":
                return None
            if not _set(asked, _VALUED[name], value):
                return None
        elif word.startswith("-") or word.isalpha():  # an option of others, perhaps a command
            return None
        else:
            asked.names = (*asked.names, word)
    return asked


def _set(asked: Asked, field: str, value: str) -> bool:
    """Take the value of an option; return whether it can be one."""
    if field == "jobs":
        asked.jobs = int(value) if value.isdecimal() else 0
        return asked.jobs > 0
    if field == "project":
        asked.project = Path(value)
    elif field == "reports":
        asked.reports = (*asked.reports, value)
    else:
        asked.names = (*asked.names, value)
    return True


def rerun(asked: Asked) -> int | None:
    """Run again what was planned before; return the exit code, None where a plan is to be made."""
    root = root_of(asked.project or Path.cwd())
    if root is None:
        return None
    state = project_folder(cache_dir(), root)
    place = place_of(state, asked.names, os.environ)
    if not place.is_file():
        return None
    sources = state_of_sources(root, state)
    with recalled(place, sources) as remembered:
        if remembered is None and is_of_others(place, sources):
            from multirt.matrix import speculative_build as ahead

            ahead.begin(root, state, sources, os.environ)
        if remembered is None or not _takes(remembered, asked.posargs):
            return None
        from multirt.matrix.replay import Again

        reports = _places(asked.reports)
        with _runner(asked, remembered, state) as runner:
            done = Again(remembered, runner).run(_import_rest)
    if done is None:
        return None
    from multirt.cli.matrix.write_reports import hand_out
    from multirt.report.matrix import write

    project = ("--project", str(asked.project)) if asked.project is not None else ()
    report = replace(done, posargs=asked.posargs, arguments=project)
    write(report, "json", state / "last.json")
    return hand_out(report, reports, state=state)


def _places(reports: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Return the kind and the file of each report that is asked for.

    Raises:
        MultirtError: there can be none.
    """
    if not reports:
        return []
    from multirt.report.matrix import check_place, wanted  # 15 ms, for who asks

    return [(kind, check_place(file)) for kind, file in map(wanted, reports)]


def _takes(remembered: Remembered, posargs: tuple[str, ...]) -> bool:
    """Whether some command takes the words after `--`."""
    commands = (command for each in remembered.ready for command in each.commands)
    return not posargs or any(map(takes_posargs, commands))


@contextmanager
def _runner(asked: Asked, remembered: Remembered, state: Path) -> Iterator[Runner]:
    """Give what runs the commands, with a folder of its own for as long as it does."""
    from multirt.matrix.processes import Processes
    from multirt.matrix.run_cell import Runner
    from multirt.matrix.run_directory import room
    from multirt.matrix.scheduler import processors
    from multirt.matrix.session import Options
    from multirt.process.signals import interruptible

    interruptible()
    with _view(asked, remembered.total) as view, room(state, view.say) as folder:
        yield Runner(
            root=remembered.root,
            state=state,
            room=folder,
            env=dict(os.environ),
            options=Options(
                jobs=asked.jobs or processors(),
                fail_fast=asked.fail_fast,
                posargs=asked.posargs,
            ),
            processes=Processes(),
            view=view,
        )


@contextmanager
def _view(asked: Asked, total: int) -> Iterator[View]:
    if asked.quiet:
        from multirt.matrix.session import Quiet

        yield Quiet()
        return
    from multirt.report.matrix_progress import watching

    with watching(total, live=asked.live) as view:
        yield view


def _import_rest() -> None:
    """Import what is needed once the tests are done, while they run: it takes 40 ms."""
    import multirt.cli.matrix.write_reports
    import multirt.matrix.junit_reader  # noqa: F401 - for later
