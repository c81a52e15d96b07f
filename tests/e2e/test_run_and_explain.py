"""The command line: what it prints, what it starts, how it ends."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from multirt import __version__
from multirt.cli.argv import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require


_THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_list_shows_every_runtime_once(multirt: Command) -> None:
    document = json.loads(multirt("list", "--json").stdout)
    assert document["schema_version"] == 1
    ids = [each["id"] for each in document["runtimes"]]
    executables = [each["executable"] for each in document["runtimes"]]
    assert len(ids) == len(set(ids))
    assert len(executables) == len(set(executables))
    assert os.path.realpath(getattr(sys, "_base_executable", sys.executable)) in executables


def test_every_listed_id_finds_its_runtime(multirt: Command) -> None:
    for each in json.loads(multirt("list", "--json").stdout)["runtimes"][:4]:
        assert multirt("find", each["id"]).stdout.strip() == each["executable"]


def test_find_takes_the_path_of_an_environment(multirt: Command) -> None:
    base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    assert multirt("find", sys.executable).stdout.strip() == base


@pytest.mark.parametrize(
    ("arguments", "code", "args"),
    [
        pytest.param(["find", "3.13dt"], 2, "did you mean '3.13td'", id="swapped flags"),
        pytest.param(["find", "pyhton3"], 2, "did you mean 'python3'", id="misspelled"),
        pytest.param(["find", "3.99"], 127, "no runtime here fits '3.99'", id="no such version"),
        pytest.param(["find", "9" * 5000], 2, "not a runtime: '99", id="more digits than an int"),
        pytest.param(["probe", f"/{'a' * 5000}.whl"], 2, "aa...: File name too long", id="long"),
        pytest.param(["run", "nope.py"], 2, "no such script", id="no script"),
        pytest.param(["run", "./a\x1b[2J"], 2, "/a?[2J", id="name that commands a terminal"),
        pytest.param(["run", "-p3.99", "ok.py"], 127, "explain --python 3.99 ok.py", id="again"),
        pytest.param(["run", "."], 2, "is a folder", id="folder"),
        pytest.param(["run", "--site", "nope", "ok.py"], 2, "no such folder", id="no site"),
        pytest.param(["run", "latin.py"], 2, "is not text", id="not UTF-8"),
        pytest.param(["run", "doubled.py"], 2, "2 script blocks", id="doubled block"),
        pytest.param(["run", "toml.py"], 2, "invalid TOML", id="broken block"),
        pytest.param(["run", "wanted.py"], 2, "requires-python means nothing", id="specifier"),
        pytest.param(["run", "future.py"], 127, "requires Python >=3.99", id="nothing fits"),
        pytest.param(["probe", "nope.whl"], 2, "no such file", id="no wheel"),
        pytest.param(["probe", "text-1-py3-none-any.whl"], 2, "not a wheel", id="not a zip"),
        pytest.param(["probe", "up-1-py3-none-any.whl"], 2, "outside its folder", id="climbs out"),
        pytest.param(["probe", "empty"], 2, "no packages", id="empty folder"),
        pytest.param(["probe", "no-such-dist"], 2, "not a file, a folder", id="no distribution"),
        pytest.param(["--no-such"], 2, "--no-such", id="option"),
    ],
)
def test_bad_input_gets_a_clear_answer(
    multirt: Command, tmp_path: Path, arguments: list[str], code: int, args: str
) -> None:
    _write_bad_files(tmp_path)
    done = multirt(*arguments)
    printed = " ".join((done.stdout + done.stderr).split())
    assert args in printed
    assert "Traceback" not in printed
    assert done.returncode == code


@pytest.mark.parametrize("seconds", ["soon", "-1", "0", "nan", "inf"])
def test_a_time_limit_is_a_number_of_seconds(
    multirt: Command, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setenv("MULTIRT_PROBE_TIMEOUT", seconds)
    done = multirt("list")
    assert f"MULTIRT_PROBE_TIMEOUT is not a number of seconds: {seconds!r}" in done.stderr
    assert done.returncode == 2


def _write_bad_files(folder: Path) -> None:
    block = "# /// script\n{}\n# ///\n"
    (folder / "ok.py").write_text("print(1)\n")
    (folder / "latin.py").write_bytes(b"x = '\xe9'\n")
    (folder / "doubled.py").write_text(block.format("# a = 1") + "\n" + block.format("# a = 1"))
    (folder / "toml.py").write_text(block.format("# a = ["))
    (folder / "wanted.py").write_text(block.format('# requires-python = "soon"'))
    (folder / "future.py").write_text(block.format('# requires-python = ">=3.99"'))
    (folder / "text-1-py3-none-any.whl").write_text("no archive")
    with zipfile.ZipFile(folder / "up-1-py3-none-any.whl", "w") as archive:
        archive.writestr("../evil.py", "")
    (folder / "empty").mkdir()


def test_the_overview_has_every_command_in_a_line(multirt: Command) -> None:
    shown = multirt("--help", COLUMNS="80").stdout
    for name, summary in COMMANDS.items():
        assert f"  {name} " in shown
        assert summary in shown
    assert multirt("--version").stdout == f"multirt {__version__}\n"


def test_errors_are_documents_for_programs(multirt: Command) -> None:
    done = multirt("find", "--json", "3.13dt")
    assert json.loads(done.stdout)["error"]["kind"] == "spec"
    assert "3.13dt" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        pytest.param(["run", "--foo", "x"], "no such option: --foo", "multirt run", id="option"),
        pytest.param(["find"], "missing argument 'SPEC'", "multirt find", id="argument"),
        pytest.param(["env", "shw"], "no such command 'shw'.", "multirt env", id="command"),
        pytest.param(["run", "-p"], "option '-p' requires an argument", "multirt run", id="value"),
        pytest.param(["list", "--refresh", "x", "y"], "got unexpected", "multirt list", id="more"),
        pytest.param(["bench", "--foo"], "no such option: --foo", "multirt bench", id="no name"),
    ],
)
def test_wrong_use_is_reported_in_our_words_and_as_a_document(
    multirt: Command, arguments: list[str], message: str, hint: str
) -> None:
    plain = multirt(*arguments)
    assert (plain.returncode, plain.stdout) == (2, "")
    first, second = plain.stderr.splitlines()
    assert first.startswith(f"multirt: {message}")
    assert second == f"  `{hint} --help` shows what there is"
    requested = multirt(arguments[0], "--json", *arguments[1:])
    assert requested.returncode == 2
    error = json.loads(requested.stdout)["error"]
    assert error["kind"] == "usage"
    assert error["message"] in requested.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        pytest.param(["3.11", "x.py"], "`multirt run --python 3.11 x.py`", id="as py does"),
        pytest.param(["python3.12", "-V"], "run --python python3.12 python -V`", id="versioned"),
        pytest.param(["run", "3.12"], "`multirt run --python 3.12`", id="after run"),
        pytest.param(["-p", "3.12", "x.py"], "options come after the command", id="option first"),
        pytest.param(["ok"], "`multirt run ok.py` starts the script", id="without its ending"),
        pytest.param(["run", "ok", "a b"], "`multirt run ok.py`", id="after run, likewise"),
    ],
)
def test_what_was_probably_meant_is_reported(
    multirt: Command, tmp_path: Path, arguments: list[str], hint: str
) -> None:
    (tmp_path / "ok.py").touch()
    done = multirt(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr.splitlines()[1]


def test_every_help_names_its_values_in_capitals(multirt: Command) -> None:
    for name in COMMANDS:
        shown = multirt(name, "-h", COLUMNS="80").stdout
        assert shown.startswith(f"Usage: multirt {name} [")
        assert " measure " not in shown.splitlines()[0]
        for kind in ("<str>", "<path>", "<int", "<float", "{spec}", "{script}", "{targets}"):
            assert kind not in shown, name


@pytest.mark.parametrize(
    "arguments", [["list"], ["run", "x.py"], ["matrix"], ["probe", "."]], ids=" ".join
)
def test_a_folder_that_is_gone_is_reported(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "gone").mkdir()
    line = shlex.join(["exec", sys.executable, "-m", "multirt", *arguments])
    done = subprocess.run(
        ["/bin/sh", "-c", f"cd gone && rmdir ../gone && {line}"],
        cwd=tmp_path,
        env={**os.environ, "MULTIRT_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("multirt: the current folder is gone\n  change into a folder")


def test_a_name_with_line_ends_breaks_no_line(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "a\nb.py").write_text("import no_such_module_here\n")
    shown = multirt("explain", "--python", _THIS, "a\nb.py")
    assert "a b.py" in shown.stdout.splitlines()[0]
    missed = multirt("run", "--python", _THIS, "a\nb.py")
    assert missed.stderr.splitlines()[0].endswith("runtimes fits a b.py:")


def test_a_program_gets_its_arguments_and_gives_its_exit_code(
    multirt: Command, tmp_path: Path
) -> None:
    script = tmp_path / "tool.py"
    script.write_text("import sys; print(sys.argv[1:]); sys.exit(7)\n")
    done = multirt("run", "--python", _THIS, "tool.py", "--json", "-x", "7")
    assert (done.stdout, done.returncode) == ("['--json', '-x', '7']\n", 7)
    assert multirt("./tool.py", "-p").stdout == "['-p']\n"


def test_a_program_runs_where_its_site_works(multirt: Command, tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "gadget-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gadget\nVersion: 1.0\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
    (info / "RECORD").write_text("gadget.py,,\nextra.pth,,\n")
    (site / "gadget.py").write_text("VALUE = 42\n")
    (site / "extra.pth").write_text("more\n")
    (site / "more").mkdir()
    (site / "more" / "added.py").write_text("VALUE = 43\n")
    (tmp_path / "use.py").write_text(
        "import gadget\nif gadget:\n    import added\nprint(gadget.VALUE, added.VALUE)\n"
    )
    done = multirt("run", "--python", _THIS, "--site", "site", "use.py")
    assert (done.stdout, done.stderr) == ("42 43\n", "")
    assert not (site / "__pycache__").exists()
    missing = multirt("run", "use.py")
    assert "imports gadget, which is not installed" in missing.stderr
    assert missing.returncode == 127


def test_explain_names_the_module_that_a_runtime_lacks(
    multirt: Command, tmp_path: Path, require: Require, quick_machine: dict[str, str]
) -> None:
    require("3.8")
    (tmp_path / "new.py").write_text("import os\nimport tomllib\n")
    document = json.loads(multirt("explain", "--json", "new.py", **quick_machine).stdout)
    refused = {each["runtime"]: each["objections"] for each in document["candidates"]}
    (objection,) = refused["cpython-3.8.18"]
    assert objection["cause"] == "stdlib"
    assert "new.py line 2 imports tomllib" in objection["detail"]
    assert document["chosen"].startswith("cpython-3.")


def test_an_environment_nearby_gives_runtime_and_packages(
    multirt: Command, tmp_path: Path, require: Require
) -> None:
    import subprocess

    python = require("3.9")
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    (tmp_path / "where.py").write_text("import sys; print(sys.prefix)\n")
    assert multirt("run", "where.py").stdout.strip() == str(tmp_path / ".venv")


def test_an_unusual_runtime_is_reported(multirt: Command, tmp_path: Path, require: Require) -> None:
    require("pypy3.9")
    (tmp_path / "fast.py").write_text("import __pypy__; print('ran')\n")
    done = multirt("run", "fast.py")
    assert done.stdout == "ran\n"
    assert "nothing else fits" in done.stderr


def test_endless_recursion_ends(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "again.py").write_text("print(1)\n")
    done = multirt("run", "again.py", MULTIRT_DEPTH="20")
    assert done.returncode == 125
    assert "started from itself" in done.stderr


def test_modules_are_found_wherever_python_finds_them(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "real" / "space").mkdir(parents=True)
    (tmp_path / "real" / "space" / "part.py").write_text("VALUE = 1\n")
    (tmp_path / "real" / "beside.py").write_text("VALUE = 2\n")
    script = tmp_path / "real" / "script.py"
    script.write_text("import space.part, beside\nprint(space.part.VALUE, beside.VALUE)\n")
    (tmp_path / "link.py").symlink_to(script)
    assert multirt("run", "link.py").stdout == "1 2\n"


def test_the_environment_of_a_named_python_is_used(multirt: Command, tmp_path: Path) -> None:
    import subprocess

    home = tmp_path / "named"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    (site,) = home.glob("lib/*/site-packages")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "edited.py").write_text("")
    (site / "edited.pth").write_text(f"{tmp_path / 'source'}\n")
    (tmp_path / "use.py").write_text("import sys, edited; print(sys.prefix)\n")
    done = multirt("run", "--python", "named/bin/python", "use.py")
    assert (done.stdout, done.stderr) == (f"{home}\n", "")


def test_a_pipe_is_no_script(multirt: Command, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = multirt("run", "pipe")
    assert done.returncode == 2
    assert "is not a regular file" in done.stderr


def test_a_damaged_environment_is_made_again(multirt: Command, tmp_path: Path) -> None:
    import shutil

    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thing.py").write_text("")
    (tmp_path / "use.py").write_text("import thing; print('ran')\n")
    own = {"MULTIRT_CACHE_DIR": str(tmp_path / "cache")}
    arguments = ("run", "--python", _THIS, "--site", "site", "use.py")
    assert multirt(*arguments, **own).stdout == "ran\n"
    for library in (tmp_path / "cache" / "environments").glob("*/lib"):
        shutil.rmtree(library)
    assert multirt(*arguments, **own).stdout == "ran\n"
