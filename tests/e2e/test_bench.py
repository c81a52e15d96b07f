"""`multirt bench` as a user starts it: what there is, never how fast it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from multirt.experiments.bench_model import PROCESSOR
from tests.factories.schemas import schema_errors
from tests.interpreters import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser
    from tests.conftest import Command, Require

V312 = release("3.12")


PROGRAM = """
import os, sys
with open("counted", "a") as stream:
    stream.write("x")
print(sum(range(1000)), os.environ.get("WORKERS"), "PyPy" in sys.version and sys.argv[1:])
"""


class Session(Struct, frozen=True, kw_only=True):
    """One measurement that several tests look at."""

    workdir: Path
    environment: dict[str, str]
    document: dict[str, Any]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command where the measurement was made."""
        return _run(self.workdir, self.environment, *arguments)


def _run(
    workdir: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "multirt", *arguments],
        check=False,
        capture_output=True,
        cwd=workdir,
        env=environment,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, cache: Path, require: Require) -> Session:
    """Measure once: two runtimes and a profile, two rounds, everything written."""
    workdir = tmp_path_factory.mktemp("bench")
    (workdir / "tool.py").write_text(PROGRAM)
    dropped = ("VIRTUAL_ENV", "MULTIRT_PYTHON", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    environment = {
        **kept,
        "MULTIRT_CACHE_DIR": str(cache),
        "MULTIRT_DATA_DIR": str(workdir / "data"),
        "COLUMNS": "120",
    }
    args = ["--python", str(require("3.12")), "--python", str(require("pypy3.9"))]
    args += ["--reference", f"cpython-{V312}", "--rounds", "2", "--values", "2", "--copy", "."]
    args += ["--json", "--html", "page.html", "--output", "out", "--warmups", "1"]
    done = _run(workdir, environment, "bench", *args, "tool.py")
    assert done.returncode == 0, done.stderr
    return Session(workdir=workdir, environment=environment, document=json.loads(done.stdout))


def test_every_figure_is_there(session: Session) -> None:
    document = session.document
    assert (document["reference"], document["checked"]) == (f"cpython-{V312}", True)
    assert document["excluded"] == [{"runtime": "pypy-3.9.16", "reason": ANOTHER}]
    (measured,) = document["runtimes"]
    assert [len(each) for each in measured["rounds"]] == [2, 2]
    assert measured["startup"] > 0
    assert len(measured["processor"]) == 2
    assert all(0 < each < 60 for each in measured["processor"])
    assert measured["memory"] > 1_000_000
    assert measured["ratio"] is None
    assert "nothing to compare with" in document["sentence"]


ANOTHER = "another stdout than the reference"


def test_the_document_is_valid(session: Session) -> None:
    assert schema_errors("bench", session.document) == []


def test_the_working_folder_stays_as_it_was(session: Session) -> None:
    assert not (session.workdir / "counted").exists()


def test_pyperf_reads_the_files(session: Session) -> None:
    file = str(session.workdir / "out" / f"cpython-{V312}.json")
    shown = subprocess.run(
        [sys.executable, "-m", "pyperf", "compare_to", "-v", file, file],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "Mean +- std dev: [" in shown.stdout
    assert ": no change" in shown.stdout
    metadata = subprocess.run(
        [sys.executable, "-m", "pyperf", "metadata", file],
        check=True,
        capture_output=True,
        text=True,
    )
    assert f"multirt_runtime: cpython-{V312}" in metadata.stdout
    assert f"python_version: {V312}" in metadata.stdout


def test_the_history_has_it(session: Session) -> None:
    listed = session.run("bench", "history")
    assert "tool.py" in listed.stdout
    shown = session.run("bench", "history", "tool.py", "--csv", "all.csv", "--output", "kept")
    assert f"cpython-{V312}" in shown.stdout
    assert len((session.workdir / "all.csv").read_text().splitlines()) >= 5
    assert (session.workdir / "kept" / f"cpython-{V312}-run-1.json").exists()
    document = json.loads(session.run("bench", "history", "tool.py", "--json").stdout)
    assert document["runs"][0]["same_output"] is True
    assert session.run("bench", "history", "none.py").returncode == 2


def test_a_corrupt_history_loses_no_measurement(session: Session) -> None:
    args = ("bench", "--python", "3.12", "--rounds", "1", "--no-check", "--no-curves")
    (session.workdir / "broken").mkdir()
    (session.workdir / "broken" / "history.sqlite3").write_text(
        "no database, and quite long enough"
    )
    environment = {**session.environment, "MULTIRT_DATA_DIR": str(session.workdir / "broken")}
    done = _run(session.workdir, environment, *args, "tool.py")
    assert done.returncode == 0
    assert "not saved" in done.stderr
    assert "not compared" in done.stdout
    again = _run(session.workdir, environment, *args, "--fail-on-regression", "tool.py")
    assert again.returncode == 125


def test_threads_are_set_for_the_program(session: Session) -> None:
    args = ["bench", "--python", "3.12", "--rounds", "1", "--no-history", "--hash-seed", "random"]
    args += ["--threads", "1,2", "--threads-variable", "WORKERS", "--timeout", "30", "--site", "."]
    done = session.run(*args, "tool.py")
    assert done.returncode == 0, done.stderr
    assert "speed-up over its own run with the fewest threads" in done.stdout
    assert f"cpython-{V312} x2" in done.stdout


def test_a_regression_fails_the_command(session: Session) -> None:
    past = json.loads((session.workdir / "out" / f"cpython-{V312}.json").read_text())
    for run in past["benchmarks"][0]["runs"]:
        run["values"] = [value / 10 for value in run.get("values", ())]
    for part in (past, *past["benchmarks"]):
        if PROCESSOR in part.get("metadata", {}):  # which decides on a busy machine
            part["metadata"][PROCESSOR] = "0.0010 0.0011 0.0012 0.0013"
    (session.workdir / "past.json").write_text(json.dumps(past))
    args = ["bench", "--python", "3.12", "--rounds", "4", "--no-history", "--no-curves"]
    args += ["--values", "2", "--compare-to", "past.json", "--threshold", "9"]
    done = session.run(*args, "--fail-on-regression", "tool.py")
    assert "regression" in done.stdout
    assert done.returncode == 1


def test_the_page_draws_it(session: Session, browser: Browser) -> None:
    tab = browser.open()
    tab.show((session.workdir / "page.html").as_uri())
    assert tab.value("document.querySelectorAll('table.figures tbody tr').length") == 2
    assert tab.value("document.querySelectorAll('svg circle').length") >= 1
    assert "another stdout" in tab.value("document.body.innerText")
    assert tab.complaints == []


def test_compilers_show_how_they_get_warm(session: Session, require: Require) -> None:
    pypy = str(require("pypy3.9"))
    (session.workdir / "warm.py").write_text("print(sum(i * i for i in range(1000)))\n")
    args = ("--python", pypy, "--profile", "nojit", "--rounds", "1", "--json", "--no-history")
    done = session.run("bench", *args, "warm.py")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)["runtimes"]
    assert first["runtime"] + "+nojit" == second["runtime"]
    assert (first["warm_up"]["trouble"], len(first["warm_up"]["rounds"])) == (None, 20)
    assert second["warm_up"] is None
    assert second["ratio"]["low"] is None


def test_a_programs_options_are_its_own(session: Session) -> None:
    (session.workdir / "picky.py").write_text(
        "import sys\nassert sys.argv[1:] == ['--profile', 'a b', '--hook', '--', '-o']\n"
    )
    args = ("--python", "3.12", "--rounds", "1", "--no-check", "--no-curves", "--no-history")
    done = session.run("bench", *args, "picky.py", "--profile", "a b", "--hook", "--", "-o")
    assert (done.returncode, done.stderr) == (0, "")


def test_variables_of_python_are_the_programs(session: Session) -> None:
    """Such as PYTHONVERBOSE: what pyperf's own processes would say is more than it can read."""
    (session.workdir / "told.py").write_text("import sys\nassert sys.flags.verbose\n")
    args = ("--python", "3.12", "--rounds", "1", "--no-check", "--no-curves", "--no-history")
    environment = {**session.environment, "PYTHONVERBOSE": "1"}
    done = _run(session.workdir, environment, "bench", *args, "told.py")
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_history_is_compared_with_itself(session: Session) -> None:
    args = ("bench", "--python", "3.12", "--rounds", "2", "--no-curves", "-m", "this")
    assert session.run(*args).returncode == 0
    alone = session.run("bench", "history", "this", "--compare-to", "first")
    assert "nothing earlier to compare with" in alone.stdout
    assert session.run(*args).returncode == 0
    document = json.loads(session.run("bench", "history", "this", *SINCE, "--json").stdout)
    assert [each["runtime"] for each in document["changes"]] == [f"cpython-{V312}"]
    assert document["runs"][0]["program"] == "-m this"
    assert session.run("bench", "history", "this", *SINCE, *FAILING).returncode == 0
    assert session.run("bench", "history", *SINCE).returncode == 2


SINCE = ("--compare-to", "first")
FAILING = ("--fail-on-regression", "--threshold", "100000")


@pytest.mark.parametrize(
    ("code", "arguments", "args", "status"),
    [
        pytest.param(
            "import os, shutil; shutil.rmtree(os.getcwd())",
            ("--copy", ".", "--rounds", "2"),
            "cannot measure p.py",
            125,
            id="deletes its own copy",
        ),
        pytest.param("raise SystemExit(3)", (), "cannot measure what fails", 125, id="fails"),
        pytest.param(
            "while True: pass", ("--timeout", "0.3"), "did not end in time", 125, id="never ends"
        ),
        pytest.param("input()", (), "wants input or a terminal", 125, id="terminal"),
        pytest.param("", ("--threads", "many"), "no numbers of threads", 2, id="threads"),
        pytest.param("", ("--rounds", "0"), "rounds", 2, id="rounds"),
    ],
)
def test_what_cannot_be_measured_is_reported(  # noqa: PLR0913 - a table's columns and fixtures
    multirt: Command,
    tmp_path: Path,
    *,
    code: str,
    arguments: tuple[str, ...],
    args: str,
    status: int,
) -> None:
    (tmp_path / "p.py").write_text(code)
    done = multirt("bench", "--python", sys.executable, *arguments, "p.py")
    assert args in " ".join((done.stdout + done.stderr).split())
    assert "Traceback (most" not in done.stderr
    assert done.returncode == status
