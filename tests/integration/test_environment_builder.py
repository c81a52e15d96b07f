"""Environments that hold what they should, made once, whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.environments import (
    EnvironmentState,
    EnvironmentStore,
    InstalledEnvironment,
    InstallRequest,
    build,
    environments,
    resolve,
)
from multirt.errors import MultirtError
from runtimes.storage import trust
from tests.factories.index import make_wheel
from tests.interpreters import INTERPRETERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runtimes import Runtime
    from tests.conftest import Command

OTHER = 65534  # the number of another user
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
_UNSERVED = {"2.7", "jython", "micropython", "pyodide", "alder"}  # uv installs for none of these
_SERVED = [row.name for row in INTERPRETERS if row.name not in _UNSERVED and not row.environment]
# Builds `alpha` and prints where; what a second multirt does.
_BUILDER = """
import os, sys
from pathlib import Path
from multirt.environments import EnvironmentStore, InstallRequest, build, resolve
from runtimes import interrogate
runtime = interrogate(Path(sys.argv[2]), env=dict(os.environ), timeout=60)
store = EnvironmentStore(Path(sys.argv[1]), dict(os.environ))
print("ready", flush=True)
sys.stdin.readline()
print(build(runtime, resolve(runtime, InstallRequest(requirements=("beta",)), store), store).home)
"""


def _built(
    runtime: Runtime, wanted: InstallRequest, store: EnvironmentStore
) -> InstalledEnvironment:
    return build(runtime, resolve(runtime, wanted, store), store)


def _run(built: InstalledEnvironment, code: str) -> str:
    ended = subprocess.run(
        [built.python, "-c", code],
        check=True,
        capture_output=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        text=True,
        timeout=60,
    )
    assert ended.stderr == ""
    return ended.stdout.strip()


@pytest.fixture
def builder(
    here: Runtime, store: EnvironmentStore
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Return a function that starts a process that is about to build."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _BUILDER, str(store.root), str(here.executable)],
            env={**store.env, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - text
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", _SERVED)
def test_every_runtime_starts_with_its_packages_and_nothing_on_stderr(
    runtime: Callable[[str], Runtime], store: EnvironmentStore, name: str
) -> None:
    built = _built(runtime(name), InstallRequest(requirements=("beta",)), store)
    assert _run(built, "import alpha, beta; print(alpha.version, beta.version)") == "2.0 1.0"
    ended = subprocess.run([built.scripts / "beta"], check=True, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("1.0\n", "")


def test_packages_of_the_base_do_not_leak(here: Runtime, store: EnvironmentStore) -> None:
    built = _built(here, InstallRequest(requirements=("alpha",)), store)
    path = _run(built, "import sys; print(chr(10).join(sys.path))").splitlines()
    assert not {str(folder) for folder in here.site_packages} & set(path)
    assert set(map(str, built.site_roots)) < set(path)


def test_is_made_once(here: Runtime, store: EnvironmentStore) -> None:
    wanted = InstallRequest(requirements=("beta",))
    first = _built(here, wanted, store)
    inode = first.home.stat().st_ino
    again = _built(here, wanted, store)
    assert (again, again.home.stat().st_ino) == (first, inode)
    other = _built(here, InstallRequest(requirements=("alpha",)), store)
    assert other.home != first.home


def test_the_second_one_of_a_runtime_is_a_copy_of_an_empty_one(
    here: Runtime, store: EnvironmentStore
) -> None:
    _built(here, InstallRequest(requirements=("alpha",)), store)
    (empty,) = (store.root / "empty").iterdir()
    (empty / "marked").write_text("", encoding="utf-8")
    copied = _built(here, InstallRequest(requirements=("beta",)), store)
    assert (copied.home / "marked").is_file()
    assert not [*empty.glob("lib/*/site-packages/*")]
    shutil.rmtree(empty / "bin")
    made = _built(here, InstallRequest(requirements=("gamma",)), store)
    assert not (made.home / "marked").exists()
    assert _run(made, "import gamma; print(gamma.version)") == "1.0"
    assert (empty / "bin").is_dir()


def _plant(empty: Path, owner: int = -1, mode: int = 0o644) -> None:
    """Put a file into an empty environment that runs at each start of its python."""
    (folder,) = empty.glob("lib/*/site-packages")
    file = folder / "planted.pth"
    file.write_text("import sys; sys.stderr.write('planted')\n", encoding="utf-8")
    file.chmod(mode)
    os.chown(file, owner, -1)


def _plant_openly(empty: Path) -> None:
    _plant(empty, -1, 0o666)
    empty.chmod(0o755)


def _give_away(path: Path) -> None:
    os.chown(path, OTHER, -1)


@pytest.mark.parametrize(
    ("plant", "spoil"),
    [
        pytest.param(
            lambda empty: _plant(empty, OTHER, 0o644), id, id="another user's file", marks=AS_ROOT
        ),
        pytest.param(_plant_openly, id, id="a file that others can write"),
        pytest.param(_plant, _give_away, id="another user's folder", marks=AS_ROOT),
        pytest.param(
            _plant, lambda empty: _give_away(empty.parent), id="all another user's", marks=AS_ROOT
        ),
        pytest.param(
            _plant, lambda empty: empty.parent.chmod(0o777), id="in a folder that others can write"
        ),
    ],
)
def test_an_empty_environment_of_another_user_is_not_copied(
    here: Runtime,
    store: EnvironmentStore,
    plant: Callable[[Path], object],
    spoil: Callable[[Path], object],
) -> None:
    _built(here, InstallRequest(requirements=("alpha",)), store)
    (empty,) = (store.root / "empty").iterdir()
    plant(empty)
    spoil(empty)
    built = _built(here, InstallRequest(requirements=("beta",)), store)
    assert _run(built, "import beta; print(beta.version)") == "1.0"


@pytest.mark.parametrize("mask", [0, 0o002])
def test_no_other_user_can_write_an_environment_under_any_umask(
    command: Command, script: Callable[..., Path], mask: int, tmp_path: Path
) -> None:
    before = os.umask(mask)
    try:
        ended = command("run", str(script("beta")))
    finally:
        os.umask(before)
    assert (ended.returncode, ended.stderr) == (0, "")
    for folder in ("empty", "environments"):
        for home in (tmp_path / "cache" / folder).iterdir():
            trust.check_tree(home)


def test_equal_resolutions_share_an_environment(here: Runtime, store: EnvironmentStore) -> None:
    one = _built(here, InstallRequest(requirements=("alpha<2",)), store)
    two = _built(here, InstallRequest(requirements=("alpha==1.0",)), store)
    assert one == two


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda built: (built.site_roots[0] / "alpha.py").unlink(), id="file-gone"),
        pytest.param(
            lambda built: os.truncate(_own(built.site_roots[0] / "alpha.py"), 3), id="file-cut"
        ),
        pytest.param(
            lambda built: _own(built.site_roots[0] / "alpha.py", b"2.0", b"3.0"), id="file-edited"
        ),
        pytest.param(lambda built: built.python.unlink(), id="python-gone"),
        pytest.param(lambda built: shutil.rmtree(built.site_roots[0]), id="packages-gone"),
        pytest.param(lambda built: (built.home / "multirt.json").unlink(), id="record-gone"),
        pytest.param(
            lambda built: (built.home / "multirt-files.json").write_text("{"), id="list-broken"
        ),
        pytest.param(lambda built: (built.home / "pyvenv.cfg").unlink(), id="config-gone"),
    ],
)
def test_a_damaged_environment_is_mended(
    here: Runtime, store: EnvironmentStore, damage: Callable[[InstalledEnvironment], None]
) -> None:
    wanted = InstallRequest(requirements=("beta",))
    built = _built(here, wanted, store)
    damage(built)
    assert [each.state for each in environments(store)] == [EnvironmentState.DAMAGED]
    assert _run(_built(here, wanted, store), "import alpha; print(alpha.version)") == "2.0"
    assert [each.state for each in environments(store)] == [EnvironmentState.WHOLE]


def _own(path: Path, before: bytes = b"", after: bytes = b"") -> Path:
    """Return a file that is no longer linked to the cache's, so that only it is damaged.

    Args:
        path: of the file.
        before: what it has no longer.
        after: what it has in that place.
    """
    content = path.read_bytes().replace(before, after)
    path.unlink()
    path.write_bytes(content)
    return path


def test_two_at_once_make_one(
    builder: Callable[[], subprocess.Popen[str]], store: EnvironmentStore
) -> None:
    pair = [builder(), builder()]
    for process in pair:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    homes = {process.communicate(timeout=120)[0].strip() for process in pair}
    assert [process.returncode for process in pair] == [0, 0]
    assert [str(each.home) for each in environments(store)] == [*homes]
    assert not [*store.environments.glob(".*")]


@pytest.mark.parametrize("whole_group", [True, False], ids=["with-children", "alone"])
def test_a_kill_at_any_moment_leaves_nothing_half_made(
    builder: Callable[[], subprocess.Popen[str]],
    here: Runtime,
    store: EnvironmentStore,
    *,
    whole_group: bool,
) -> None:
    wanted = InstallRequest(requirements=("beta",))
    begun = time.monotonic()
    shutil.rmtree(_built(here, wanted, store).home)
    whole = time.monotonic() - begun
    moments = 8
    for moment in range(moments):
        process = builder()
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        seconds = whole * (moment + 0.5) / moments
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
        assert {each.state for each in environments(store)} <= {EnvironmentState.WHOLE}
        for each in environments(store):
            shutil.rmtree(each.home)
    assert _run(_built(here, wanted, store), "import alpha; print(alpha.version)") == "2.0"
    if whole_group:  # children that live on may still write into what is swept later
        assert not [*store.environments.glob(".*")]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("only root can make a small disk here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_is_reported_and_leaves_nothing(
    here: Runtime, store: EnvironmentStore, small_disk: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "wheels"
    make_wheel(folder, "large", "1.0", files={"large.bin": os.urandom(1_000_000)})
    full = replace(
        store, root=small_disk / "store", env={**store.env, "UV_FIND_LINKS": str(folder)}
    )
    with pytest.raises(MultirtError, match="No space left on device") as raised:
        _built(here, InstallRequest(requirements=("large",)), full)
    assert "\n" not in raised.value.message
    assert [*full.environments.iterdir()] == []


def test_a_folder_that_cannot_be_made_is_reported(
    here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    resolution = resolve(here, InstallRequest(requirements=("alpha",)), store)
    (tmp_path / "file").touch()
    with pytest.raises(MultirtError, match="cannot make an environment of"):
        build(here, resolution, replace(store, root=tmp_path / "file"))


def test_another_hash_is_refused(
    here: Runtime, store: EnvironmentStore, wheels: Path, tmp_path: Path
) -> None:
    file = tmp_path / "pylock.x.toml"
    wheel = wheels / "alpha-2.0-py3-none-any.whl"
    file.write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "alpha"\nversion = "2.0"\n'
        f'wheels = [{{ url = "{wheel.as_uri()}", hashes = {{ sha256 = "{"0" * 64}" }} }}]\n',
        encoding="utf-8",
    )
    resolution = resolve(here, InstallRequest(requirements=("alpha",), lock=file), store)
    assert [pin.sha256 for pin in resolution.pins] == [("0" * 64,)]
    with pytest.raises(MultirtError, match="Hash mismatch"):
        build(here, resolution, store)
    assert environments(store) == ()


def test_only_the_wheel_that_changed_is_replaced(
    here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    def project(part: str) -> InstallRequest:
        files = {"own.py": f"def main():\n    print({part!r})\n"}
        wheel = make_wheel(tmp_path, "own", "1.0", requires=("alpha",), script="own", files=files)
        return InstallRequest(wheels=(wheel,))

    def says(built: InstalledEnvironment) -> str:
        _run(built, "import own, alpha")  # writes bytecode, as a test run does
        return subprocess.check_output([built.scripts / "own"], text=True).strip()

    old = _built(here, project("one"), store)
    assert says(old) == "one"
    new = _built(here, project("two"), store)
    assert (says(new), says(old)) == ("two", "one")
    old_file, new_file = (built.site_roots[0] / "alpha.py" for built in (old, new))
    assert old_file.samefile(new_file)  # a link to uv's
    assert _built(here, project("one"), store) == old


def test_an_extra_of_a_local_wheel_is_installed(
    here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "own", "1.0", requires=("beta ; extra == 'more'",))
    bare = resolve(here, InstallRequest(wheels=(wheel,)), store)
    more = resolve(here, InstallRequest(wheels=(wheel,), requirements=("own[more]",)), store)
    assert ([pin.name for pin in bare.pins], [pin.name for pin in more.pins]) == (
        [],
        ["alpha", "beta"],
    )


@pytest.mark.network
def test_an_editable_project_is_imported_from_its_folder(
    here: Runtime, tmp_path: Path, uv_cache: Path
) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "UV_CACHE_DIR": str(uv_cache)}
    online = EnvironmentStore(tmp_path / "store", env)
    project = tmp_path / "project"
    (project / "src" / "mine").mkdir(parents=True)
    module = project / "src" / "mine" / "__init__.py"
    module.write_text("word = 'one'\n", encoding="utf-8")
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
        "[project]\nname = 'mine'\nversion = '1.0'\n",
        encoding="utf-8",
    )
    built = _built(here, InstallRequest(editable=(project,)), online)
    assert _run(built, "import mine; print(mine.word)") == "one"
    module.write_text("word = 'other'\n", encoding="utf-8")
    assert _built(here, InstallRequest(editable=(project,)), online) == built
    assert _run(built, "import mine; print(mine.word)") == "other"


@pytest.mark.network
@pytest.mark.parametrize("name", ["3.8", "3.12", "3.13", "3.13t", "3.14d", "3.15"])
def test_real_extensions_work(
    runtime: Callable[[str], Runtime], tmp_path: Path, uv_cache: Path, name: str
) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "UV_CACHE_DIR": str(uv_cache)}
    online = EnvironmentStore(tmp_path / "store", env)
    built = _built(runtime(name), InstallRequest(requirements=("markupsafe",)), online)
    code = "import markupsafe._speedups as s; print(s.__file__)"
    assert _run(built, code).startswith(str(built.home))
