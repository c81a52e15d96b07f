"""The request to run a program, and the decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.config import CliSettings, Configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from multirt.environments import EnvironmentStore, InstallRequest
    from multirt.program.model import EntryPoint, Program
    from multirt.selection.console_script import ConsoleScript
    from multirt.selection.installed import Packages
    from multirt.selection.model import MeasuredTimes, Measurements, Verdict
    from multirt.selection.virtualenv import VirtualEnvironment
    from runtimes import Discovery, SearchOptions


class Request(Struct, frozen=True, kw_only=True):
    """A program to run, and how to choose its runtime.

    Attributes:
        entry: what it is.
        search: where runtimes are looked for; its environment and folders serve for the rest.
        cache_dir: where everything is kept that can be made again.
        cli_settings: what the command line asks for besides.
        user_config: the user's own settings, which need not be there; None for none.
        stdin: the program that came on stdin; None for every other kind.
        store: opens the store of environments, when something is to be installed; None for
            the usual one in `cache_dir`.
        history: opens the earlier measurements; None to choose without them.
        evaluate_all: query every runtime about the program, and resolve packages for each; else
            only for the best, until one fits.
    """

    entry: EntryPoint
    search: SearchOptions
    cache_dir: Path
    cli_settings: CliSettings = field(default_factory=CliSettings)
    user_config: Path | None = None
    stdin: bytes | None = None
    store: Callable[[], EnvironmentStore] | None = None
    history: Callable[[], Measurements] | None = None
    evaluate_all: bool = False

    @property
    def cwd(self) -> Path:
        """The folder of the start."""
        return self.search.cwd or Path.cwd()

    def stored(self) -> EnvironmentStore:
        """Return where environments are kept."""
        if self.store is not None:
            return self.store()
        from multirt.environments import (
            EnvironmentStore,  # 30 ms, where something is to be installed
        )

        return EnvironmentStore(self.cache_dir, self.search.env)


class Decision(Struct, frozen=True, kw_only=True):
    """The choice, and what it depends on.

    Attributes:
        program: what is to run.
        configuration: what was asked for, and by whom.
        verdicts: one for each runtime, those that fit first, then by rank.
        chosen: the best that fits; None when none does.
        environment: the virtual environment that the program lives in; None when there is none.
        roots: the folders of packages that count.
        wanted: what will be installed for the program; None for nothing.
        packages: what the folders hold for the program; None when there are none.
        discovery: what the search for runtimes gave.
        command: the console script to start; None for every other kind, and for a command that
            comes with what will be installed.
        notes: messages for the user, one line each.
        read: files and folders that it depends on, in addition to those of runtimes.
        absent: paths at which a file would have counted.
        variables: names of environment variables that count, set or not.
        usual: the id of the choice without the history; None when that was not asked.
        providers: the distribution that brings a module which is not installed for the program,
            where something here names it; filled when the request evaluates all.
        evidence: how the others compare with it in the history, the fastest first.
        passed_over: decisions for the environments named before, in which nothing fits.
    """

    program: Program
    configuration: Configuration = field(default_factory=Configuration)
    verdicts: tuple[Verdict, ...]
    chosen: Verdict | None
    environment: VirtualEnvironment | None = None
    roots: tuple[Path, ...] = ()
    wanted: InstallRequest | None = None
    packages: Packages | None = None
    discovery: Discovery
    command: ConsoleScript | None = None
    notes: tuple[str, ...] = ()
    read: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()
    usual: str | None = None
    providers: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[MeasuredTimes, ...] = ()
    passed_over: tuple[Decision, ...] = ()
