"""Values: the request, the candidates, the decision, and the plan to start the chosen runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from abi_probe import Objection
from multirt.config import CliSettings, Configuration, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from abi_probe import Cause, JudgedWarning
    from multirt.environments import EnvironmentStore, InstallRequest
    from multirt.intervals import Ratio
    from multirt.program.model import EntryPoint, Program
    from multirt.selection.console_script import ConsoleScript
    from multirt.selection.installed import Packages
    from multirt.selection.virtualenv import VirtualEnvironment
    from runtimes import Discovery, Runtime, SearchOptions


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
        candidates: one for each runtime, those that fit first, then by rank.
        chosen: the best that fits; None when none does.
        environment: the virtual environment that the program lives in; None when there is none.
        roots: the folders of packages that count.
        wanted: what will be installed for the program; None for nothing.
        packages: what the folders hold for the program; None when there are none.
        discovery: what the search for runtimes gave.
        command: the console script to start; None for every other kind, and for a command that
            comes with what will be installed.
        notes: what the user should know of it.
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
    candidates: tuple[Candidate, ...]
    chosen: Candidate | None
    environment: VirtualEnvironment | None = None
    roots: tuple[Path, ...] = ()
    wanted: InstallRequest | None = None
    packages: Packages | None = None
    discovery: Discovery
    command: ConsoleScript | None = None
    notes: tuple[Note, ...] = ()
    read: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()
    usual: str | None = None
    providers: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[MeasuredTimes, ...] = ()
    passed_over: tuple[Decision, ...] = ()


class EvaluationContext(Struct, frozen=True, kw_only=True):
    """What is asked of every runtime.

    Attributes:
        program: what is to run.
        configuration: what is asked for, and by whom.
        packages: what the site roots hold; None when there are no site roots.
        venv_runtime: that of the active or nearest virtual environment; None when there is none.
        active: what `python3` or `python` on PATH starts; None when neither is there.
        will_install: packages will be installed for the program, so a missing one is no objection.
        hidden_modules: modules may come from folders that are not read (PYTHONPATH, a hook in a
            `.pth`, the base interpreter's packages), so one that is not found proves nothing.
        allowed: causes whose objections are overridden by hand.
        pythonhome: where PYTHONHOME makes a CPython look for its standard library; None where it is
            not set, or an option of the program's first line ignores it.
        stdlib: names that only a standard library brings, in whichever version.
    """

    program: Program
    configuration: Configuration
    packages: Packages | None = None
    venv_runtime: Runtime | None = None
    active: Runtime | None = None
    will_install: bool = False
    hidden_modules: bool = False
    allowed: frozenset[str] = frozenset()
    pythonhome: Path | None = None
    stdlib: frozenset[str] = frozenset()


class CompileError(Struct, frozen=True, kw_only=True):
    """Why a runtime cannot compile a file.

    Attributes:
        line: where; 0 when it does not say.
        text: what stands there, without white space around; empty when it is not known.
        message: that of the runtime; None when it cannot be read.
    """

    line: int
    text: str
    message: str | None


class CompileResult(Struct, frozen=True, kw_only=True):
    """What a runtime reports about a program's files and modules.

    Attributes:
        refused: files that it cannot compile.
        missing: names of its standard library that it does not have, `module` or `module:member`.
        mute: it has no way to answer.
        complete: every question has its answer.
    """

    refused: Mapping[Path, CompileError] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    mute: bool = False
    complete: bool = True


def objection(cause: Cause, path: Path | None = None, **facts: str | None) -> Objection:
    """Return an objection to a runtime for a program; `multirt.report.explanations` has its text.

    Args:
        cause: its kind.
        path: the file concerned; None when it concerns all of the program.
        facts: what it is about, by name; None for what is not known.
    """
    known = tuple((name, fact) for name, fact in facts.items() if fact is not None)
    return Objection(cause=cause, path=str(path) if path is not None else None, facts=known)


class OutdatedPin(Struct, frozen=True, kw_only=True):
    """A version that a requirement holds back, and that is older than the runtime.

    Attributes:
        name: of the distribution.
        version: what the runtime gets.
        uploaded: when that was.
        python: the runtime's version.
        released: when the first release of that version was.
        requirement: what holds it back.
    """

    name: str
    version: str | None
    uploaded: date
    python: tuple[int, int]
    released: date
    requirement: str


class Candidate(Struct, frozen=True, kw_only=True):
    """A runtime with every objection to it for a program.

    Attributes:
        runtime: the runtime.
        objections: every reason that rules it out; it fits when there is none.
        unverified: distributions of which only static checks are known, by name.
        warnings: what may go wrong with its distributions all the same.
        overruled: objections that the user allows.
        outdated: versions that are older than the runtime.
        rank: the total order of preference; the smallest is best.
        queried: the runtime itself was asked and answered, which happens in the order of rank.
    """

    runtime: Runtime
    objections: tuple[Objection, ...]
    unverified: tuple[str, ...]
    warnings: tuple[JudgedWarning, ...]
    overruled: tuple[Objection, ...] = ()
    outdated: tuple[OutdatedPin, ...] = ()
    rank: tuple[object, ...]
    queried: bool = False

    @property
    def accepted(self) -> bool:
        """Return whether the runtime fits."""
        return not self.objections


class MeasuredTimes(Struct, frozen=True, kw_only=True):
    """One runtime's times compared with those of the usual choice.

    Attributes:
        runtime: its id.
        seconds: median.
        usual_seconds: median of the usual choice in the same session.
        ratio: how many times as fast.
        at: when it was measured.
    """

    runtime: str
    seconds: float
    usual_seconds: float
    ratio: Ratio
    at: datetime

    def beats(self, margin: float) -> bool:
        """Return whether it is faster for certain, and by that much: 0.1 for 10 %."""
        return self.ratio.significant and self.ratio.estimate >= 1 + margin


class Measurements(Protocol):
    """Earlier measurements of programs on this machine, as `multirt.experiments` keeps them."""

    @property
    def path(self) -> Path:
        """Return the file, which need not exist."""

    def measured_times(
        self, program: Program, usual: str, allowed: Mapping[str, str]
    ) -> tuple[MeasuredTimes, ...]:
        """Return how runtimes compare with the usual one, the fastest first.

        Raises:
            MultirtError: the file is damaged or locked.
        """


class Plan(Struct, frozen=True, kw_only=True):
    """How to start a program.

    Attributes:
        runtime: the one that was chosen.
        executable: what to start: the runtime, or an environment of it.
        arguments: for it, the program first.
        environment: variables to set.
        stdin: what the program is to read from stdin; None to leave stdin alone.
        environments: the folders of ours that it starts in, or takes packages from.
        until: seconds since the epoch at which what is installed for it is resolved again;
            None for never.
    """

    runtime: Runtime
    executable: Path
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    stdin: bytes | None = None
    environments: tuple[Path, ...] = ()
    until: float | None = None
