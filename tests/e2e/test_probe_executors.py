"""The same work in turn, in processes and on a cluster, where some of them die."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from abi_probe import open_site
from multirt.environments.abi_target import described_prospect
from multirt.errors import MultirtError, OperationError
from multirt.probe.executors import on_cluster, run_locally
from multirt.probe.model import ProbeTask, RuntimeTargets
from tests.clusters import LocalCluster, local_cluster
from tests.factories.probe_wheels import HERE, TAG, install, write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Command


_COUNT = 12


@pytest.fixture
def many(tmp_path: Path) -> list[str]:
    """Return the names of many wheels, one of which is broken."""
    paths = [
        write_wheel(tmp_path, f"w{index}-1.0-{TAG}.whl", "PyList_New") for index in range(_COUNT)
    ]
    paths[5].write_bytes(b"PK")
    return [path.name for path in paths]


class _Deadly:
    """A prospect that ends the process which asks it anything, as a lack of memory would."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def __getattr__(self, name: str) -> object:
        if os.getpid() != self.pid:
            os.kill(os.getpid(), signal.SIGKILL)
        raise AttributeError(name)


def test_a_cluster_without_workers_is_reported(many: list[str], tmp_path: Path) -> None:
    tasks = [ProbeTask(target=many[0], path=tmp_path / many[0])]
    with local_cluster(tmp_path) as cluster:
        work = on_cluster(tasks, RuntimeTargets(), f"dask://{cluster.address}", patience=0.5)
        with pytest.raises(OperationError, match="has no workers"):
            next(work)


def test_what_a_worker_cannot_do_is_reported(many: list[str], tmp_path: Path) -> None:
    tasks = [ProbeTask(target=many[0], path=tmp_path / many[0])]
    with local_cluster(tmp_path) as cluster:
        cluster.worker()
        wrong = RuntimeTargets(here=[object()])  # type: ignore[list-item]
        work = on_cluster(tasks, wrong, f"dask://{cluster.address}")
        with pytest.raises(MultirtError, match="a worker cannot do the work") as caught:
            next(work)
    assert "the same version of Python" in (caught.value.hint or "")


def test_processes_print_the_same(multirt: Command, many: list[str]) -> None:
    arguments = ("probe", "--runtime", HERE, "--json", *many)
    alone = multirt(*arguments, "--jobs", "1", MULTIRT_CACHE_DIR="cache-1")
    spread = multirt(*arguments, "--jobs", "3", MULTIRT_CACHE_DIR="cache-3")
    assert [each["target"] for each in json.loads(alone.stdout)["targets"]] == many
    assert (spread.stdout, spread.returncode) == (alone.stdout, alone.returncode)


def test_processes_share_a_site(multirt: Command, tmp_path: Path) -> None:
    site = tmp_path / "site"
    for index in range(_COUNT):
        install(site, write_wheel(tmp_path, f"w{index}-1.0-{TAG}.whl", "PyList_New"))
    arguments = ("probe", "--runtime", HERE, "--json", "site")
    alone = multirt(*arguments, "--jobs", "1", MULTIRT_CACHE_DIR="cache-1")
    spread = multirt(*arguments, "--jobs", "3", MULTIRT_CACHE_DIR="cache-3")
    names = [each["name"] for each in json.loads(alone.stdout)["targets"]]
    assert names == sorted(f"w{index}" for index in range(_COUNT))
    assert (spread.stdout, spread.returncode) == (alone.stdout, alone.returncode)
    known = multirt(*arguments, "--jobs", "3", MULTIRT_CACHE_DIR="cache-3")
    assert known.stdout == alone.stdout


def test_a_part_that_kills_its_process_is_reported(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name in ("one", "two"):
        install(site, write_wheel(tmp_path, f"{name}-1.0-{TAG}.whl", "PyList_New"))
    parts = open_site(site).distributions.values()
    tasks = [ProbeTask(target="site", path=site, part=each) for each in parts]
    deadly = RuntimeTargets(here=[_Deadly(os.getpid())])  # type: ignore[list-item]
    done = dict(run_locally(tasks, deadly, 2))
    errors = [done[index].reports[0]["error"] for index in range(2)]
    assert [error["kind"] for error in errors if error] == ["lost"] * 2


def test_a_task_that_kills_its_process_is_reported(many: list[str], tmp_path: Path) -> None:
    tasks = [ProbeTask(target=name, path=tmp_path / name) for name in many[:3]]
    deadly = RuntimeTargets(here=[_Deadly(os.getpid())])  # type: ignore[list-item]
    done = dict(run_locally(tasks, deadly, 2))
    errors = [done[index].reports[0]["error"] for index in range(3)]
    assert [error["kind"] for error in errors if error] == ["lost"] * 3


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    pytest.importorskip("distributed")
    with local_cluster(tmp_path_factory.mktemp("dask")) as started:
        yield started


def test_a_cluster_prints_the_same(
    multirt: Command, many: list[str], cluster: LocalCluster
) -> None:
    cluster.worker()
    cluster.worker()
    arguments = ("probe", "--runtime", HERE, "--json", *many)
    alone = multirt(*arguments, MULTIRT_CACHE_DIR="cache-1")
    spread = multirt(
        *arguments, "--executor", f"dask://{cluster.address}", MULTIRT_CACHE_DIR="cache-2"
    )
    assert (spread.stdout, spread.returncode) == (alone.stdout, alone.returncode)


def test_a_cluster_judges_each_wheel_on_the_runtimes_of_its_tags(
    multirt: Command, many: list[str], tmp_path: Path, cluster: LocalCluster
) -> None:
    cluster.worker()
    other = write_wheel(tmp_path, "other-1.0-cp38-abi3-win_amd64.whl", "PyList_New").name
    arguments = ("probe", "--runtime", "auto", "--json", *many, other)
    alone = multirt(*arguments, MULTIRT_CACHE_DIR="cache-1")
    spread = multirt(
        *arguments, "--executor", f"dask://{cluster.address}", MULTIRT_CACHE_DIR="cache-2"
    )
    assert (spread.stdout, spread.returncode) == (alone.stdout, alone.returncode)
    judged_on = [each["runtimes"] for each in json.loads(alone.stdout)["targets"]]
    assert judged_on[0][0]["runtime"] != judged_on[-1][0]["runtime"] == "cpython-3.8-win_amd64"


@pytest.mark.parametrize(
    "deaths", [pytest.param(1, id="one of two"), pytest.param(2, id="both, and a new one comes")]
)
def test_workers_that_die_in_the_middle(
    many: list[str], tmp_path: Path, cluster: LocalCluster, deaths: int
) -> None:
    workers = [cluster.worker(), cluster.worker()]
    tasks = [ProbeTask(target=name, path=tmp_path / name) for name in many * 20]
    prospects = RuntimeTargets(here=[described_prospect(HERE)])
    expected = {index: done.reports for index, done in run_locally(tasks, prospects, 1)}
    work = on_cluster(tasks, prospects, f"dask://{cluster.address}")
    index, done = next(work)
    found = {index: done.reports}
    for worker in workers[:deaths]:
        os.kill(worker, signal.SIGKILL)
    if deaths == len(workers):
        cluster.worker()
    found |= {index: done.reports for index, done in work}
    assert found == expected
