"""Which environments there are, and which of them can go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multirt.environments import (
    EnvironmentKind,
    EnvironmentState,
    InstallRequest,
    PruneLimits,
    StoredEnvironment,
    build,
    environments,
    forget_resolutions,
    locked_environment,
    overlay,
    prunable,
    release,
    remove,
    resolve,
    sweep,
)
from multirt.environments.inventory import started
from multirt.environments.manifest import lock_file_of
from multirt.storage.files import remove_atomically
from multirt.storage.lock import file_lock

if TYPE_CHECKING:
    from multirt.environments import EnvironmentStore
    from runtimes import Runtime
    from tests.conftest import Command

_DAY = 86_400


def _environment(
    name: str, *, age: float, own: int, state: EnvironmentState = EnvironmentState.WHOLE
) -> StoredEnvironment:
    return StoredEnvironment(
        home=Path(name), record=None, state=state, size=own * 3, own=own, used=100 * _DAY - age
    )


_NEW = _environment("new", age=0, own=10)
_WEEK = _environment("week", age=7 * _DAY, own=50)
_OLD = _environment("old", age=90 * _DAY, own=5)
_BROKEN = _environment("broken", age=1, own=1, state=EnvironmentState.DAMAGED)
_ABSENT = _environment("absent", age=2, own=1, state=EnvironmentState.ABSENT)


@pytest.mark.parametrize(
    ("limits", "gone"),
    [
        pytest.param(PruneLimits(), ["broken", "absent"], id="no-limits"),
        pytest.param(PruneLimits(unused=60 * _DAY), ["broken", "absent", "old"], id="age"),
        pytest.param(PruneLimits(size=20), ["broken", "absent", "week"], id="size"),
        pytest.param(PruneLimits(size=60), ["broken", "absent", "old"], id="larger"),
        pytest.param(PruneLimits(size=0), ["new", "broken", "absent", "week", "old"], id="all"),
    ],
)
def test_what_can_go(limits: PruneLimits, gone: list[str]) -> None:
    found = [_NEW, _BROKEN, _ABSENT, _WEEK, _OLD]
    assert [each.home.name for each in prunable(found, limits, 100 * _DAY)] == gone


def test_lists_what_is_there(here: Runtime, store: EnvironmentStore, tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    overlay(here, [tmp_path / "packages"], store.root)
    resolution = resolve(here, InstallRequest(requirements=("beta",)), store)
    built = build(here, resolution, store, tmp_path / "program.py")
    newest, other = environments(store)
    assert newest.home == built.home
    assert newest.record is not None
    assert newest.record.packages == ("alpha 2.0", "beta 1.0")
    assert newest.record.wanted == ("beta",)
    assert newest.record.programs == (str(tmp_path / "program.py"),)
    assert other.record is not None
    assert (other.record.kind, other.record.wanted) == (
        EnvironmentKind.OVERLAY,
        (str(tmp_path / "packages"),),
    )
    assert newest.size > newest.own > 0
    assert [newest.state, other.state] == [EnvironmentState.WHOLE, EnvironmentState.WHOLE]


def test_files_of_the_cache_are_not_its_own(here: Runtime, store: EnvironmentStore) -> None:
    built = build(here, resolve(here, InstallRequest(requirements=("alpha",)), store), store)
    (each,) = environments(store)
    shared = (built.site_roots[0] / "alpha.py").stat()
    if shared.st_nlink == 1:
        pytest.skip("the cache is on another file system")
    assert each.size - each.own >= shared.st_size


def test_the_last_programs_are_cached(here: Runtime, store: EnvironmentStore) -> None:
    resolution = resolve(here, InstallRequest(requirements=("alpha",)), store)
    for number in (1, 2, 1, 3, 3):
        build(here, resolution, store, Path(f"/p{number}"))
    (each,) = environments(store)
    assert each.record is not None
    assert each.record.programs == ("/p3", "/p1", "/p2")


def test_another_interpreter_in_its_place_makes_it_useless(
    here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    link = tmp_path / "python"
    shutil.copy2(here.executable, link)
    home = build(here, resolve(here, InstallRequest(requirements=("alpha",)), store), store).home
    file = home / "multirt.json"
    text = file.read_text(encoding="utf-8").replace(str(here.executable), str(link))
    file.write_text(text, encoding="utf-8")
    assert [each.state for each in environments(store)] == [EnvironmentState.ABSENT]
    link.unlink()
    assert [each.state for each in environments(store)] == [EnvironmentState.ABSENT]


def test_removes_all_of_it_and_forgets_old_resolutions(
    here: Runtime, store: EnvironmentStore
) -> None:
    build(here, resolve(here, InstallRequest(requirements=("alpha",)), store), store)
    left = store.environments / ".new-x~y"
    left.mkdir()
    sweep(store)
    assert left.is_dir()  # somebody may be at work there
    past = time.time() - 365 * _DAY
    os.utime(left, (past, past))
    sweep(store)
    (note,) = store.resolutions.iterdir()
    forget_resolutions(store)
    assert note.exists()
    os.utime(note, (past, past))
    forget_resolutions(store)
    release()
    remove(each.home for each in environments(store))
    assert [[*store.environments.iterdir()], [*store.resolutions.iterdir()]] == [[], []]


def test_nothing_there_is_no_trouble(store: EnvironmentStore) -> None:
    sweep(store)
    forget_resolutions(store)
    remove([store.environments / "gone"])
    assert environments(store) == ()


def test_what_is_in_use_stays(here: Runtime, store: EnvironmentStore) -> None:
    resolution = resolve(here, InstallRequest(requirements=("alpha",)), store)
    with locked_environment(here, resolution, store, "project") as lease:
        home = lease.built.home
        assert remove([home]) == (home,)
        assert lease.built.python.exists()
    assert remove([home]) == ()
    assert not home.exists()


def test_a_running_program_keeps_its_environment_and_no_other_of_its_name(
    here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    home = build(here, resolve(here, InstallRequest(requirements=("alpha",)), store), store).home
    script = "import multirt.environments, pathlib, sys;"
    script += "print(*multirt.environments.remove([pathlib.Path(sys.argv[1])]))"
    removing = [sys.executable, "-c", script, str(home)]  # this process holds the lock
    assert subprocess.check_output(removing, text=True).strip() == str(home)
    wait = [str(home / "bin/python"), "-c", "import sys; print(1, flush=True); sys.stdin.read()"]
    with subprocess.Popen(wait, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        assert started([home]) == {home}
        elsewhere = tmp_path / "other" / home.name
        elsewhere.mkdir(parents=True)
        assert started([elsewhere]) == set()
        assert program.stdin is not None
        program.stdin.close()
    assert started([home]) == set()


def test_starts_and_removals_at_once(command: Command, tmp_path: Path, here: Runtime) -> None:
    block = '# /// script\n# requires-python = ">=3.8"\n# dependencies = ["alpha"]\n# ///\n'
    code = f"{block}import time\ntime.sleep(0.05)\nimport alpha\n"
    files = [tmp_path / f"{number}.py" for number in (1, 1, 1, 2, 3, 4)]  # the first by a plan
    for file in files:
        file.write_text(code)
    run = ("run", "--python", str(here.executable))
    with ThreadPoolExecutor() as pool:
        starts = [pool.submit(command, *run, str(file)) for file in files]
        prunes = [pool.submit(command, "env", "prune", "--unused-for", "0s") for _ in files]
        assert [start.result().stderr for start in starts] == [""] * len(files)
        assert [prune.result().returncode for prune in prunes] == [0] * len(files)


def test_a_start_waits_for_a_removal_and_makes_its_environment_again(
    here: Runtime, store: EnvironmentStore
) -> None:
    resolution = resolve(here, InstallRequest(requirements=("alpha",)), store)
    home = build(here, resolution, store).home
    release()
    with ThreadPoolExecutor() as pool, file_lock(lock_file_of(home)) as removal:
        assert removal.try_acquire()
        start = pool.submit(build, here, resolution, store)
        with pytest.raises(TimeoutError):
            start.result(timeout=0.5)
        remove_atomically(home)
        removal.release()
        assert start.result().python.exists()
