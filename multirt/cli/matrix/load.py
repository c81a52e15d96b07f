"""Open a project's matrix: its configuration, its cells, and what it takes to test them."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.cli.context import cache_dir, search
from multirt.cli.paths import project_folder
from multirt.config.project_files import read_project
from multirt.errors import ExitCode, MultirtError
from multirt.matrix.cells import Pick, pick, spread
from multirt.matrix.config import read_config
from multirt.matrix.model import Missing
from multirt.matrix.remembered import place_of
from multirt.matrix.report import is_failure
from multirt.report.matrix import read_document
from runtimes import discover, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from multirt.matrix.cells import Cells
    from multirt.matrix.model import Cell, Config
    from multirt.matrix.remote import Far
    from multirt.matrix.runner import Engine
    from multirt.matrix.session import Options, View
    from runtimes import Runtime

_LAST = "last.json"


class Asked(Struct, frozen=True, kw_only=True):
    """Which matrix is meant, and which part of it.

    Attributes:
        project: its folder; None for the nearest.
        pick: the cells that are meant.
        missing: in place of what is configured; None to keep it.
        last_failed: only the cells that failed last time.
        fresh: nothing that is there counts.
        far: the cluster whose runtimes are meant; None for this machine's.
    """

    project: Path | None
    pick: Pick
    missing: str | None = None
    last_failed: bool = False
    fresh: bool = False
    far: Far | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is asked for in words that a run is remembered by: names of cells."""
        other = self.pick.axes or self.pick.keywords or self.missing
        return not (other or self.last_failed or self.far)


class Opened(Struct, frozen=True, kw_only=True):
    """A matrix that was read.

    Attributes:
        config: what is configured.
        cells: all of it.
        meant: the cells that are meant.
        here: the runtimes of this machine, those of the matrix first, each kind best first.
        state: the project's folder in the cache.
        fresh: nothing that is there counts.
        far: where the cells are tested; None for this machine.
        since: when the first of it was read, in ns since the epoch.
        noticed: the paths on which it depends which runtimes there are.
        again: where a run is remembered that is asked for in the same words; None where it is not.
    """

    config: Config
    cells: Cells
    meant: tuple[Cell, ...]
    here: tuple[Runtime, ...]
    state: Path
    fresh: bool
    far: Far | None = None
    since: int = 0
    noticed: tuple[str, ...] = ()
    again: Path | None = None

    @property
    def last(self) -> Path:
        """Where the report of the last run is."""
        return self.state / _LAST

    @property
    def title(self) -> str:
        """What reports call the project."""
        return self.config.name or self.config.root.name


def open_matrix(asked: Asked) -> Opened:
    """Read a project's configuration, and spread it over the runtimes of the machine.

    Raises:
        MultirtError: something of it means nothing, or no cell is meant.
    """
    since, noticed = time.time_ns(), list[str]()
    project = read_project(asked.project or Path.cwd())
    config = read_config(project)
    if asked.missing is not None:
        if asked.missing not in set(Missing):
            hint = "write --missing error or --missing skip"
            raise MultirtError("usage", f"--missing cannot be {asked.missing!r}", hint)
        config = replace(config, missing=Missing(asked.missing))
    here = asked.far.here if asked.far is not None else _runtimes(config, noticed.append)
    cells = spread(config, asked.far.runtimes if asked.far is not None else here)
    state = project_folder(cache_dir(), config.root)
    wanted = asked.pick
    if asked.last_failed:
        there = frozenset(cell.name for cell in cells.cells)
        wanted = replace(wanted, names=_failed_last(state / _LAST, there))
    meant = pick(cells.cells, wanted, config, cells.excluded)
    if wanted.names:  # who names cells asks nothing of what is none
        cells = replace(cells, excluded=())
    if not meant:
        hint = "`multirt matrix list` shows all of it"
        message = "no cell of the matrix is meant"
        raise MultirtError("nothing", message, hint, ExitCode.NOTHING_RAN)
    return Opened(
        config=config,
        cells=cells,
        meant=meant,
        here=_in_order(here, cells),
        state=state,
        fresh=asked.fresh,
        far=asked.far,
        since=since,
        noticed=tuple(noticed),
        again=place_of(state, wanted.names, os.environ) if asked.is_plain else None,
    )


def _in_order(here: Sequence[Runtime], cells: Cells) -> tuple[Runtime, ...]:
    """Return runtimes, the best first, those of the matrix before the others."""
    used = {cell.runtime.id for cell in cells.cells if cell.runtime is not None}
    return tuple(sorted(here, key=lambda each: (each.id not in used, *rank(each))))


def _runtimes(config: Config, notice: Callable[[str], object]) -> tuple[Runtime, ...]:
    """Return the runtimes of this machine, with those that the configuration names by a path."""
    looked = replace(search(), notice=notice)
    jobs = (config.matrix, *config.tasks.values())
    specs = [spec for job in jobs for spec in job.runtimes or ()]
    specs += [config.build_runtime] if config.build_runtime is not None else []
    found = discover(looked).runtimes
    if all(spec.path is None for spec in specs):
        return found
    from multirt.selection.explicit_paths import (  # 60 ms, for a runtime that is named by its path
        with_named,
    )

    return with_named(found, specs, looked)


@contextlib.contextmanager
def joined(address: str) -> Iterator[Far]:
    """Give the cluster at an address, with the runtimes that its workers offer.

    Raises:
        MultirtError: nothing answers there, or no worker offers a runtime.
    """
    from multirt.cli.matrix import worker as working
    from multirt.distributed import join
    from multirt.matrix.remote import Far, ask_offers

    with join(address) as cluster:
        offers = ask_offers(cluster, working)
        here = discover(search()).runtimes
        yield Far(cluster=cluster, door=working, offers=offers, here=here)


def _failed_last(path: Path, there: Collection[str]) -> tuple[str, ...]:
    """Return the names of the cells that failed in the last run, and that still are there.

    Raises:
        MultirtError: there is none.
    """
    if not path.exists():
        raise _nothing("this project was not tested before")
    failed = [row.name for row in read_document(path).rows if is_failure(row)]
    names = tuple(name for name in failed if name in there)
    if not failed:
        raise _nothing("nothing failed last time")
    if not names:
        raise _nothing(f"{', '.join(failed)} failed last time, and is not in the matrix any more")
    return names


def _took(path: Path) -> dict[str, float]:
    """Return the seconds that the commands of each cell took in the last run, where known."""
    try:
        return {row.name: row.seconds for row in read_document(path).rows if row.seconds}
    except MultirtError:
        return {}


def _nothing(message: str) -> MultirtError:
    return MultirtError(
        "nothing", message, "`multirt matrix` tests all of it", ExitCode.NOTHING_RAN
    )


@contextlib.contextmanager
def engine(opened: Opened, options: Options, view: View) -> Iterator[Engine]:
    """Give what tests the cells, with a folder of its own for as long as it does."""
    # 100 ms, which who only wants to know the cells does without
    from multirt.environments import Store
    from multirt.matrix.install import Installer
    from multirt.matrix.processes import Processes
    from multirt.matrix.run_directory import room
    from multirt.matrix.runner import Engine
    from multirt.matrix.wheels import Workshop

    config, state = opened.config, opened.state
    env = dict(os.environ)
    store = Store(cache_dir(), env, refresh=opened.fresh)
    with room(state, view.say) as folder:
        yield Engine(
            config=config,
            options=options,
            view=view,
            workshop=Workshop(
                root=config.root, state=state, store=store, say=view.say, fresh=opened.fresh
            ),
            installer=Installer(
                root=config.root,
                name=config.name,
                store=store,
                build_deps=config.build_deps,
                fresh=opened.fresh,
            ),
            here=opened.here,
            room=folder,
            processes=Processes(),
            env=env,
            far=opened.far,
            took=_took(opened.last),
        )
