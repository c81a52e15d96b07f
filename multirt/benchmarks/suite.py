"""Run pyperformance's benchmarks on several runtimes, by pyperformance itself."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import geometric_mean
from typing import TYPE_CHECKING

from multirt.errors import MultirtError
from multirt.intervals import Ratio, unpaired_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from multirt.contenders import Contender

_NAME = "pyperformance"


class Pace(StrEnum):
    """How long pyperformance takes for a benchmark, by its own options."""

    SINGLE = "single"  # one value: does it run at all
    FAST = "fast"
    NORMAL = "normal"
    RIGOROUS = "rigorous"


_OPTIONS = {
    Pace.SINGLE: ("--debug-single-value",),
    Pace.FAST: ("--fast",),
    Pace.NORMAL: (),
    Pace.RIGOROUS: ("--rigorous",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteRun:
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
        raise MultirtError("suite", f"no such suite: {suite!r}", hint)
    if importlib.util.find_spec(_NAME) is None:
        hint = "pip install 'multirt[suite]', into the environment of multirt"
        raise MultirtError("extra", "the suite needs pyperformance, which is not installed", hint)
    return names or None


def run_suite(
    contenders: Sequence[Contender],
    names: str | None,
    pace: Pace,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[SuiteRun, ...]:
    """Run the suite on each contender; one on which it cannot be installed says why.

    Args:
        contenders: the reference first; their options for the interpreter are not passed on.
        names: of benchmarks, as pyperformance takes them; None for its default.
        pace: how long it may take.
        folder: where pyperformance keeps its environments; made when it is not there.
        say: is told who runs now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runs = []
    for contender in contenders:
        say(contender.id)
        runs.append(_run(contender, names, pace, folder))
    return tuple(runs)


def _run(contender: Contender, names: str | None, pace: Pace, folder: Path) -> SuiteRun:
    output = folder / f"{contender.id}.json"
    output.unlink(missing_ok=True)
    environment = contender.environment(os.environ, None)
    passed = [name for name in environment if os.environ.get(name) != environment[name]]
    words = [sys.executable, "-m", _NAME, "run", "-p", str(contender.runtime.executable)]
    words += ["-o", str(output), *_OPTIONS[pace]]
    words += ["--benchmarks", names] if names is not None else []
    words += ["--inherit-environ", ",".join(passed)] if passed else []
    # What is passed on to the benchmarks must not reach pyperformance's own interpreter.
    own = {name: value for name, value in environment.items() if name != "PYTHON_GIL"}
    with subprocess.Popen(
        words,
        cwd=folder,
        env=own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    ) as process:
        try:
            said, _ = process.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    values, document = _read(output)
    trouble = None if process.returncode == 0 else _last_words(said, process.returncode)
    return SuiteRun(id=contender.id, values=values, document=document, trouble=trouble)


def _read(output: Path) -> tuple[dict[str, tuple[float, ...]], str]:
    """Return what pyperformance wrote, benchmark by benchmark."""
    from pyperf import BenchmarkSuite

    if not output.is_file():
        return {}, ""
    document = output.read_text(encoding="utf-8")
    suite = BenchmarkSuite.loads(document)
    return {each.get_name(): tuple(each.get_values()) for each in suite}, document


def _last_words(said: str, code: int) -> str:
    """Return the last line that names an error, else the exit code."""
    lines = [line.strip() for line in said.splitlines() if "error" in line.lower()]
    return lines[-1][:200] if lines else f"exit code {code}"
