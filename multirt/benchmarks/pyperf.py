"""The door to pyperf: its runner of commands, its files, its tests."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_OVERHEAD = 60.0  # seconds that pyperf may take beside the program itself
_FATAL_ELSEWHERE = "PYTHON_GIL"  # a build with a GIL does not start with PYTHON_GIL=0


def require_pyperf() -> None:
    """Make sure that it is here.

    Raises:
        MultirtError: it is not.
    """
    if importlib.util.find_spec("pyperf") is None:
        hint = "pip install 'multirt[bench]', into the environment of multirt"
        raise MultirtError("extra", "measuring needs pyperf, which is not installed", hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
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


def calibrate(task: Task) -> dict[str, Any]:
    """Return pyperf's calibration run: how many starts make one value of 0.1 s or more."""
    return _worker(task, ["--calibrate-loops", "-w", "0", "-n", "1"], starts=64)


def measure(task: Task, loops: int, values: int, warmups: int) -> dict[str, Any]:
    """Return one run of pyperf: some values in one worker process."""
    words = ["-l", str(loops), "-w", str(warmups), "-n", str(values)]
    return _worker(task, words, starts=loops * (values + warmups))


def _worker(task: Task, words: Sequence[str], starts: int) -> dict[str, Any]:
    """Run one of pyperf's worker processes and return its document.

    Raises:
        MultirtError: the program fails, or does not end in time.
    """
    environment = dict(task.environment)
    command = list(task.command)
    gil = environment.pop(_FATAL_ELSEWHERE, None)
    if gil is not None:  # pyperf's own interpreter must not see it
        command = [which("env") or "env", f"{_FATAL_ELSEWHERE}={gil}", *command]
    with tempfile.TemporaryDirectory(prefix="multirt-") as room:
        output = Path(room) / "run.json"
        own = [sys.executable, "-m", "pyperf", "command", "--worker", "--copy-env", "--quiet"]
        try:
            done = subprocess.run(
                [*own, "--name", task.name, "-o", str(output), *words, "--", *command],
                check=False,
                capture_output=True,
                cwd=task.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                timeout=task.seconds * starts + _OVERHEAD,
            )
        except subprocess.TimeoutExpired as error:
            raise _failed(task, "it does not end in time") from error
        if done.returncode or not output.exists():
            lines = done.stderr.strip().splitlines()
            raise _failed(task, lines[-1] if lines else f"exit code {done.returncode}")
        document: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
        return document


def _failed(task: Task, why: str) -> MultirtError:
    hint = "multirt compare shows what it does there; only what ends with exit code 0 is measured"
    return MultirtError("bench", f"cannot measure {task.name}: {why}", hint, ExitCode.FAILED)


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
    if len({*left, *right}) < 2 or count < 2:  # noqa: PLR2004 - it divides by their variance
        return False
    return bool(is_significant(left, right)[0])
