"""The door to pyperf: its runner of commands, its files, its tests."""

from __future__ import annotations

import json
import shlex
import sys
from shutil import which
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from multirt.errors import ErrorKind, MultirtError, OperationError
from multirt.experiments.trial import RunSpec, run_once
from multirt.process.cleanup import temporary_folder
from multirt.process.optional_packages import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


def processor_time(task: PyperfTask, starts: int) -> float:
    """Return the seconds that a start and all that it waits for spend on processors.

    pyperf measures from start to end, which on a machine that does other work says more of that.

    Args:
        task: what is started.
        starts: how often; it is the mean of them.
    """
    start = RunSpec(
        command=task.command,
        environment=task.environment,
        folder=task.folder,
        workdir=task.folder,
        input=None,
        seconds=task.seconds,
        substitutions=(),
        silent=True,  # as pyperf does: to write costs time, and here more than there
    )
    return sum(run_once(start).processor_seconds for _ in range(starts)) / starts


def lower_half(times: Sequence[float]) -> Sequence[float]:
    """Return the quicker half of processor times, sorted: other work only adds to them."""
    return sorted(each for each in times if each > 0)[: (len(times) + 1) // 2]


_OVERHEAD = 30.0  # seconds that pyperf may take next to the program itself
# Of Python's variables, those that pyperf's own processes bear; PYTHONHOME, or PYTHON_GIL=0 on a
# build with a GIL, would end them. The others are set by `env`, which takes a moment itself.
_HARMLESS = frozenset(
    {"PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHON_JIT"}
)
_TAKEN = frozenset({"--profile", "--hook"})  # its starter looks for these in the whole command


def require_pyperf() -> None:
    """Make sure that it is here.

    Raises:
        MultirtError: it is not.
    """
    require("pyperf", "measuring")


class PyperfTask(Struct, frozen=True, kw_only=True):
    """What pyperf is to start.

    Attributes:
        name: of the benchmark, in pyperf's files.
        command: the interpreter first.
        environment: all of it.
        folder: where.
        seconds: the time limit of one start.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    seconds: float


def calibrate(task: PyperfTask) -> dict[str, Any]:
    """Return pyperf's calibration run: how many starts make one value of 0.1 s or more."""
    return _worker(task, ["--calibrate-loops", "-w", "0", "-n", "1"], values=2)


def measure(task: PyperfTask, loops: int, values: int, warmups: int) -> dict[str, Any]:
    """Return one run of pyperf: some values in one worker process."""
    options = ["-l", str(loops), "-w", str(warmups), "-n", str(values)]
    return _worker(task, options, values=values + warmups)


def _worker(task: PyperfTask, options: Sequence[str], values: int) -> dict[str, Any]:
    """Run one of pyperf's worker processes and return its document.

    Args:
        task: what is to be started.
        options: pyperf's own options.
        values: how many it measures; each is one start, or several that take a moment.

    Raises:
        MultirtError: the program fails, or does not end in time.
    """
    own = [sys.executable, "-m", "pyperf", "command", "--worker", "--copy-env", "--quiet"]
    with temporary_folder() as workdir:
        output = workdir / "run.json"
        own += [f"--name={task.name}", "-o", str(output), *options]
        outcome = run_once(
            RunSpec(
                command=(*own, "--", *_isolated_command(task, workdir)),
                environment={
                    name: value
                    for name, value in task.environment.items()
                    if not _disturbs_pyperf(name)
                },
                folder=task.folder,
                workdir=task.folder,
                input=None,
                seconds=task.seconds * values + _OVERHEAD,
                substitutions=(),
            )
        )
        if outcome.exit_code != 0 or not output.exists():
            lines = outcome.stderr.text.strip().splitlines() if outcome.exit_code else []
            gone = "" if task.folder.is_dir() else ", and the folder that it works in is gone"
            raise _failed(task, f"{lines[-1] if lines else outcome.ending}{gone}")
        document: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
        return document


def _isolated_command(task: PyperfTask, workdir: Path) -> tuple[str, ...]:
    """Return the command without what pyperf's own processes would take for theirs."""
    variables = [
        f"{name}={value}" for name, value in task.environment.items() if _disturbs_pyperf(name)
    ]
    command = (which("env") or "env", *variables, *task.command) if variables else task.command
    if not _TAKEN & {*command}:
        return command
    script = workdir / "start"
    script.write_text(f"exec {shlex.join(command)}\n", encoding="utf-8", errors="surrogateescape")
    return (which("sh") or "sh", str(script))


def _disturbs_pyperf(variable: str) -> bool:
    """Whether a variable of the program's might hinder pyperf's own interpreter."""
    return variable.startswith("PYTHON") and variable not in _HARMLESS


def _failed(task: PyperfTask, why: str) -> MultirtError:
    hint = "`multirt compare` shows what it does there; only what ends with exit code 0 is measured"
    return OperationError(f"cannot measure {task.name}: {why}", hint, kind=ErrorKind.BENCH)


def joined(documents: Iterable[Mapping[str, Any]], metadata: Mapping[str, str]) -> str:
    """Return one document of pyperf's with the runs of several, and facts of our own."""
    from pyperf import Benchmark, BenchmarkSuite

    suites = [BenchmarkSuite.loads(json.dumps(each)) for each in documents]
    benchmark: Any = suites[0].get_benchmarks()[0]
    for suite in suites[1:]:
        benchmark.add_runs(suite.get_benchmarks()[0])
    benchmark.update_metadata(dict(metadata))
    assert isinstance(benchmark, Benchmark)  # noqa: S101 - pyperf has no types
    return json.dumps(BenchmarkSuite([benchmark])._as_json())  # noqa: SLF001 - `dump` wants a file


def instabilities(document: str) -> tuple[str, ...]:
    """Return what pyperf finds wrong with the values of a document."""
    from pyperf import BenchmarkSuite
    from pyperf._cli import format_checks  # its command `check` prints just this

    (benchmark,) = BenchmarkSuite.loads(document).get_benchmarks()
    lines: list[str] = format_checks(benchmark)
    return tuple(line.removeprefix("* ") for line in lines if line.startswith("* "))


def differ(left: Sequence[float], right: Sequence[float]) -> bool:
    """Whether two samples differ by pyperf's own test, Student's, as in `pyperf compare_to`."""
    from pyperf._utils import is_significant  # has no public name

    count = min(len(left), len(right))  # it takes samples of one size only
    left, right = left[-count:], right[-count:]
    if count < 2:  # noqa: PLR2004 - of one value nothing is known
        return False
    if len({*left}) == len({*right}) == 1:  # it divides by their variance
        return left[0] != right[0]
    return bool(is_significant(left, right)[0])
