"""Lock files: which one counts, what a runtime gets of it, and how one is made for many."""

from __future__ import annotations

import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest

from multirt.environments import (
    EnvironmentStore,
    InstallRequest,
    UnresolvableError,
    build,
    lock_name,
    lock_of,
    make_lock,
    resolve,
    write_lock,
)
from multirt.environments.uv import find_uv, uv_environment
from multirt.errors import MultirtError
from tests.factories.index import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runtimes import Runtime


@pytest.mark.parametrize(
    ("files", "lock"),
    [
        pytest.param((), None, id="none"),
        pytest.param(("pylock.tool.toml",), "pylock.tool.toml", id="own"),
        pytest.param(("tool.py.lock",), "tool.py.lock", id="uv"),
        pytest.param(("tool.py.lock", "pylock.tool.toml"), "pylock.tool.toml", id="both"),
        pytest.param(("pylock.toml", "pylock.other.toml"), None, id="of-others"),
    ],
)
def test_finds_the_lock_of_a_script(
    tmp_path: Path, files: tuple[str, ...], lock: str | None
) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert lock_of(tmp_path / "tool.py") == (tmp_path / lock if lock else None)


@pytest.mark.parametrize(
    ("script", "name"),
    [
        pytest.param("tool.py", "pylock.tool.toml", id="plain"),
        pytest.param("tool", "pylock.tool.toml", id="no-suffix"),
        pytest.param("my.tool.py", "pylock.my-tool.toml", id="dots"),
    ],
)
def test_names_it_as_the_standard_says(tmp_path: Path, script: str, name: str) -> None:
    assert lock_name(tmp_path / script) == name


def _wanted(tmp_path: Path, content: str, requirement: str = "alpha") -> InstallRequest:
    file = tmp_path / "pylock.tool.toml"
    file.write_text(f'lock-version = "1.0"\ncreated-by = "x"\n{content}', encoding="utf-8")
    return InstallRequest(requirements=(requirement,), lock=file)


def _package(wheel: str, *, name: str = "alpha", version: str = "1.0", more: str = "") -> str:
    return (
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}'
        f'wheels = [{{ url = "https://no.invalid/{wheel}", hashes = {{ sha256 = "00" }} }}]\n'
    )


_PURE = "alpha-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(_package("alpha-1.0-cp27-cp27m-win32.whl"), "No wheel found", id="no-wheel"),
        pytest.param(
            f'requires-python = ">=4"\n{_package(_PURE)}', "not satisfy the Python", id="python"
        ),
        pytest.param(
            f"environments = [\"sys_platform == 'beos'\"]\n{_package(_PURE)}",
            "any of the environments",
            id="platform",
        ),
        pytest.param(_package(_PURE) * 2, "Multiple packages", id="twice"),
        pytest.param(
            '[[packages]]\nname = "alpha"\nversion = "1.0"\n'
            'sdist = { url = "https://no.invalid/alpha-1.0.tar.gz", hashes = { sha256 = "00" } }\n',
            "alpha 1.0 has no wheel in it that fits",
            id="sources-only",
        ),
    ],
)
def test_a_lock_that_does_not_serve_is_an_objection(
    here: Runtime, store: EnvironmentStore, tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(UnresolvableError, match=message):
        resolve(here, _wanted(tmp_path, content), store)


@pytest.mark.parametrize(
    ("content", "requirement", "message"),
    [
        pytest.param("[", "alpha", "is not a lock file", id="no-toml"),
        pytest.param("packages = 3\n", "alpha", "is not a lock file", id="no-lock"),
        pytest.param(_package(_PURE), "beta", "out of date: it has no beta", id="lacks"),
        pytest.param(
            _package(_PURE), "alpha>1", "has alpha 1.0, and alpha>1 is required", id="older"
        ),
        pytest.param(_package(_PURE), "alpha >< 1", "not a requirement", id="requirement"),
    ],
)
def test_a_lock_that_is_wrong_is_reported(
    here: Runtime, tmp_path: Path, content: str, requirement: str, message: str
) -> None:
    store = EnvironmentStore(tmp_path / "store", {})
    with pytest.raises(MultirtError, match=message) as raised:
        resolve(here, _wanted(tmp_path, content, requirement), store)
    assert raised.value.kind in {"lock", "requirements"}


def test_a_lock_counts_whatever_the_index_has(
    here: Runtime, store: EnvironmentStore, tmp_path: Path, wheels: Path
) -> None:
    file = tmp_path / "pylock.tool.toml"
    wanted = InstallRequest(requirements=("alpha",), constraints=("alpha<2",))
    write_lock(file, make_lock([here], wanted, store, every=True).text)
    resolution = resolve(here, InstallRequest(requirements=("alpha",), lock=file), store)
    assert [pin.version for pin in resolution.pins] == ["1.0"]
    assert build(here, resolution, store).python.exists()
    assert tomllib.loads(file.read_text(encoding="utf-8"))["tool"]["multirt"] == {
        "runtimes": [here.id]
    }
    assert wheels.is_dir()


def test_one_lock_serves_runtimes_that_need_different_versions(
    runtime: Callable[[str], Runtime], store: EnvironmentStore, wheels: Path
) -> None:
    make_wheel(wheels, "split", "2.0", tag="cp312-cp312-manylinux2014_x86_64")
    make_wheel(wheels, "split", "1.0", tag="cp38-cp38-manylinux2014_x86_64")
    chosen = [runtime("3.12"), runtime("3.8")]
    locked = make_lock(chosen, InstallRequest(requirements=("split",)), store, every=True)
    versions = {name: [pin.version for pin in pins] for name, pins in locked.served}
    assert versions == {chosen[0].id: ["2.0"], chosen[1].id: ["1.0"]}
    assert locked.left_out == ()


def test_what_cannot_be_served_is_left_out_or_an_error(
    runtime: Callable[[str], Runtime], here: Runtime, store: EnvironmentStore
) -> None:
    chosen = [runtime("3.9"), here]
    wanted = InstallRequest(requirements=("native",))
    locked = make_lock(chosen, wanted, store, every=False)
    assert [name for name, _ in locked.served] == [chosen[0].id]
    assert [name for name, _ in locked.left_out] == [here.id]
    with pytest.raises(UnresolvableError, match=f"{here.id}: native"):
        make_lock(chosen, wanted, store, every=True)
    with pytest.raises(UnresolvableError, match="no runtime can be served"):
        make_lock([here], wanted, store, every=False)


def test_the_lock_of_uv_is_honoured(here: Runtime, store: EnvironmentStore, tmp_path: Path) -> None:
    script = tmp_path / "tool.py"
    block = '# /// script\n# requires-python = ">=3.8"\n# dependencies = ["beta"]\n# ///\n'
    script.write_text(block, encoding="utf-8")
    uv = find_uv(store.env)
    command = [uv, "lock", "--quiet", "--script", str(script), "--no-index"]
    subprocess.run(command, check=True, env=uv_environment(store.env), timeout=60)
    wanted = InstallRequest(requirements=("beta",), lock=lock_of(script))
    assert wanted.lock == tmp_path / "tool.py.lock"
    resolution = resolve(here, wanted, store)
    assert {pin.name: pin.version for pin in resolution.pins} == {"alpha": "2.0", "beta": "1.0"}
    assert build(here, resolution, store).python.exists()
    wanted.lock.write_text("version = 99\n", encoding="utf-8")
    with pytest.raises(MultirtError, match="cannot read"):
        resolve(here, wanted, store)


def test_a_lock_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MultirtError, match="cannot write"):
        write_lock(tmp_path / "no" / "pylock.x.toml", "")
