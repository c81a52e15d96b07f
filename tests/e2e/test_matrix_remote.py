"""Cells on the workers of a cluster: two that offer different runtimes, and some that die."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from msgspec import Struct

from tests.clusters import LocalCluster, local_cluster
from tests.factories.projects import pure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Command, Require
    from tests.e2e.conftest import Matrix


pytestmark = pytest.mark.network
# Each test says where it ran; one that is the first of its runtime and told to waits for its end.
MARKING = """\
import os
import sys
import time
import demo

def test_value():
    assert demo.VALUE == 1

def test_place():
    version = "%d.%d" % sys.version_info[:2]
    folder = os.environ["MARKS"]
    before = [name for name in os.listdir(folder) if name.startswith(version + "-")]
    open(os.path.join(folder, version + "-" + os.environ["WORKER"]), "w").close()
    here = os.getppid()  # whoever kills a worker leaves this process behind
    while version == os.environ.get("SLOW") and not before and os.getppid() == here:
        time.sleep(0.05)

def test_new():
    assert sys.version_info >= (3, 12), "too old"
"""


class Farm(Struct, frozen=True, kw_only=True):
    """A cluster whose workers offer runtimes, and what happens on it."""

    cluster: LocalCluster
    multirt: Command
    cache: Path
    marks: Path
    log: Path

    @property
    def address(self) -> str:
        return f"dask://{self.cluster.address}"

    def offer(self, name: str, *specs: str, **variables: str) -> int:
        """Start a worker that offers runtimes, and return its process."""
        offered = self.multirt("matrix", "offer", *specs).stdout.strip()
        variables |= {
            "WORKER": name,
            "MARKS": str(self.marks),
            "MULTIRT_CACHE_DIR": str(self.cache),
        }
        return self.cluster.worker("--nthreads", "2", "--resources", offered, **variables)

    def ran(self, version: str = "") -> list[str]:
        """Return where tests ran: `3.12-a`."""
        return sorted(path.name for path in self.marks.glob(f"{version}*"))

    def start(self, root: Path) -> subprocess.Popen[bytes]:
        """Start a matrix that prints to the log."""
        args = ["matrix", "--project", str(root), "--executor", self.address]
        with self.log.open("wb") as stream:
            return subprocess.Popen(
                [sys.executable, "-m", "multirt", *args],
                stdout=stream,
                stderr=stream,
                cwd=root,
                env={**os.environ, "MULTIRT_CACHE_DIR": str(self.cache), "COLUMNS": "100"},
            )

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            os.sched_yield()


@pytest.fixture
def farm(
    multirt: Command, cache: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Farm]:
    pytest.importorskip("distributed")
    marks, log = tmp_path / "marks", tmp_path / "log"
    marks.mkdir()
    with local_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield Farm(cluster=cluster, multirt=multirt, cache=cache, marks=marks, log=log)


def test_what_a_worker_offers(multirt: Command, require: Require) -> None:
    require("3.8")
    require("3.12")
    offered = multirt("matrix", "offer", "3.8", "3.12").stdout
    names = [each.partition("=")[0] for each in offered.strip().split(",")]
    assert {"cpython-3.8", "cpython-3.12"} <= {name.rpartition(".")[0] for name in names}
    done = multirt("matrix", "offer", "3.1")
    assert (done.returncode, done.stdout) == (127, "")


def test_two_workers_that_offer_different_runtimes(
    matrix: Matrix, require: Require, farm: Farm, tmp_path: Path
) -> None:
    for name in ("3.8", "3.12", "3.13"):
        require(name)
    root = pure(tmp_path, "3.8", "3.12", "3.13", tests=MARKING)
    here, local = matrix(root, "3.8", "3.12", MARKS=str(farm.marks), WORKER="here")
    assert farm.ran() == ["3.12-here", "3.8-here"]
    farm.offer("a", "3.8")
    farm.offer("b", "3.12")
    there, far = matrix(root, "3.8", "3.12", "--executor", farm.address)
    assert farm.ran() == ["3.12-b", "3.12-here", "3.8-a", "3.8-here"]
    same = ("state", "reason", "counts", "installed", "wheel", "runtime")
    assert [[cell[key] for key in same] for cell in far.values()] == [
        [cell[key] for key in same] for cell in local.values()
    ]
    assert there.returncode == here.returncode == 1
    assert there.stdout.count("AssertionError: too old") == 1
    assert "not built again" in there.stdout

    done, cells = matrix(root, "3.13", "--executor", farm.address)
    assert done.returncode == 3
    assert cells["3.13"]["reason"] == "no worker offers 3.13"


def test_a_worker_killed_in_the_middle(require: Require, farm: Farm, tmp_path: Path) -> None:
    for name in ("3.12", "3.13", "3.14"):
        require(name)
    root = pure(tmp_path, "3.12", "3.13", "3.14", tests=MARKING)
    workers = {
        "a": farm.offer("a", "3.12", "3.13", SLOW="3.13"),
        "b": farm.offer("b", "3.13", "3.14", SLOW="3.13"),
    }
    process = farm.start(root)
    others = re.compile(r"^3\.(?:12|14) .*passed", re.MULTILINE)
    farm.until(lambda: len(others.findall(farm.log.read_text())) == 2)
    farm.until(lambda: bool(farm.ran("3.13")))
    (first,) = farm.ran("3.13")
    os.kill(workers[first[-1]], signal.SIGKILL)
    assert process.wait(120) == 0, farm.log.read_text()
    assert farm.ran("3.13") == ["3.13-a", "3.13-b"]
    assert "3 of 3 runtimes passed" in farm.log.read_text()


@pytest.mark.parametrize(
    ("victim", "ending"),
    [
        pytest.param("worker", (3, "no worker offers cpython-3.12"), id="the only worker"),
        pytest.param("scheduler", (4, "the scheduler ended"), id="the scheduler"),
    ],
)
def test_a_run_ends_when_its_last_worker_or_the_scheduler_dies(
    require: Require, farm: Farm, tmp_path: Path, victim: str, ending: tuple[int, str]
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", tests=MARKING)
    worker = farm.offer("a", "3.12", SLOW="3.12")
    process = farm.start(root)
    farm.until(lambda: bool(farm.ran("3.12")))
    os.kill(worker if victim == "worker" else farm.cluster.scheduler, signal.SIGKILL)
    assert process.wait(120) == ending[0], farm.log.read_text()
    assert ending[1] in farm.log.read_text()
    assert "Traceback" not in farm.log.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "args"),
    [
        pytest.param(["--executor", "nonsense"], 2, "dask://HOST:PORT", id="no address"),
        pytest.param(["--executor", "ssh://x:1"], 2, "dask://HOST:PORT", id="no engine"),
        pytest.param(["--executor", "dask://127.0.0.1:1"], 125, "no Dask scheduler", id="nobody"),
        pytest.param(["--executor", "dask://h:1", "--cov"], 2, "--cov combines", id="coverage"),
    ],
)
def test_what_cannot_be(
    multirt: Command, tmp_path: Path, arguments: list[str], code: int, args: str
) -> None:
    root = pure(tmp_path, "3.12")
    done = multirt("matrix", "--project", str(root), *arguments)
    assert args in " ".join(done.stderr.split())
    assert done.returncode == code
