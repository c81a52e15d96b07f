"""`multirt probe --index` and `--coverage`, with a package index on this machine."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from multirt.errors import OperationError
from multirt.probe import index
from multirt.probe.model import NullProgress
from tests.factories.index import ResumingIndex, serving, serving_faultily, serving_with
from tests.factories.probe_wheels import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require

TAGS = (
    "cp38-abi3-manylinux_2_17_x86_64",
    "cp312-cp312-musllinux_1_2_x86_64",
    "cp39-cp39-android_24_arm64_v8a",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the wheels of two releases."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for tag in TAGS:
        write_wheel(folder, f"spam-2.0-{tag}.whl", "PyList_New")
    names = ("PyList_New", "_PyList_Extend")
    write_wheel(
        folder, f"spam-1.0-{TAGS[0]}.whl", *names, **{"spam/data": str(tmp_path).encode() * 20_000}
    )  # in no cache
    return folder


def test_every_wheel_of_the_newest_release_is_judged(multirt: Command, folder: Path) -> None:
    with serving(folder) as address:
        done = multirt("probe", "--index", "spam", "--json", UV_DEFAULT_INDEX=address)
    targets = json.loads(done.stdout)["targets"]
    assert [each["target"].rpartition("/")[2] for each in targets] == sorted(
        f"spam-2.0-{tag}.whl" for tag in TAGS
    )
    assert [len(each["runtimes"]) > 0 for each in targets] == [True, True, False]
    assert done.returncode == 1  # for a promise of the second


def test_a_release_can_be_named(multirt: Command, folder: Path) -> None:
    with serving(folder) as address:
        done = multirt("probe", "--index", "spam==1.0", UV_DEFAULT_INDEX=address)
    assert "_PyList_Extend" in done.stdout
    assert done.returncode == 1


def test_runtimes_that_are_named_count_in_place_of_the_tags(multirt: Command, folder: Path) -> None:
    with serving(folder) as address:
        done = multirt(
            "probe", "--index", "spam==1.0", "--runtime", "3.9", "--json", UV_DEFAULT_INDEX=address
        )
    (target,) = json.loads(done.stdout)["targets"]
    assert len(target["runtimes"]) == 1


def test_coverage_names_what_no_wheel_serves(multirt: Command, folder: Path) -> None:
    with serving(folder) as address:
        found = multirt(
            "probe", "--index", "spam", "--coverage", "--json", UV_DEFAULT_INDEX=address
        )
        shown = multirt("probe", "--index", "spam", "--coverage", UV_DEFAULT_INDEX=address)
    coverage = {each["platform"]: each for each in json.loads(found.stdout)["coverage"]}
    assert coverage["musllinux x86_64"]["served"] == ["cpython-3.12"]
    assert "cpython-3.12" in coverage["manylinux x86_64"]["served"]
    assert "cpython-3.8" in coverage["musllinux x86_64"]["missing"]
    assert coverage["win amd64"]["served"] == []
    assert "musllinux x86_64: CPython 3.12; not CPython 3.8 to 3.11" in shown.stdout
    assert "no wheel" in shown.stdout


def test_coverage_judges_on_the_runtimes_of_the_tags(multirt: Command, folder: Path) -> None:
    implied = multirt("probe", str(folder), "--coverage", "--json")
    named = multirt("probe", str(folder), "--coverage", "--json", "--runtime", "auto")
    assert (implied.stdout, implied.returncode) == (named.stdout, named.returncode)


def test_coverage_of_runtimes_here_counts_the_platforms_of_the_wheel(
    multirt: Command, tmp_path: Path, require: Require
) -> None:
    require("system")
    wheel = write_wheel(tmp_path, "spam-1.0-cp36-abi3-manylinux_2_17_x86_64.whl", "PyList_New")
    done = multirt("probe", str(wheel), "--coverage", "--json", "-p", "cpython>=3.6")
    served = {each["platform"]: each["served"] for each in json.loads(done.stdout)["coverage"]}
    assert served["manylinux x86_64"]
    assert served["win amd64"] == served["musllinux x86_64"] == []


def test_a_second_run_downloads_nothing_that_has_a_hash(multirt: Command, folder: Path) -> None:
    with serving_with(ResumingIndex, folder) as (address, server):
        for _ in range(2):
            multirt("probe", "--index", "spam==1.0", UV_DEFAULT_INDEX=address)
        assert server.sent == [0]


def test_a_download_that_broke_off_goes_on_where_it_was(multirt: Command, folder: Path) -> None:
    with serving_with(ResumingIndex, folder) as (address, server):
        server.breaks_off = 1
        done = multirt("probe", "--index", "spam==1.0", UV_DEFAULT_INDEX=address)
        first, second = server.sent
    assert first == 0 < second
    assert done.returncode == 1, done.stderr  # for its promise


def test_a_wheel_that_has_another_hash_is_refused(multirt: Command, folder: Path) -> None:
    with serving_with(ResumingIndex, folder) as (address, server):
        server.wrong_hash = True
        done = multirt("probe", "--index", "spam", UV_DEFAULT_INDEX=address)
    assert "does not have the hash that the index names" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        pytest.param("absent wheel", 2, "cannot download it: 404", id="vanished"),
        pytest.param("cut wheel", 2, "cannot download it", id="cut"),
        pytest.param("HTML wheel", 2, "spam-2.0", id="a page in its place"),
        pytest.param("HTTP 500", 125, "the index did not answer for spam", id="failing"),
        pytest.param("JSON", 125, "the index did not answer for spam", id="damaged"),
        pytest.param("HTML page", 2, "no wheels of spam", id="login page"),
    ],
)
def test_a_faulty_index_gets_one_line(
    multirt: Command, folder: Path, fault: str, code: int, message: str
) -> None:
    with serving_faultily(folder, fault) as (address, _):
        done = multirt("probe", "--index", "spam", UV_DEFAULT_INDEX=address)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        pytest.param("ham", 2, "no index has ham", id="absent"),
        pytest.param("spam==3", 2, "the newest release with wheels is 2.0", id="no such release"),
        pytest.param("spam>=1", 2, "write NAME or NAME==VERSION", id="a range"),
        pytest.param("a b", 2, "invalid release for --index", id="no name"),
    ],
)
def test_what_the_index_does_not_have_is_named(
    multirt: Command, folder: Path, name: str, code: int, message: str
) -> None:
    with serving(folder) as address:
        done = multirt("probe", "--index", name, UV_DEFAULT_INDEX=address)
    assert message in done.stderr
    assert done.returncode == code


def test_an_index_that_is_not_there_gets_one_line(multirt: Command) -> None:
    done = multirt("probe", "--index", "spam", UV_DEFAULT_INDEX="http://127.0.0.1:9/simple")
    assert "the index did not answer for spam" in done.stderr
    assert done.returncode == 125


def test_a_password_of_an_index_is_not_shown(multirt: Command, folder: Path) -> None:
    for fault in ("absent wheel", "HTTP 403"):
        with serving_faultily(folder, fault) as (address, _):
            known = address.replace("://", "://user:secret@")
            done = multirt("probe", "--index", "spam", UV_DEFAULT_INDEX=known)
        assert "for url: http://127.0.0.1" in done.stderr
        assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("limit", "fault", "message"),
    [
        pytest.param("_TIMEOUT", "slow", "the index did not answer for spam: timed out", id="slow"),
        pytest.param("_MINUTE", "trickle", "less than 10 kB a second", id="trickle"),
    ],
)
def test_a_slow_index_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str, fault: str, message: str
) -> None:
    monkeypatch.setattr(index, limit, 0.2)
    monkeypatch.setattr(index, "_CHUNK", 1)
    with serving_faultily(folder, fault) as (address, _):
        env = {"UV_DEFAULT_INDEX": address}
        try:
            found = index.download_release(
                "spam==1.0", env, folder.parent / "cache", NullProgress()
            )
        except OperationError as error:
            messages = [str(error)]
        else:
            messages = [each["error"]["message"] for each in found.failed if each["error"]]
    assert len(messages) == 1
    assert message in messages[0]


def test_two_downloads_at_a_time_share_the_cache(
    multirt: Command, folder: Path, tmp_path: Path
) -> None:
    with serving_with(ResumingIndex, folder) as (address, found), ThreadPoolExecutor(2) as pool:
        env = {"UV_DEFAULT_INDEX": address, "MULTIRT_CACHE_DIR": str(tmp_path / "shared")}
        arguments = ("probe", "--index", "spam==1.0", "--json")
        one, two = pool.map(lambda _: multirt(*arguments, **env), range(2))
        assert found.sent == [0]
    assert one.stdout == two.stdout


def test_a_folder_of_wheels_means_its_wheels(multirt: Command, folder: Path) -> None:
    done = multirt("probe", str(folder), "--runtime", "auto", "--json")
    assert len(json.loads(done.stdout)["targets"]) == 4
