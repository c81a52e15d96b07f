"""`multirt env` and `multirt lock`, as users start them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories.index import make_wheel, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runtimes import Runtime
    from tests.conftest import Command, Require


def _document(ended: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - JSON
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


_VERSION = "import alpha, sys\nprint(alpha.version)\n"


def test_the_life_of_an_environment(
    command: Command, script: Callable[..., Path], here: Runtime
) -> None:
    ended = command("run", "--python", str(here.executable), str(script("beta", code=_VERSION)))
    assert (ended.stdout, ended.stderr) == ("2.0\n", "")
    (each,) = _document(command("env", "list", "--json"))["environments"]
    assert each["state"] == "whole"
    assert each["packages"] == ["alpha 2.0", "beta 1.0"]
    assert [each["wanted"], each["kind"]] == [["beta"], "installed"]
    assert [os.path.basename(path) for path in each["programs"]] == ["tool.py"]  # noqa: PTH119
    assert each["bytes"] > each["own_bytes"] > 0
    shown = _document(command("env", "show", each["name"], "--json"))["environment"]
    assert shown["packages"] == each["packages"]
    text = command("env", "show", each["name"][:20]).stdout
    assert "alpha 2.0, beta 1.0" in text
    listed = command("env", "list").stdout
    assert "tool.py" in listed
    assert "1 environment: " in listed
    assert _document(command("env", "prune", "--json"))["removed"] == []
    tried = _document(command("env", "prune", "--max-size", "0", "--dry-run", "--json"))
    assert (tried["removed"], tried["dry_run"]) == ([each["name"]], True)
    assert command("env", "remove", "cpython-*", "--dry-run").stdout.endswith("B\n")
    gone = _document(command("env", "remove", each["name"], "--json"))
    assert (gone["removed"], gone["dry_run"]) == ([each["name"]], False)
    assert gone["freed_bytes"] == each["own_bytes"]
    assert command("env", "list").stdout == "no environments\n"


def test_prunes_by_age_and_size(
    command: Command, script: Callable[..., Path], here: Runtime
) -> None:
    command("run", "--python", str(here.executable), str(script("alpha")))
    (each,) = _document(command("env", "list", "--json"))["environments"]
    assert _document(command("env", "prune", "--unused-for", "1d", "--json"))["removed"] == []
    printed = command("env", "prune", "--max-size", "1kB").stdout
    assert printed.splitlines()[0] == each["name"]
    assert printed.splitlines()[1].startswith("1 removed, ")


def test_works_offline_with_what_is_cached(
    command: Command, script: Callable[..., Path], here: Runtime, wheels: Path
) -> None:
    run = ("run", "--python", str(here.executable))
    file = str(script("alpha", code=_VERSION))
    with serving(wheels) as address:
        index = {"UV_NO_INDEX": "", "UV_FIND_LINKS": "", "UV_DEFAULT_INDEX": address}
        index |= {"NO_PROXY": "*", "no_proxy": "*"}
        assert command(*run, file, **index).stdout == "2.0\n"
    assert command(*run, "--offline", file, **index).stdout == "2.0\n"
    other = command(*run, "--offline", "--with", "gamma", file, **index)
    assert (other.returncode, other.stdout) == (125, "")
    assert other.stderr.startswith("multirt: offline, and nothing in the cache serves: ")


@pytest.mark.network
def test_builds_where_it_may(command: Command, script: Callable[..., Path], here: Runtime) -> None:
    run = ("run", "--python", str(here.executable))
    index = {"UV_NO_INDEX": "", "UV_FIND_LINKS": "", "UV_DEFAULT_INDEX": "https://pypi.org/simple"}
    file = str(script("docopt==0.6.2", code="import docopt\nprint(docopt.__version__)\n"))
    refused = command(*run, file, **index)
    assert refused.returncode == 127
    assert "docopt 0.6.2 has no wheel at all, only sources" in refused.stderr
    assert command(*run, "--build", file, **index).stdout == "0.6.2\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(("env", "show", "x"), "no environment is called x", id="show"),
        pytest.param(("env", "remove", "x"), "no environment is called x", id="remove"),
        pytest.param(("env", "prune", "--unused-for", "x"), "not an amount of time", id="age"),
        pytest.param(("env", "prune", "--max-size", "x"), "not a size", id="size"),
        pytest.param(("lock", "no.py"), "no.py", id="lock-no-script"),
    ],
)
def test_wrong_use_is_reported(command: Command, arguments: tuple[str, ...], text: str) -> None:
    ended = command(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_lock_holds_versions_until_it_is_made_again(
    command: Command, script: Callable[..., Path], here: Runtime, tmp_path: Path
) -> None:
    python = ("--python", str(here.executable))
    file = script("alpha<2", code=_VERSION)
    made = _document(command("lock", *python, "--json", str(file)))
    assert made["lock"] == str(tmp_path / "pylock.tool.toml")
    (served,) = made["runtimes"]
    assert [(each["name"], each["version"]) for each in served["packages"]] == [("alpha", "1.0")]
    script("alpha", code=_VERSION)
    assert command("run", *python, str(file)).stdout == "1.0\n"
    script("alpha>1", code=_VERSION)
    old = command("run", *python, str(file))
    assert old.returncode != 0
    assert "is out of date: it has alpha 1.0, and alpha>1 is required" in old.stderr
    assert command("lock", *python, str(file)).returncode == 0
    assert command("run", *python, str(file)).stdout == "2.0\n"


def test_locks_for_the_runtimes_asked_for(
    command: Command, script: Callable[..., Path], require: Require, tmp_path: Path
) -> None:
    old, new = require("3.9"), require("3.12")
    file = script("native")
    both = command("lock", "--python", str(old), "--python", str(new), str(file))
    assert both.returncode == 127
    assert "native 1.0 has no wheel for it; there are cp310-cp310, cp39-cp39" in both.stderr
    assert not (tmp_path / "pylock.tool.toml").exists()
    other = tmp_path / "other.toml"
    one = command("lock", "--python", str(old), "--output", str(other), str(file))
    assert one.returncode == 0, one.stderr
    assert f"{other}: 1 pinned" in one.stdout
    assert "serves cpython-3.9" in one.stdout
    assert other.is_file()


@pytest.mark.parametrize(
    ("needs", "python", "printed"),
    [
        pytest.param((), ">=3.8", (2, "requires nothing that could be locked"), id="nothing"),
        pytest.param(("alpha",), ">=9", (127, "no runtime here is >=9"), id="no-runtime"),
        pytest.param(("alpha>9",), ">=3.8", (127, "you require alpha>9"), id="unresolvable"),
    ],
)
def test_a_lock_that_cannot_be_made_is_reported(
    command: Command,
    script: Callable[..., Path],
    needs: tuple[str, ...],
    python: str,
    printed: tuple[int, str],
) -> None:
    ended = command("lock", str(script(*needs, python=python)))
    assert (ended.returncode, ended.stdout) == (printed[0], "")
    assert printed[1] in ended.stderr


_SLOW = """
import sys, time
from multirt.report.progress import waiting
with waiting("counting"):
    time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        pytest.param("0", b"", id="quick"),
        pytest.param("1.5", b"\r\x1b[Kmultirt: counting ...\r\x1b[K", id="slow"),
    ],
)
def test_says_on_a_terminal_what_takes_long(seconds: str, shown: bytes) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", _SLOW, seconds], stderr=theirs) as process:
        os.close(theirs)
        printed = b""
        try:
            while chunk := os.read(ours, 1024):
                printed += chunk
        except OSError:  # Linux's word for a terminal that nobody has open any more
            pass
        os.close(ours)
    assert (process.returncode, printed) == (0, shown)


def test_progress_is_silent_without_a_terminal() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _SLOW, "0.7"], check=True, capture_output=True, text=True
    )
    assert (ended.stdout, ended.stderr) == ("", "")


@pytest.mark.real
def test_what_micropython_brings_is_installed_for_others(
    command: Command, script: Callable[..., Path], here: Runtime, require: Require, tmp_path: Path
) -> None:
    make_wheel(tmp_path / "more", "requests", "2.0")
    file = script("requests", code="import requests\nprint(requests.version)\n")
    ended = command(
        "run",
        str(file),
        MULTIRT_SEARCH_PATH=f"{here.executable}:{require('micropython')}",
        UV_FIND_LINKS=str(tmp_path / "more"),
    )
    assert (ended.stdout, ended.stderr) == ("2.0\n", "")


def test_a_block_says_what_uv_is_to_find(
    command: Command, script: Callable[..., Path], tmp_path: Path
) -> None:
    make_wheel(tmp_path / "beside", "delta", "3.0")
    code = "import delta, alpha\nprint(delta.version, alpha.version)\n"
    file = script("delta", "alpha", code=code)
    head, end, rest = file.read_text(encoding="utf-8").partition("# ///\n")
    table = '# [tool.uv]\n# find-links = ["beside"]\n# constraint-dependencies = ["alpha<2"]\n'
    file.write_text(head + table + end + rest, encoding="utf-8")
    ended = command("run", str(file))
    assert (ended.stdout, ended.stderr) == ("3.0 1.0\n", "")
    assert command("lock", str(file)).returncode == 0
    assert 'name = "delta"' in (tmp_path / "pylock.tool.toml").read_text(encoding="utf-8")


def test_what_is_asked_for_besides_a_lock_is_reported(
    command: Command, script: Callable[..., Path]
) -> None:
    file = script("alpha<2", code=_VERSION)
    assert command("lock", str(file)).returncode == 0
    ended = command("run", "--with", "beta", str(file))
    text = "multirt: pylock.tool.toml does not count: it lacks what is asked for besides\n"
    assert (ended.stdout, ended.stderr) == ("1.0\n", text)


def test_the_resolver_is_shown_in_full(command: Command, script: Callable[..., Path]) -> None:
    file = script("gamma", "alpha==1.0")
    shown = command("explain", "-v", str(file))
    assert shown.returncode == 127
    assert "uv says of" in shown.stdout
    assert "No solution found when resolving dependencies" in shown.stdout
    document = json.loads(command("explain", "--json", str(file)).stdout)
    (objection,) = document["candidates"][0]["objections"]
    assert "No solution found" in objection["full"]
    assert "No solution" not in objection["detail"]
