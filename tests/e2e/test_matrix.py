"""Whole runs of small real projects on real runtimes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories.projects import NEWER, native, pure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.conftest import Command, Require, RequireHeaders
    from tests.e2e.conftest import Matrix


pytestmark = pytest.mark.network
OLD_AND_NEW = """\
import sys
import demo
import pytest

def test_value():
    assert demo.VALUE == 1

def test_new():
    assert sys.version_info >= (3, 12), "too old"

def test_same():
    assert demo.VALUE == 2

@pytest.mark.skip
def test_skipped():
    pass
"""


def states(cells: dict[str, Any]) -> dict[str, str]:
    return {name: each["state"] for name, each in cells.items()}


def test_one_wheel_is_tested_on_every_runtime_and_nothing_is_built_twice(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    for name in ("3.8", "3.12", "3.13d", "pypy3.11"):
        require(name)
    root = pure(tmp_path, "3.8", "3.12", "3.13d", "pypy3.11", tests=OLD_AND_NEW)
    done, cells = matrix(root)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "built on cpython-3.12" in done.stdout
    assert {each["wheel"] for each in cells.values()} == {cells["3.8"]["wheel"]}
    counts = {name: each["counts"] for name, each in cells.items()}
    assert counts["3.8"] == {"passed": 1, "failed": 2, "error": 0, "skipped": 1, "xfailed": 0}
    assert counts["3.12"] == {"passed": 2, "failed": 1, "error": 0, "skipped": 1, "xfailed": 0}
    printed = done.stdout
    assert "tests/test_demo.py::test_new   F" in printed
    assert "tests/test_demo.py::test_same  the same on all 4" in printed
    assert printed.count("AssertionError: too old") == 1
    assert cells["3.8"]["installed"]["demo"] == "1.0"

    done, cells = matrix(root, "3.12", "--", "-k", "value")
    assert done.returncode == 0
    assert "not built again" in done.stdout
    assert cells["3.12"]["reused"]
    assert cells["3.12"]["counts"]["passed"] == 1

    done, cells = matrix(root, "--last-failed")
    assert done.returncode == 5  # nothing failed in the last run
    assert "nothing failed last time" in done.stderr

    done, cells = matrix(root, "3.12", "--", "-k", "no_such_test")
    assert done.returncode == 5
    assert "no tests were collected" in done.stdout
    assert f"multirt matrix --project {root} -e 3.12 -- -k no_such_test" in done.stdout


def test_an_edit_is_tested_and_so_is_what_was_removed(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    tests = "import demo.extra\nimport demo\n\ndef test_value():\n    assert demo.VALUE == 1\n"
    root = pure(tmp_path, "3.12", tests=tests)
    extra = root / "src/demo/extra.py"
    extra.touch()
    assert matrix(root)[0].returncode == 0
    (root / "src/demo/__init__.py").write_text("raise SystemExit('edited')\n")
    done, cells = matrix(root)
    assert done.returncode == 1, done.stdout
    assert not cells["3.12"]["reused"]
    (root / "src/demo/__init__.py").write_text("VALUE = 1\n")
    extra.unlink()
    done, _ = matrix(root)
    assert done.returncode == 1
    assert "No module named 'demo.extra'" in done.stdout
    extra.touch()
    done, _ = matrix(root)
    assert done.returncode == 0
    assert "not built again" in done.stdout  # the first wheel is still there


def test_what_an_older_build_left_is_not_tested(
    matrix: Matrix, multirt: Command, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    require_headers("3.12")
    root = native(tmp_path, "3.12", tag="cp37")
    (root / "build/lib/native").mkdir(parents=True)
    (root / "build/lib/native/ghost.py").write_text("x = 1\n")
    assert matrix(root)[0].returncode == 0
    code = "import importlib.util as i; print('found', i.find_spec('native.ghost'))"
    arguments = ("--project", str(root), "-e", "3.12", "--", "python", "-c", code)
    assert "found None" in multirt("matrix", "exec", *arguments).stdout


def test_one_abi3_wheel_serves_many_and_the_others_are_blocked(
    matrix: Matrix, require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    require_headers("3.12")
    for name in ("3.8", "3.13d", "3.13t", "pypy3.11"):
        require(name)
    root = native(
        tmp_path,
        "3.8",
        "3.12",
        "3.13d",
        "3.13t",
        "pypy3.11",
        tag="cp37",
        more='build-runtime = "3.12"',
    )
    done, cells = matrix(root)
    assert states(cells) == {
        "3.8": "passed",
        "3.12": "passed",
        "3.13d": "passed",
        "3.13t": "blocked",
        "pypy3.11": "blocked",
    }
    assert done.returncode == 3
    assert "cp37-abi3" in done.stdout
    assert "abi3 does not load on free-threaded builds" in done.stdout
    assert "build cp313t, or abi3t for 3.15" in done.stdout
    assert "built for CPython, this is PyPy 3.11" in done.stdout
    assert [each["same"] for each in cells.values()] == [True, True, True, False, False]


def test_a_version_specific_wheel_is_built_for_each_abi(
    matrix: Matrix, require_headers: RequireHeaders, require: Require, tmp_path: Path
) -> None:
    require_headers("3.12")
    require_headers("3.11")
    require("3.11d")
    root = native(tmp_path, "3.11", "3.11d", "3.12")
    done, cells = matrix(root)
    assert done.returncode == 0, done.stdout + done.stderr
    wheels = {name: each["wheel"] for name, each in cells.items()}
    assert wheels["3.11"] == wheels["3.11d"] != wheels["3.12"]
    assert "it is tied to one version of Python, so each ABI has its own" in done.stdout


def test_a_tag_that_lies_is_a_broken_promise_and_is_not_started(
    matrix: Matrix, require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    require_headers("3.12")
    require("3.8")
    root = native(
        tmp_path,
        "3.8",
        "3.12",
        tag="cp37",
        body=NEWER,
        macro="0x03090000",
        more='build-runtime = "3.12"',
    )
    done, cells = matrix(root)
    assert states(cells) == {"3.8": "broken promise", "3.12": "passed"}
    assert done.returncode == 3
    assert "PyObject_CallNoArgs" in cells["3.8"]["reason"]
    assert cells["3.8"]["command"] is None


@pytest.mark.parametrize(
    "builder",
    [pytest.param("3.12", id="in-the-matrix"), pytest.param("3.13", id="not-in-the-matrix")],
)
def test_one_cell_is_tested_where_another_runtime_builds(
    matrix: Matrix, require: Require, tmp_path: Path, builder: str
) -> None:
    for each in ("3.11", builder):
        require(each)
    root = pure(tmp_path, "3.11", "3.12", more=f'build-runtime = "{builder}"')
    done, cells = matrix(root, "3.11")
    assert (done.returncode, states(cells)) == (0, {"3.11": "passed"}), done.stdout + done.stderr
    assert f"built on cpython-{builder}." in done.stdout


def test_a_runtime_that_is_to_build_and_is_not_here_is_an_error(
    multirt: Command, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", more='build-runtime = "3.99"')
    done = multirt("matrix", "--project", str(root))
    assert done.returncode == 2
    assert "build-runtime: no runtime here fits 3.99" in done.stderr


def test_what_went_wrong_can_be_repeated_as_it_was_asked_for(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    tests = "def test_a(): assert False\n\ndef test_b(): pass\n"
    root = pure(tmp_path, "3.12", tests=tests)
    done, _ = matrix(root, "--missing", "skip", "--timeout", "60")
    again = f"multirt matrix --project {root} --missing skip --timeout 60.0 -e 3.12"
    assert f"  {again} -- tests/test_demo.py::test_a\n" in done.stdout
    done, _ = matrix(root, "--", "-k", "test_a")
    assert f"  multirt matrix --project {root} -e 3.12 -- -k test_a\n" in done.stdout


HOSTILE = """\
import os, signal, subprocess, sys

def test_crash():
    if os.environ.get("WHAT") == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if os.environ.get("WHAT", "").startswith("leave early"):
        os._exit(int(os.environ["WHAT"][-1]))

def test_leave():
    if os.environ.get("WHAT") == "leave":
        code = "import time; time.sleep(600)"
        subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        subprocess.Popen([sys.executable, "-c", code])
        subprocess.Popen([sys.executable, "-c", code], start_new_session=True, env={})

def test_temporary(tmp_path):
    assert str(tmp_path).startswith(os.environ["TMPDIR"])
    assert "PYTHONPATH" not in os.environ
"""


@pytest.mark.parametrize(
    ("what", "state", "printed"),
    [
        pytest.param("crash", "crashed", "SIGSEGV (signal 11), at ", id="signal"),
        pytest.param("leave", "passed", "3 processes were left behind", id="processes"),
        pytest.param("leave early 0", "crashed", "pytest ended before it was done", id="code 0"),
        pytest.param("leave early 1", "crashed", "pytest ended before it was done", id="code 1"),
    ],
)
def test_what_a_hostile_test_does_is_named(
    hostile: tuple[Matrix, Path], what: str, state: str, printed: str
) -> None:
    matrix, root = hostile
    done, cells = matrix(root, WHAT=what, PYTHONPATH="/nowhere")
    cell = cells["3.12"]
    assert cell["state"] == state, done.stdout
    assert done.returncode == (0 if state == "passed" else 1)
    shown = [cell["reason"] or "", *cell["warnings"]]
    assert any(each.startswith(printed) for each in shown), shown
    assert what != "crash" or "test_demo.py" in cell["reason"]


def test_what_takes_too_long_is_ended_and_says_where_it_was(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    more = 'commands = [["python", "-X", "faulthandler", "tests/hang.py"]]'
    root = pure(tmp_path, "3.12", more=more)
    (root / "tests/hang.py").write_text("import time\ntime.sleep(600)\n")
    done, cells = matrix(root, "--timeout", "5")
    assert (done.returncode, states(cells)) == (1, {"3.12": "timeout"})
    assert "no end after 5 s, at " in cells["3.12"]["reason"]
    assert "tests/hang.py:2 in <module>" in cells["3.12"]["reason"]


@pytest.fixture
def hostile(matrix: Matrix, require: Require, tmp_path: Path) -> tuple[Matrix, Path]:
    """Return the command and a project with tests that misbehave when asked to."""
    require("3.12")
    return matrix, pure(tmp_path, "3.12", tests=HOSTILE)


def test_axes_overrides_tasks_and_positional_arguments(
    matrix: Matrix, multirt: Command, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    more = """\
commands = [["python", "-c", "import os, sys; print(os.environ['MARK'], sys.argv)", "{posargs}"]]
set-env = { MARK = "plain" }
[tool.multirt.matrix.axes]
iniconfig = { "1" = ["iniconfig<2"], "2" = ["iniconfig>=2"] }
[[tool.multirt.matrix.override]]
when = { iniconfig = "2" }
set-env = { MARK = "two" }
[tool.multirt.matrix.tasks.hello]
runtimes = ["3.12"]
commands = [["python", "-c", "print('hello from the task')"]]
"""
    root = pure(tmp_path, "3.12", more=more)
    done, cells = matrix(root, "--live", "--", "a b")
    assert done.returncode == 0, done.stdout
    assert cells.keys() == {"3.12-iniconfig1", "3.12-iniconfig2"}
    assert cells["3.12-iniconfig1"]["installed"]["iniconfig"].startswith("1.")
    assert cells["3.12-iniconfig2"]["installed"]["iniconfig"].startswith("2.")
    assert "plain ['-c', 'a b']" in done.stdout
    assert "two ['-c', 'a b']" in done.stdout
    done, cells = matrix(root, "hello", "--live")
    assert "hello from the task" in done.stdout
    assert cells["hello"]["installed"] == {}
    done, cells = matrix(root, "-a", "iniconfig=2", "-q")
    assert cells.keys() == {"3.12-iniconfig2"}
    listed = multirt("matrix", "list", "--project", str(root), "--github")
    assert json.loads(listed.stdout)["include"][0] == {
        "name": "3.12-iniconfig1",
        "python": "3.12",
        "may-fail": False,
        "iniconfig": "1",
    }
    ran = multirt(
        "matrix",
        "exec",
        "--project",
        str(root),
        "-e",
        "3.12-iniconfig1",
        "--",
        "python",
        "-c",
        "import demo; print('value', demo.VALUE)",
    )
    assert ran.returncode == 0
    assert "value 1" in ran.stdout


def test_a_runner_that_is_not_installed_is_no_failing_test(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    bare = """[tool.multirt.matrix.tasks.bare]
runtimes = ["3.12"]
commands = [["python", "-m", "pytest"]]
"""
    done, cells = matrix(pure(tmp_path, "3.12", more=bare), "bare")
    assert (done.returncode, states(cells)) == (4, {"bare": "cannot start"})
    assert "no module 'pytest' in the environment: is it among the groups" in done.stdout


def test_a_project_that_does_not_build_is_an_error_and_nothing_starts(
    multirt: Command, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    require_headers("3.12")
    root = native(tmp_path, "3.12", body="return nonsense;")
    done = multirt("matrix", "--project", str(root))
    assert done.returncode == 4
    assert "does not build with cpython-3.12" in done.stderr
    assert "nonsense" in done.stderr
    assert "passed" not in done.stdout


def test_a_runtime_that_the_project_does_not_build_for_fails_alone(
    matrix: Matrix, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    require_headers("3.11")
    require_headers("3.12")
    guard = "#if PY_VERSION_HEX < 0x030c0000\n#error too old for this\n#endif\n"
    root = native(tmp_path, "3.11", "3.12", body="return PyLong_FromLong(42);")
    source = root / "src/native/_c.c"
    source.write_text(source.read_text().replace("static", guard + "static", 1))
    done, cells = matrix(root)
    assert done.returncode == 4, done.stdout
    assert states(cells) == {"3.11": "build failed", "3.12": "passed"}
    assert "too old for this" in done.stdout


def test_a_runtime_that_is_not_here(matrix: Matrix, require: Require, tmp_path: Path) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", "3.99")
    done, cells = matrix(root)
    assert (done.returncode, states(cells)) == (3, {"3.12": "passed", "3.99": "missing"})
    assert "no runtime here fits 3.99" in done.stdout
    done, cells = matrix(root, "--missing", "skip")
    assert (done.returncode, states(cells)) == (0, {"3.12": "passed", "3.99": "skipped"})
    done, cells = matrix(root, "3.99", "--missing", "skip")
    assert done.returncode == 5


def test_a_requirement_without_a_solution_names_the_runtime(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", dependencies=("iniconfig>=99",))
    done, cells = matrix(root)
    assert done.returncode == 4, done.stdout
    assert states(cells) == {"3.12": "unresolved"}
    assert "iniconfig>=99" in done.stdout


def test_a_wheel_built_elsewhere_is_tested_and_not_the_sources(
    matrix: Matrix, multirt: Command, require: Require, tmp_path: Path, cache: Path
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12")
    assert multirt("matrix", "sync", "--project", str(root)).returncode == 0
    (wheel,) = (
        each
        for each in (cache / "matrix").glob("demo-*/wheels/*/*/demo-1.0-py3-none-any.whl")
        if str(each.parents[3].name) == _state_name(root)
    )
    given = wheel.rename(tmp_path / wheel.name)
    (root / "src/demo/__init__.py").write_text("VALUE = 2\n")
    done, _ = matrix(root, "--wheel", str(given))
    assert done.returncode == 0, done.stdout
    assert "built elsewhere" in done.stdout
    assert matrix(root)[0].returncode == 1


def _state_name(root: Path) -> str:
    return f"{root.name}-{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:12]}"


WAITS = """\
import os
import pathlib
import time

def test_wait():
    if os.environ.get("WAIT") and os.environ["MULTIRT_MATRIX_CELL"] == "3.12":
        pathlib.Path(__file__).with_name("started").touch()
        time.sleep(600)
"""


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="ctrl-c"),
        pytest.param(signal.SIGTERM, 130, id="terminated"),
        pytest.param(signal.SIGKILL, -9, id="killed"),
    ],
)
def test_a_run_that_ends_early_keeps_results_and_the_next_is_good(
    waiting: tuple[Matrix, Path], cache: Path, number: int, code: int
) -> None:
    matrix, root = waiting
    file = root.parent / "early.json"
    process = _start(root, file, cache)
    _await((root / "tests/started").exists, "the first test")
    process.send_signal(number)
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == code, printed
    if number != signal.SIGKILL:
        cells = {each["name"]: each for each in json.loads(file.read_text())["cells"]}
        assert states(cells) == {"3.11": "passed", "3.12": "interrupted"}
        assert "1 of 2 runtimes passed, 1 interrupted" in printed
    _await(lambda: not _left(root), "the end of what was started")
    done, cells = matrix(root)
    assert done.returncode == 0, done.stdout
    assert states(cells) == {"3.11": "passed", "3.12": "passed"}


TEARS_DOWN = """\
import pathlib, time, pytest

HERE = pathlib.Path(__file__).parent

def test_first():
    pass

@pytest.fixture
def slow():
    yield
    time.sleep(0.3)
    (HERE / "torn-down").touch()

def test_wait(slow):
    (HERE / "started").touch()
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("ignored", "number"),
    [
        pytest.param([], signal.SIGINT, id="ctrl-c"),
        pytest.param([signal.SIGINT], signal.SIGTERM, id="terminated-in-the-background"),
    ],
)
def test_an_interrupted_cell_tears_down_and_keeps_the_tests_that_it_ran(
    require: Require, tmp_path: Path, cache: Path, ignored: list[int], number: int
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", tests=TEARS_DOWN)
    file = tmp_path / "early.json"
    process = _start(root, file, cache, ignored)
    _await((root / "tests/started").exists, "the first test")
    process.send_signal(number)
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == 130, printed
    assert (root / "tests/torn-down").exists()
    (cell,) = json.loads(file.read_text())["cells"]
    assert cell["state"] == "interrupted"
    outcomes = {each["id"]: each["outcome"] for each in cell["tests"]}
    assert outcomes["tests/test_demo.py::test_first"] == "passed"


WAITING_BACKEND = """\
import pathlib, time

def build_wheel(folder, settings=None, metadata=None):
    here = pathlib.Path(__file__).parent
    (here / "tests/started").touch()
    try:
        time.sleep(600)
    finally:
        time.sleep(1)
        (here / "cleaned-up").touch()
"""


def test_an_interrupted_build_has_time_to_clean_up(
    require: Require, tmp_path: Path, cache: Path
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", tests="")
    project = (root / "pyproject.toml").read_text()
    own = 'build-backend = "waiting"\nbackend-path = ["."]'
    changed = re.sub(r"build-backend = .*", own, project)
    (root / "pyproject.toml").write_text(changed)
    (root / "waiting.py").write_text(WAITING_BACKEND)
    process = _start(root, tmp_path / "early.json", cache)
    _await((root / "tests/started").exists, "the backend")
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == 130, printed
    assert (root / "cleaned-up").exists(), printed


DEAF = """\
import pathlib, signal, time

def test_deaf():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    pathlib.Path(__file__).with_name("started").touch()
    while True:
        time.sleep(600)
"""


def test_a_second_interrupt_ends_a_run_at_once(
    require: Require, tmp_path: Path, cache: Path
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", tests=DEAF, more="grace = 600")
    process = _start(root, tmp_path / "early.json", cache)
    _await((root / "tests/started").exists, "the test")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == 130, printed
    assert "once more ends it at once" in printed
    assert "0 of 1 runtimes passed, 1 interrupted" in printed
    _await(lambda: not _left(root), "the end of what was started")


@pytest.fixture
def waiting(matrix: Matrix, require: Require, tmp_path: Path) -> tuple[Matrix, Path]:
    """Return the command and a project with a test that waits when asked to."""
    require("3.12")
    require("3.11")
    return matrix, pure(tmp_path, "3.11", "3.12", tests=WAITS)


def _start(
    root: Path, file: Path, cache: Path, ignored: Sequence[int] = ()
) -> subprocess.Popen[str]:
    """Start a run, whatever the tests themselves ignore, as under nohup."""

    def set_signals() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    command = ["matrix", "--project", str(root), "-j", "1", "--report", f"json={file}"]
    return subprocess.Popen(
        [sys.executable, "-m", "multirt", *command],
        env={**os.environ, "WAIT": "1", "MULTIRT_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=set_signals,  # noqa: PLW1509 - no thread of these tests starts anything
    )


def _await(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.02)


def _left(root: Path) -> list[str]:
    """Return the processes that still work in a project's folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cwd").readlink() == root:
                found.append(folder.name)
    return found


def test_two_runs_at_once(matrix: Matrix, require: Require, tmp_path: Path, cache: Path) -> None:
    require("3.12")
    require("3.11")
    root = pure(tmp_path, "3.11", "3.12")
    other = _start(root, tmp_path / "other.json", cache)
    done, cells = matrix(root)
    printed = other.communicate(timeout=60)[0]
    assert (done.returncode, other.returncode) == (0, 0), done.stdout + printed
    wheels = {each["wheel"] for each in cells.values()}
    theirs = json.loads((tmp_path / "other.json").read_text())["cells"]
    assert wheels == {each["wheel"] for each in theirs}
