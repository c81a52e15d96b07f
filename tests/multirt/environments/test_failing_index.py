"""An index that fails for a while: the failure is named, and is not cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.environments import EnvironmentStore, InstallRequest, UnresolvableError, build, resolve
from multirt.errors import MultirtError
from tests.factories.index import make_wheel, serving, serving_faultily

if TYPE_CHECKING:
    from pathlib import Path

    from runtimes import Runtime

ALPHA = InstallRequest(requirements=("alpha",))
FAULTS = (
    "HTML wheel",
    "truncated wheel",
    "cut wheel",
    "absent wheel",
    "HTTP 403 wheel",
    "HTML page",
    "JSON",
    "HTTP 403",
    "HTTP 500",
    "slow",
)


@pytest.fixture
def own_index(tmp_path: Path, variables: dict[str, str]) -> dict[str, str]:
    """Return variables without an index, and a cache of uv of their own."""
    del variables["UV_NO_INDEX"], variables["UV_FIND_LINKS"]
    fast = {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "1"}
    return {**variables, **fast, "UV_CACHE_DIR": str(tmp_path / "uv")}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_is_named_and_not_cached(
    here: Runtime, tmp_path: Path, wheels: Path, own_index: dict[str, str], fault: str
) -> None:
    with serving_faultily(wheels, fault) as (address, index):
        env = {**own_index, "UV_DEFAULT_INDEX": address}
        with pytest.raises(MultirtError) as raised:
            resolve(here, ALPHA, EnvironmentStore(tmp_path / "store", env))
        if fault != "HTML page":  # uv reads an index page without files
            assert raised.value.kind == "index", raised.value.message
            assert not isinstance(raised.value, UnresolvableError)
        index.fault = None
        (pin,) = resolve(here, ALPHA, EnvironmentStore(tmp_path / "store", env)).pins
    assert pin.version == "2.0"


@pytest.mark.parametrize("fault", ["HTML wheel", "truncated wheel", "cut wheel", "slow"])
def test_a_damaged_download_is_installed_when_the_index_is_well(
    here: Runtime, tmp_path: Path, wheels: Path, own_index: dict[str, str], fault: str
) -> None:
    with serving_faultily(wheels, fault) as (address, index):
        env = {**own_index, "UV_DEFAULT_INDEX": address}
        store = EnvironmentStore(tmp_path / "store", env)
        index.fault = None
        resolution = resolve(here, ALPHA, store)
        store = EnvironmentStore(
            tmp_path / "store", {**env, "UV_CACHE_DIR": str(tmp_path / "other")}
        )
        index.fault = fault
        with pytest.raises(MultirtError) as raised:
            build(here, resolution, store)
        assert raised.value.kind == "index", raised.value.message
        index.fault = None
        store = EnvironmentStore(tmp_path / "store", store.env)
        assert build(here, resolution, store).python.exists()


def test_an_absent_version_is_cached(
    here: Runtime, tmp_path: Path, own_index: dict[str, str]
) -> None:
    make_wheel(tmp_path / "index", "alpha", "1.0")
    newer = InstallRequest(requirements=("alpha>1",))
    with serving(tmp_path / "index") as address:
        store = EnvironmentStore(tmp_path / "store", {**own_index, "UV_DEFAULT_INDEX": address})
        with pytest.raises(UnresolvableError):
            resolve(here, newer, store)
    with pytest.raises(UnresolvableError) as raised:  # the index is gone, and not needed
        resolve(here, newer, EnvironmentStore(tmp_path / "store", store.env))
    assert "alpha>1" in raised.value.message
