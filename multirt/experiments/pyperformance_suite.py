"""Run pyperformance's benchmarks on several runtimes, by pyperformance itself."""

from __future__ import annotations

import math
import os
import re
import sys
import sysconfig
from enum import StrEnum
from pathlib import Path
from statistics import geometric_mean
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.environments import UvError, make_empty, python_of, run_uv
from multirt.errors import ErrorKind, MultirtError, UsageError
from multirt.experiments.trial import RunSpec, run_once
from multirt.intervals import Ratio, unpaired_ratio
from multirt.process.optional_packages import require
from runtimes.storage.trust import check_tree, make_folder
from runtimes.venvs import site_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from multirt.environments import EnvironmentStore
    from multirt.experiments.trial import RunOutcome
    from multirt.experiments.variants import Variant

_NAME = "pyperformance"
_INSTALLERS = ("pip", "setuptools", "wheel")  # as pyperformance installs them


class SuiteMode(StrEnum):
    """How long pyperformance takes for a benchmark, by its own options."""

    SINGLE = "single"  # one value: does it run at all
    FAST = "fast"
    NORMAL = "normal"
    RIGOROUS = "rigorous"


_OPTIONS = {
    SuiteMode.SINGLE: ("--debug-single-value",),
    SuiteMode.FAST: ("--fast",),
    SuiteMode.NORMAL: (),
    SuiteMode.RIGOROUS: ("--rigorous",),
}


class SuiteRun(Struct, frozen=True, kw_only=True):
    """The suite on one runtime.

    Attributes:
        id: the contender's.
        values: seconds of each benchmark that ran.
        document: pyperf's own JSON; empty when nothing ran.
        trouble: why some or all did not run; None when all did.
    """

    id: str
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    document: str = ""
    trouble: str | None = None

    def ratio_to(self, reference: SuiteRun, benchmark: str) -> Ratio | None:
        """Return how many times as fast as the reference; None where one of both did not run."""
        mine, theirs = self.values.get(benchmark), reference.values.get(benchmark)
        return unpaired_ratio(theirs, mine) if mine and theirs else None

    def mean_ratio(self, reference: SuiteRun) -> float | None:
        """Return the geometric mean of all ratios; None when there is none."""
        ratios = [self.ratio_to(reference, each) for each in self.values]
        known = [each.estimate for each in ratios if each is not None]
        return geometric_mean(known) if known else None


def chosen_benchmarks(text: str) -> str | None:
    """Read `pyperformance` or `pyperformance:name,...`; None for all of the suite.

    Raises:
        MultirtError: it is another suite, or pyperformance is not here.
    """
    suite, _, names = text.partition(":")
    if suite != _NAME:
        hint = "write --suite pyperformance, or --suite pyperformance:nbody,json_dumps"
        raise UsageError(f"no such suite: {suite!r}", hint, kind=ErrorKind.SUITE)
    require(_NAME, "the suite")
    return names or None


def run_suite(
    contenders: Sequence[Variant],
    names: str | None,
    pace: SuiteMode,
    store: EnvironmentStore,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[SuiteRun, ...]:
    """Run the suite on each contender; one on which it cannot be installed says why.

    Args:
        contenders: the reference first; their options for the interpreter are not passed on.
        names: of benchmarks, as pyperformance takes them; None for its default.
        pace: how long it may take.
        store: next to whose environments pyperformance keeps its own.
        say: is called with who runs now.

    Raises:
        MultirtError: the folder cannot be made.
    """
    folder = store.root / "pyperformance"
    try:
        make_folder(folder)
        check_tree(folder)
    except OSError as error:
        raise UsageError(
            f"cannot write {folder}: {error.strerror}", kind=ErrorKind.SUITE
        ) from error
    runs = []
    for contender in contenders:
        say(contender.id)
        try:
            _provide_pip(contender, folder, store)
        except MultirtError as error:
            runs.append(SuiteRun(id=contender.id, trouble=error.message))
        else:
            runs.append(_run(contender, names, pace, folder))
    return tuple(runs)


def _provide_pip(contender: Variant, folder: Path, store: EnvironmentStore) -> None:
    """Make pyperformance's environment where the runtime cannot install pip into one by itself.

    Debian takes `ensurepip` out of its runtimes; pyperformance would download pip from elsewhere
    than the package index.

    Raises:
        MultirtError: it cannot be made.
    """
    runtime = contender.runtime
    if "ensurepip" in runtime.stdlib:
        return
    query = [sys.executable, "-m", _NAME, "venv", "show", "-p", str(runtime.executable)]
    shown = _run_here(query, folder, dict(os.environ)).stdout.text
    named = re.search(r"environment path: (.+) \((?:not|already) created", shown)
    if named is None:
        message = f"{_NAME} does not say where the environment of {runtime.id} belongs"
        raise UsageError(message, kind=ErrorKind.SUITE)
    home = Path(named[1])
    if any((root / "pip").is_dir() for root in site_folders(home)):
        return
    make_empty(runtime, home, store.root / "virtualenv" / runtime.id)
    try:
        run_uv(store, ["pip", "install", "--python", str(python_of(home)), *_INSTALLERS])
    except UvError as error:
        message = f"cannot install pip for {runtime.id}: {str(error).splitlines()[-1]}"
        raise UsageError(message, kind=ErrorKind.SUITE) from error


def _run(contender: Variant, names: str | None, pace: SuiteMode, folder: Path) -> SuiteRun:
    """Run the suite on one contender."""
    environment = contender.environment(os.environ, None)
    profile = contender.profile
    if profile is not None and (profile.options or profile.requirement):
        return SuiteRun(id=contender.id, trouble=f"the suite cannot be started as +{profile.name}")
    if environment.get("PYTHON_GIL") == "0" and not _supports_gil_off():
        why = "pyperformance itself cannot be started with PYTHON_GIL=0 on multirt's own Python"
        return SuiteRun(id=contender.id, trouble=why)
    output = folder / f"{contender.id.replace('/', '_')}.json"
    output.unlink(missing_ok=True)
    arguments = _command(contender, environment, names, (*_OPTIONS[pace], "-o", str(output)))
    outcome = _run_here(arguments, folder, environment)
    values, document = _read(output)
    trouble = None if outcome.exit_code == 0 else _last_line(outcome)
    return SuiteRun(id=contender.id, values=values, document=document, trouble=trouble)


def _run_here(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> RunOutcome:
    """Run pyperformance, which takes its time, in the folder with its environments."""
    return run_once(
        RunSpec(
            command=tuple(command),
            environment=environment,
            folder=folder,
            workdir=folder,
            input=None,
            seconds=math.inf,
            substitutions=(),
        )
    )


def _command(
    contender: Variant,
    environment: Mapping[str, str],
    names: str | None,
    options: Sequence[str],
) -> tuple[str, ...]:
    """Return how pyperformance is started; it hands on only the variables that are named."""
    passed = [name for name in environment if os.environ.get(name) != environment[name]]
    arguments = [
        sys.executable,
        "-m",
        _NAME,
        "run",
        "-p",
        str(contender.runtime.executable),
        *options,
    ]
    arguments += ["--benchmarks", names] if names is not None else []
    arguments += ["--inherit-environ", ",".join(passed)] if passed else []
    return tuple(arguments)


def _supports_gil_off() -> bool:
    """Whether this interpreter starts with PYTHON_GIL=0; one before 3.13 does not look at it."""
    return sys.version_info < (3, 13) or bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _read(output: Path) -> tuple[dict[str, tuple[float, ...]], str]:
    """Return what pyperformance wrote, benchmark by benchmark."""
    from pyperf import BenchmarkSuite

    if not output.is_file():
        return {}, ""
    document = output.read_text(encoding="utf-8", errors="replace")
    try:
        suite = BenchmarkSuite.loads(document)
    except (ValueError, KeyError, TypeError):  # cut short: the disk is full
        return {}, ""
    return {each.get_name(): tuple(each.get_values()) for each in suite}, document


def _last_line(outcome: RunOutcome) -> str:
    """Return the last line that names an error, else how it ended."""
    printed = f"{outcome.stdout.text}\n{outcome.stderr.text}"
    lines = [line.strip() for line in printed.splitlines() if "error" in line.lower()]
    return lines[-1][:200] if lines else outcome.ending
