"""What a runtime would get, and what is said when there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.environments import (
    EnvironmentStore,
    InstallRequest,
    MissingWheel,
    UnresolvableError,
    resolve,
)
from multirt.errors import MultirtError
from tests.factories.index import make_wheel, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtimes import Runtime


def _versions(
    runtime: Runtime, wanted: InstallRequest, store: EnvironmentStore
) -> dict[str, str | None]:
    return {pin.name: pin.version for pin in resolve(runtime, wanted, store).pins}


@pytest.mark.parametrize(
    ("wanted", "versions"),
    [
        pytest.param(InstallRequest(requirements=("alpha",)), {"alpha": "2.0"}, id="newest"),
        pytest.param(InstallRequest(requirements=("alpha<2",)), {"alpha": "1.0"}, id="limited"),
        pytest.param(
            InstallRequest(requirements=("beta",)),
            {"alpha": "2.0", "beta": "1.0"},
            id="with-dependency",
        ),
        pytest.param(
            InstallRequest(requirements=("beta",), constraints=("alpha==1.0", "native>9")),
            {"alpha": "1.0", "beta": "1.0"},
            id="constrained",
        ),
        pytest.param(InstallRequest(), {}, id="nothing"),
    ],
)
def test_resolves(
    here: Runtime, store: EnvironmentStore, wanted: InstallRequest, versions: dict[str, str | None]
) -> None:
    assert _versions(here, wanted, store) == versions


def test_a_pin_names_its_file_and_its_hash(here: Runtime, store: EnvironmentStore) -> None:
    (pin,) = resolve(here, InstallRequest(requirements=("alpha",)), store).pins
    assert pin.files == ("alpha-2.0-py3-none-any.whl",)


def test_markers_are_those_of_the_runtime(
    runtime: Callable[[str], Runtime], here: Runtime, store: EnvironmentStore
) -> None:
    wanted = InstallRequest(requirements=("gamma",))
    assert _versions(runtime("3.7"), wanted, store) == {"gamma": "1.0"}
    assert _versions(here, wanted, store) == {"alpha": "2.0", "gamma": "1.0"}


def test_says_which_wheels_there_are(here: Runtime, store: EnvironmentStore) -> None:
    with pytest.raises(UnresolvableError) as raised:
        resolve(here, InstallRequest(requirements=("native",)), store)
    tags = ("cp310-cp310-manylinux2014_x86_64", "cp39-cp39-manylinux2014_x86_64")
    missing = raised.value.missing_wheels
    assert [(each.name, sorted(each.tags or ())) for each in missing] == [("native", [*tags])]
    assert "native" in raised.value.message
    assert raised.value.message.endswith("has no wheel for it; there are cp310-cp310, cp39-cp39")
    assert raised.value.hint is not None
    assert "--build" in raised.value.hint


@pytest.mark.parametrize(
    ("requirements", "message"),
    [
        pytest.param(
            ("alpha>3",), "only alpha<=2.0 is available and you require alpha>3", id="no-version"
        ),
        pytest.param(
            ("gamma", "alpha<2"),
            "all versions of gamma depend on alpha>=2, and you require gamma and alpha<2",
            id="contradiction",
        ),
    ],
)
def test_shortens_what_uv_says(
    here: Runtime, store: EnvironmentStore, requirements: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UnresolvableError) as raised:
        resolve(here, InstallRequest(requirements=requirements), store)
    assert (raised.value.message, raised.value.missing_wheels) == (message, ())
    assert "No solution found" in raised.value.full


def test_a_failure_is_cached(here: Runtime, store: EnvironmentStore, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    made = replace(store, env={**store.env, "UV_FIND_LINKS": str(folder)})
    with pytest.raises(UnresolvableError):
        resolve(here, InstallRequest(requirements=("late",)), made)
    make_wheel(folder, "late", "1.0")
    with pytest.raises(UnresolvableError, match="late"):
        resolve(here, InstallRequest(requirements=("late",)), made)
    anew = replace(made, refresh=True)
    assert _versions(here, InstallRequest(requirements=("late",)), anew) == {"late": "1.0"}
    assert _versions(here, InstallRequest(requirements=("late",)), made) == {"late": "1.0"}


def test_what_is_fresh_is_not_asked_again(
    here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    folder = tmp_path / "wheels"
    make_wheel(folder, "alpha", "1.0")
    made = replace(store, env={**store.env, "UV_FIND_LINKS": str(folder)})
    wanted = InstallRequest(requirements=("alpha",))
    assert _versions(here, wanted, made) == {"alpha": "1.0"}
    make_wheel(folder, "alpha", "3.0")
    assert _versions(here, wanted, made) == {"alpha": "1.0"}
    assert _versions(here, wanted, replace(made, fresh_for=0)) == {"alpha": "3.0"}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[1, 2]", id="no-object"),
        pytest.param(b'{"made": 1e12, "lock": "', id="cut-off"),
        pytest.param(b'{"made": "now", "failure": {"message": 1}, "lock": 7}', id="other-types"),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_a_damaged_note_counts_as_none(
    here: Runtime, store: EnvironmentStore, content: bytes
) -> None:
    wanted = InstallRequest(requirements=("alpha",))
    resolve(here, wanted, store)
    for note in store.resolutions.iterdir():
        note.write_bytes(content)
    assert _versions(here, wanted, store) == {"alpha": "2.0"}


def test_a_note_that_others_could_write_counts_as_none(
    here: Runtime, store: EnvironmentStore
) -> None:
    wanted = InstallRequest(requirements=("alpha",))
    resolve(here, wanted, store)
    (note,) = store.resolutions.iterdir()
    note.write_text(note.read_text(encoding="utf-8").replace("2.0", "6.6"), encoding="utf-8")
    note.chmod(0o666)
    assert _versions(here, wanted, store) == {"alpha": "2.0"}


def _served(store: EnvironmentStore, address: str) -> EnvironmentStore:
    env = {name: value for name, value in store.env.items() if name != "UV_NO_INDEX"}
    env |= {"UV_DEFAULT_INDEX": address, "UV_FIND_LINKS": "", "NO_PROXY": "*", "no_proxy": "*"}
    return replace(store, env={**env, "UV_HTTP_RETRIES": "0"})


def test_works_from_memory_when_the_index_does_not_answer(
    here: Runtime, store: EnvironmentStore, wheels: Path
) -> None:
    wanted = InstallRequest(requirements=("beta",))
    with serving(wheels) as address:
        made = _served(store, address)
        before = resolve(here, wanted, made)
    assert {pin.name for pin in before.pins} == {"alpha", "beta"}
    assert all(pin.sha256 or pin.files for pin in before.pins)
    after = resolve(here, wanted, replace(made, refresh=True))
    assert after.pins == before.pins
    with pytest.raises(MultirtError, match="the package index does not answer") as raised:
        resolve(here, InstallRequest(requirements=("gamma",)), made)
    assert raised.value.kind == "index"
    assert not isinstance(raised.value, UnresolvableError)


def test_an_old_resolution_serves_where_uv_forgot_everything(
    here: Runtime, store: EnvironmentStore, wheels: Path, tmp_path: Path
) -> None:
    wanted = InstallRequest(requirements=("beta",))
    with serving(wheels) as address:
        made = _served(store, address)
        before = resolve(here, wanted, made)
    elsewhere = {**made.env, "UV_CACHE_DIR": str(tmp_path / "another")}
    after = resolve(here, wanted, replace(made, refresh=True, env=elsewhere))
    assert (after.pins, before.stale, after.stale) == (before.pins, False, True)


def test_an_index_that_is_down_is_asked_once(here: Runtime, store: EnvironmentStore) -> None:
    with serving(store.root) as address:
        pass
    made = _served(store, address)
    for _ in range(2):
        with pytest.raises(MultirtError, match="does not answer"):
            resolve(here, InstallRequest(requirements=("alpha",)), made)
    assert made.unreachable.is_set()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("2.7", "packages are installed for Python 3.6 and newer", id="2.7"),
        pytest.param("jython", "packages are installed for Python 3.6 and newer", id="jython"),
        pytest.param("micropython", "Python 3.6 and newer, this is 3.4", id="micropython"),
        pytest.param("pyodide", "has no `venv`", id="pyodide"),
    ],
)
def test_refuses_runtimes_that_nothing_installs_for(
    runtime: Callable[[str], Runtime], store: EnvironmentStore, name: str, message: str
) -> None:
    with pytest.raises(UnresolvableError, match=message):
        resolve(runtime(name), InstallRequest(requirements=("alpha",)), store)


@pytest.mark.parametrize(
    ("wanted", "kind", "message"),
    [
        pytest.param(
            InstallRequest(requirements=("a >< 1",)), "requirements", "><", id="no-requirement"
        ),
        pytest.param(
            InstallRequest(requirements=("alpha",), exclude_newer="soon"),
            "requirements",
            "soon",
            id="date",
        ),
        pytest.param(
            InstallRequest(wheels=(Path("x.whl"),)), "wheel", "not a wheel: x.whl", id="name"
        ),
        pytest.param(
            InstallRequest(wheels=(Path("x-1-py3-none-any.whl"),)),
            "wheel",
            "cannot read",
            id="absent",
        ),
        pytest.param(
            InstallRequest(editable=(Path("/"),)), "project", "no project", id="no-project"
        ),
        pytest.param(
            InstallRequest(lock=Path("/no/lock")), "lock", "cannot read /no/lock", id="no-lock"
        ),
    ],
)
def test_refuses_what_cannot_be_wanted(
    here: Runtime, store: EnvironmentStore, wanted: InstallRequest, kind: str, message: str
) -> None:
    with pytest.raises(MultirtError, match=message) as raised:
        resolve(here, wanted, store)
    assert raised.value.kind == kind


def test_a_file_that_is_no_archive_is_no_wheel(
    here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    file = tmp_path / "x-1-py3-none-any.whl"
    file.write_bytes(b"no archive")
    with pytest.raises(MultirtError, match="not a wheel"):
        resolve(here, InstallRequest(wheels=(file,)), store)


@pytest.mark.parametrize(
    ("requirement", "newest"),
    [pytest.param("several", "2.0", id="all"), pytest.param("several<2", "1.2", id="some")],
)
def test_of_several_releases_without_a_wheel_the_newest_is_named(
    here: Runtime, store: EnvironmentStore, requirement: str, newest: str
) -> None:
    with pytest.raises(UnresolvableError) as raised:
        resolve(here, InstallRequest(requirements=(requirement,)), store)
    printed = f"several {newest} has no wheel for it; there are cp310-cp310"
    assert raised.value.message.endswith(printed)


@pytest.mark.network
def test_builds_only_when_allowed(here: Runtime, tmp_path: Path, uv_cache: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "UV_CACHE_DIR": str(uv_cache)}
    online = EnvironmentStore(tmp_path / "store", env)
    with pytest.raises(UnresolvableError) as raised:
        resolve(here, InstallRequest(requirements=("docopt==0.6.2",)), online)
    assert raised.value.missing_wheels == (MissingWheel(name="docopt", version="0.6.2", tags=()),)
    assert raised.value.message == "docopt 0.6.2 has no wheel at all, only sources"
    wanted = InstallRequest(requirements=("docopt==0.6.2",), build=True)
    assert _versions(here, wanted, online) == {"docopt": "0.6.2"}


def test_settings_for_other_pythons_do_not_count(here: Runtime, store: EnvironmentStore) -> None:
    misled = {"PYTHONPATH": "/no", "UV_PYTHON": "2.7", "UV_TARGET": "/no", "VIRTUAL_ENV": "/no"}
    led = replace(store, env={**store.env, **misled})
    assert _versions(here, InstallRequest(requirements=("alpha",)), led) == {"alpha": "2.0"}
