"""`multirt compare` as a user starts it, on real runtimes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.interpreters import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser
    from tests.conftest import Command, Require

V312 = release("3.12")
V38 = release("3.8")


THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


def compared(multirt: Command, *arguments: str) -> tuple[dict[str, Any], int]:
    """Run `compare --json` and return its document and exit code."""
    done = multirt("compare", "--json", *arguments)
    return json.loads(done.stdout), done.returncode


def test_one_program_on_all_that_fit(multirt: Command, tmp_path: Path, require: Require) -> None:
    names = [str(require(name)) for name in ("3.8", "3.12", "pypy3.11", "3.13t", "3.11d")]
    (tmp_path / "same.py").write_text("import sys; print(sys.argv[1:], 0.1 + 0.2, {'a': 1})\n")
    options = [part for name in names for part in ("--python", name)]
    document, code = compared(multirt, *options, "same.py", "--x", "1")
    assert (code, document["agree"], len(document["groups"])) == (0, True, 1)
    assert {f"cpython-{V38}", f"cpython-{V312}"} < set(document["groups"][0]["runtimes"])
    assert any(each.startswith("pypy") for each in document["groups"][0]["runtimes"])
    assert {each["exit_code"] for each in document["runs"]} == {0}


PLANTED = {
    "hash": "print({'alpha', 'beta', 'gamma', 'delta', 'epsilon'})\n",
    "version": "import sys; print('v', sys.version_info[1])\n",
    "warning": "print('\\d')\n",
    "crash": "import sys, os\nif sys.version_info < (3, 9): os.abort()\n",
    "file": "import sys\nopen('out', 'w').write(str(sys.version_info < (3, 9)))\n",
}


@pytest.mark.parametrize(
    ("planted", "options", "where", "line"),
    [
        pytest.param("hash", (), "stdout", "+{", id="order by hash"),
        pytest.param("version", (), "stdout", "+v 8", id="a version printed"),
        pytest.param("warning", (), "stderr", "SyntaxWarning", id="a warning"),
        pytest.param("crash", (), "exit", "+ended by SIGABRT", id="a crash on one"),
        pytest.param("file", ("--copy", ".", "--files"), "out", "+True", id="a file"),
    ],
)
def test_a_planted_difference_is_found(  # noqa: PLR0913 - a table's columns and fixtures
    multirt: Command,
    tmp_path: Path,
    require: Require,
    *,
    planted: str,
    options: tuple[str, ...],
    where: str,
    line: str,
) -> None:
    runtimes = ("--python", str(require("3.12")), "--python", str(require("3.8")))
    (tmp_path / "planted.py").write_text(PLANTED[planted])
    document, code = compared(multirt, *runtimes, *options, "planted.py")
    assert (code, document["agree"]) == (1, False)
    reference, other = document["groups"]
    assert (reference["runtimes"], other["runtimes"]) == ([f"cpython-{V312}"], [f"cpython-{V38}"])
    assert other["difference"]["where"] == where
    assert any(line in shown for shown in other["difference"]["lines"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("code", "line"),
    [
        pytest.param("print(0.1 + 0.2)\n", "+0.3", id="format of floats"),
        pytest.param(
            "print(list(dict.fromkeys(['alpha', 'beta', 'gamma', 'delta', 'eps'])))\n",
            "+['alpha', 'beta', 'eps', 'gamma', 'delta']",
            id="dict by hash",
        ),
    ],
)
def test_what_an_old_runtime_prints_in_another_way(
    multirt: Command, tmp_path: Path, require: Require, code: str, line: str
) -> None:
    (tmp_path / "planted.py").write_text(code)
    runtimes = ("--python", str(require("3.12")), "--python", str(require("2.7")))
    document, status = compared(multirt, *runtimes, "planted.py")
    assert (status, document["groups"][1]["difference"]["lines"][-1]) == (1, line)
    shown = multirt("compare", *runtimes, "--python", str(require("3.11")), "planted.py").stdout
    assert f"reference: cpython-{V312}\n" in shown
    assert "the same (1): CPython 3.11" in shown


def test_what_may_differ_is_chosen(multirt: Command, tmp_path: Path, require: Require) -> None:
    runtimes = ("--python", str(require("3.12")), "--python", str(require("3.8")))
    (tmp_path / "hash.py").write_text(PLANTED["hash"])
    assert compared(multirt, *runtimes, "--rule", "sets", "hash.py")[1] == 0
    (tmp_path / "path.py").write_text("import sys; print(sys.executable)\n")
    assert compared(multirt, *runtimes, "path.py")[1] == 0
    assert compared(multirt, *runtimes, "--no-rule", "paths", "path.py")[1] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_what_was_started(tmp_path: Path, cache: Path, number: int) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "p.py").write_text(f"stream = open({str(gate)!r}, 'w')\nwhile True: pass\n")
    command = [sys.executable, "-m", "multirt", "compare", "--python", sys.executable, "p.py"]
    env = {**os.environ, "MULTIRT_CACHE_DIR": str(cache)}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL) as process:
        with gate.open() as stream:  # the program is there
            process.send_signal(number)
            assert stream.read() == ""  # and gone
        assert process.wait(60) == 128 + signal.SIGINT


def test_a_copy_is_used_by_whatever_name(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "tool.py").write_text("open('out', 'w').close(); print(__file__)\n")
    (tmp_path / "linked").symlink_to(".")
    for folder in ("inner/..", "linked"):
        args = ("--python", sys.executable, "--no-rule", "paths", "--json", "--copy", folder)
        (run,) = json.loads(multirt("compare", *args, "tool.py").stdout)["runs"]
        assert run["exit_code"] == 0
        assert not (tmp_path / "out").exists()


def test_seed_input_reference_and_profile(
    multirt: Command, tmp_path: Path, require: Require
) -> None:
    python = str(require("3.12"))
    (tmp_path / "in.txt").write_text("from a file\n")
    (tmp_path / "all.py").write_text(
        "import os\nprint(input(), os.environ.get('PYTHONHASHSEED'), __debug__)\n"
    )
    options = ("--python", python, "--profile", "O", "--input", "in.txt", "--hash-seed", "7")
    document, code = compared(
        multirt, *options, "--reference", f"cpython-{V312}+O", "--no-rule", "timings", "all.py"
    )
    assert (code, document["reference"]) == (1, f"cpython-{V312}+O")
    assert document["groups"][1]["difference"]["lines"][-2:] == [
        "-from a file 7 False",
        "+from a file 7 True",
    ]
    seed = multirt("compare", *options[:4], "--hash-seed", "random", "all.py", PYTHONHASHSEED="3")
    assert "EOFError" in seed.stdout


@pytest.mark.parametrize(
    ("code", "arguments", "args", "status"),
    [
        pytest.param("input()", (), "it wants input or a terminal", 0, id="needs a terminal"),
        pytest.param("import sys; sys.exit(3)", (), "it fails everywhere: exit code 3", 0, id="f"),
        pytest.param(
            "while True: pass", ("--timeout", "0.5"), "it ends on none in time", 1, id="no end"
        ),
        pytest.param("", ("--hash-seed", "x"), "no seed of hashes: 'x'", 2, id="seed"),
        pytest.param("", ("--rule", "nope"), "no such rule: 'nope'", 2, id="rule"),
        pytest.param("", ("--profile", "nope"), "no such profile: 'nope'", 2, id="profile"),
        pytest.param("", ("--reference", "3.99"), "does not take part", 2, id="reference"),
        pytest.param("", ("--files",), "name a folder", 2, id="files without copies"),
        pytest.param("", ("--copy", "none"), "no such folder to copy", 2, id="no folder"),
        pytest.param("", ("--input", "none"), "cannot read none", 2, id="no input"),
        pytest.param("", ("--html", "no/x.html"), "cannot write no/x.html", 2, id="no page"),
        pytest.param("", ("--python", "2.9"), "none of", 127, id="no runtime"),
    ],
)
def test_what_goes_wrong_is_reported(  # noqa: PLR0913 - a table's columns and fixtures
    multirt: Command,
    tmp_path: Path,
    *,
    code: str,
    arguments: tuple[str, ...],
    args: str,
    status: int,
) -> None:
    (tmp_path / "p.py").write_text(code)
    runtime = () if "--python" in arguments else ("--python", sys.executable)
    done = multirt("compare", *runtime, *arguments, "p.py")
    assert args in " ".join((done.stdout + done.stderr).split())
    assert "Traceback (most" not in done.stderr
    assert done.returncode == status


def test_a_profile_that_no_runtime_has_is_reported(
    multirt: Command, tmp_path: Path, require: Require
) -> None:
    require("pypy3.11")
    (tmp_path / "p.py").write_text("")
    done = multirt("compare", "--python", "pypy+jit", "p.py")
    assert "can be started as +jit" in " ".join(done.stderr.split())
    assert done.returncode == 2


def test_the_page_shows_the_groups(
    multirt: Command, tmp_path: Path, require: Require, browser: Browser
) -> None:
    runtimes = ("--python", str(require("3.12")), "--python", str(require("3.8")))
    (tmp_path / "evil.py").write_text(
        "import sys; print('<script>document.title = 1</script>', sys.version_info[1])\n"
    )
    assert multirt("compare", *runtimes, "--html", "page.html", "evil.py").returncode == 1
    tab = browser.open()
    tab.show((tmp_path / "page.html").as_uri())
    assert tab.value("document.querySelectorAll('section.group').length") == 2
    assert "<script>document.title = 1</script> 8" in tab.value(
        "document.querySelector('.diff').textContent"
    )
    assert tab.value("document.title") == "evil.py on 2 runtimes"
    tones = "[...document.querySelectorAll('.diff span')].map(each => each.className).join()"
    assert tab.value(tones) == "none,none,none,bad,good"  # its headings are no lines of the diff
    assert tab.complaints == []


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "profile", "code"),
    [
        pytest.param("3.8", "pyston_lite", "'pyston_lite' in sys.modules", id="pyston_lite"),
        pytest.param("3.14", "cinderx", "sys.modules['cinderx.jit'].is_enabled()", id="cinderx"),
    ],
)
def test_a_compiler_is_installed_for_its_profile(  # noqa: PLR0913 - a table's columns and fixtures
    multirt: Command,
    tmp_path: Path,
    require: Require,
    *,
    name: str,
    profile: str,
    code: str,
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "gadget.py").write_text("")
    (tmp_path / "p.py").write_text(f"import sys, gadget\nassert {code}\n")
    options = ("--python", f"{require(name)}+{profile}", "--site", "site")
    document, code_ = compared(multirt, *options, "p.py")
    (run,) = document["runs"]
    assert run["runtime"].endswith(f"+{profile}")
    assert (run["exit_code"], code_) == (0, 0)
