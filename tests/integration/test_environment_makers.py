"""Environments made by virtualenv, next to those of a runtime's own `venv`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from multirt.environments import (
    InstallRequest,
    build,
    make_empty,
    maker_for,
    maker_of,
    preparing,
    python_of,
    resolve,
)
from multirt.environments.venv import _by_venv
from runtimes import interrogate
from runtimes.venvs import site_folders
from tests.factories.index import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from multirt.environments import EnvironmentStore
    from runtimes import Runtime
    from tests.conftest import Require

NAMES = (
    *("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"),
    *("3.11d", "3.13d", "3.14d", "3.15d", "3.13t", "3.13td", "pypy3.9", "pypy3.11"),
)
FACTS = """
import json, sys, sysconfig, _ctypes
home = sys.prefix
paths = {**sysconfig.get_paths(), "prefix": sys.prefix, "base": sys.base_prefix}
text = json.dumps([sys.path, paths, sys.version, sorted(sysconfig.get_config_vars("EXT_SUFFIX"))])
print(text.replace(home, "HOME"), _ctypes.__name__)
"""


def facts_of(home: Path) -> tuple[str, str]:
    """Return what a start in an environment prints."""
    command = [str(python_of(home)), "-c", FACTS]
    env = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return done.stdout, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_virtualenv_and_venv_make_the_same_environment(
    name: str, require: Require, tmp_path: Path
) -> None:
    runtime = interrogate(require(name), env=dict(os.environ), timeout=60)
    make_empty(runtime, tmp_path / "one", tmp_path / "data")
    maker = maker_of(tmp_path / "one")
    assert (maker.name, maker.reason) == ("virtualenv", None)
    assert [list(each.iterdir()) for each in site_folders(tmp_path / "one")] == [[]]
    _by_venv(runtime, tmp_path / "two")
    one, two = facts_of(tmp_path / "one"), facts_of(tmp_path / "two")
    assert one == two
    assert one[1] == ""


def test_a_refusal_of_virtualenv_falls_back_to_venv(require: Require, tmp_path: Path) -> None:
    runtime = interrogate(require("3.9"), env=dict(os.environ), timeout=60)
    home = tmp_path / "a:b" / "one"  # virtualenv and newer `venv` refuse it
    home.parent.mkdir()
    make_empty(runtime, home, tmp_path / "data")
    maker = maker_of(home)
    assert maker.name == "venv"
    assert "a:b" in (maker.reason or "")
    assert facts_of(home)[1] == ""
    assert not [*home.glob("bin/[aA]ctivate*")]


def test_the_settings_of_the_users_virtualenv_do_not_count(
    here: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "virtualenv.ini"
    config.write_text("[virtualenv]\nsystem-site-packages = true\nno-seed = false\n")
    monkeypatch.setenv("VIRTUALENV_CONFIG_FILE", str(config))
    monkeypatch.setenv("VIRTUALENV_SYSTEM_SITE_PACKAGES", "1")
    monkeypatch.setenv("VIRTUALENV_OVERRIDE_APP_DATA", str(tmp_path / "theirs"))
    make_empty(here, tmp_path / "one", tmp_path / "data")
    text = (tmp_path / "one/pyvenv.cfg").read_text()
    assert "include-system-site-packages = false" in text
    assert not (tmp_path / "theirs").exists()
    assert (tmp_path / "data").is_dir()
    assert sorted(each.name for each in (tmp_path / "one").iterdir() if each.is_file()) == [
        "CACHEDIR.TAG",
        "pyvenv.cfg",
    ]


def test_another_interpreter_at_a_path_is_asked_again(
    require: Require, tmp_path: Path, store: EnvironmentStore
) -> None:
    link = tmp_path / "python3"
    versions = []
    for name in ("3.11", "3.12"):
        link.unlink(missing_ok=True)
        link.symlink_to(require(name))
        runtime = interrogate(link, env=dict(os.environ), timeout=60)
        home = build(runtime, resolve(runtime, InstallRequest(), store), store).home
        command = [str(python_of(home)), "-c", "import sys; print(*sys.version_info[:2])"]
        versions.append(subprocess.check_output(command, text=True).split())
    assert versions == [["3", "11"], ["3", "12"]]


def test_maker_is_known_before_and_after_it_made_one(
    here: Runtime, store: EnvironmentStore
) -> None:
    assert maker_for(here, store.root).name == "virtualenv"
    build(here, resolve(here, InstallRequest(), store), store)
    assert maker_for(here, store.root).version is not None


def test_commands_name_the_maker(
    command: Callable[..., subprocess.CompletedProcess[str]],
    script: Callable[..., Path],
    wheels: Path,
) -> None:
    make_wheel(wheels, "alpha", "2.0")
    file = str(script("alpha"))
    assert command("run", file).returncode == 0
    (listed,) = json.loads(command("env", "list", "--json").stdout)["environments"]
    assert (listed["maker"]["name"], listed["maker"]["reason"]) == ("virtualenv", None)
    assert "virtualenv 2" in command("env", "show", listed["name"]).stdout
    assert "environment: made by virtualenv 2" in command("explain", "-v", file).stdout


def test_a_first_environment_is_made_while_uv_resolves(here: Runtime, tmp_path: Path) -> None:
    with preparing(here, tmp_path):
        assert not any((tmp_path / "empty").glob("*"))
    (empty,) = (tmp_path / "empty").iterdir()
    assert python_of(empty).samefile(here.executable)
    made = empty.stat().st_ino
    with preparing(here, tmp_path):
        pass
    assert empty.stat().st_ino == made


def test_a_start_in_an_existing_environment_does_not_import_virtualenv(
    here: Runtime, store: EnvironmentStore
) -> None:
    resolution = resolve(here, InstallRequest(requirements=("alpha",)), store)
    build(here, resolution, store)
    code = (
        "import os, pathlib, sys; from multirt.environments import *;"
        "from runtimes import interrogate;"
        "store = EnvironmentStore(pathlib.Path(sys.argv[1]), os.environ);"
        "here = interrogate(pathlib.Path(sys.argv[2]), env=os.environ, timeout=60);"
        "build(here, resolve(here, InstallRequest(requirements=('alpha',)), store), store);"
        "print('virtualenv' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(store.root), str(here.executable)]
    assert subprocess.check_output(command, text=True, env=store.env).strip() == "False"
    for home in (store.root / "environments").iterdir():
        shutil.rmtree(home)
    assert subprocess.check_output(command, text=True, env=store.env).strip() == "False"
