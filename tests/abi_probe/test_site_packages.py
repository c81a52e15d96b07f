"""Distributions installed in a folder, with more or less of their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from abi_probe.errors import NothingToProbeError, UnreadableError
from abi_probe.model import ArtifactKind
from abi_probe.site_packages import (
    installed_paths,
    open_site,
    owners,
    read_folder,
    read_installed,
    read_installed_metadata,
    read_single_file,
)
from tests.factories.artifacts import LIBRARY, SPAM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

METADATA = b"Name: Spam\nVersion: 1.0\n"
INFO = "spam-1.0.dist-info"
MODULE = "spam.cpython-311-x86_64-linux-gnu.so"


def laid_out(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write some files below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


@pytest.mark.parametrize(
    ("files", "modules", "libraries"),
    [
        pytest.param(
            {
                f"{INFO}/METADATA": METADATA,
                f"{INFO}/RECORD": f"{MODULE},,\nspam.libs/libhelper.so.1,,\n".encode(),
                MODULE: SPAM,
                "spam.libs/libhelper.so.1": LIBRARY,
                "other/spam.abi3.so": SPAM,
            },
            ["spam"],
            ["spam.libs/libhelper.so.1"],
            id="record",
        ),
        pytest.param(
            {
                f"{INFO}/METADATA": METADATA,
                f"{INFO}/top_level.txt": b"eggs\n_spam\n",
                "eggs/spam.abi3.so": SPAM,
                "eggs/__pycache__/spam.abi3.so": SPAM,
                "other/spam.abi3.so": SPAM,
            },
            ["eggs.spam"],
            [],
            id="top-level",
        ),
        pytest.param(
            {"spam-1.0-py3.11.egg-info/PKG-INFO": METADATA, MODULE: SPAM, "spam.py": b""},
            ["spam"],
            [],
            id="egg-info-folder",
        ),
        pytest.param(
            {"spam-1.0.egg-info": METADATA, "spam/spam.so": SPAM}, ["spam.spam"], [], id="egg-file"
        ),
    ],
)
def test_files_of_a_distribution(
    tmp_path: Path, files: Mapping[str, bytes], modules: list[str], libraries: list[str]
) -> None:
    site = open_site(laid_out(tmp_path, files))
    read = read_installed(site.distributions["spam"])
    assert (read.kind, read.name, read.root) == (ArtifactKind.DISTRIBUTION, "spam", str(tmp_path))
    assert [each.module for each in read.extensions] == modules
    assert [str(path) for path in read.libraries] == libraries
    assert not read.trouble
    assert not read.warnings


def test_a_name_with_a_hyphen_has_a_module_without(tmp_path: Path) -> None:
    site = open_site(laid_out(tmp_path, {"a_b-1.egg-info": b"Name: a-b\n", "a_b/c.py": b""}))
    paths = installed_paths(site.distributions["a-b"])
    assert [str(path) for path in paths] == ["a_b/c.py"]


def test_the_first_of_two_versions_counts(tmp_path: Path) -> None:
    laid_out(tmp_path, {f"spam-{each}.dist-info/METADATA": METADATA for each in ("1.0", "2.0")})
    laid_out(tmp_path, {".dist-info/METADATA": METADATA, "spam.py": b""})
    site = open_site(tmp_path)
    assert list(site.distributions) == ["spam"]
    assert site.distributions["spam"].info.name == "spam-1.0.dist-info"


def test_files_that_are_gone_are_warnings(tmp_path: Path) -> None:
    record = f"{MODULE},,\nspam.py,,\n".encode()
    laid_out(tmp_path, {f"{INFO}/METADATA": METADATA, f"{INFO}/RECORD": record})
    read = read_installed(open_site(tmp_path).distributions["spam"])
    assert read.warnings == (f"RECORD lists {MODULE}, which is not there",)
    assert not read.trouble
    assert not read.extensions


def test_a_damaged_file_is_trouble(tmp_path: Path) -> None:
    files = {f"{INFO}/METADATA": METADATA, MODULE: SPAM[:100]}
    read = read_installed(open_site(laid_out(tmp_path, files)).distributions["spam"])
    assert [str(path) for path, _ in read.trouble] == [MODULE]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({f"{INFO}/METADATA": b"\0"}, id="no-name"),
        pytest.param({f"{INFO}/RECORD": b""}, id="no-metadata"),
        pytest.param(
            {f"{INFO}/METADATA": METADATA, f"{INFO}/RECORD": b"x" * 200_000}, id="record-no-table"
        ),
    ],
)
def test_broken_records(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    site = open_site(laid_out(tmp_path, files))
    with pytest.raises(UnreadableError):
        read_installed(site.distributions["spam"])


def test_the_wheel_record_has_the_tags(tmp_path: Path) -> None:
    files = {f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": b"Tag: cp38-abi3-linux_x86_64\n"}
    installed = open_site(laid_out(tmp_path, files)).distributions["spam"]
    assert {str(tag) for tag in read_installed(installed).tags} == {"cp38-abi3-linux_x86_64"}
    assert read_installed_metadata(installed).name == "spam"


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        pytest.param("shared", {"one", "two"}, id="namespace"),
        pytest.param("shared.first", {"one"}, id="first-part"),
        pytest.param("shared.first.deep", {"one"}, id="below-the-first-part"),
        pytest.param("shared.second", {"two"}, id="extension"),
        pytest.param("shared.third", {"one", "two"}, id="of-neither"),
        pytest.param("alone", {"two"}, id="module"),
        pytest.param("nowhere", None, id="unknown"),
    ],
)
def test_owners(tmp_path: Path, module: str, expected: set[str] | None) -> None:
    records = {
        "one": b"one-1.dist-info/RECORD,,\nshared/first/__init__.py,,\nshared/first/deep.py,,\n",
        "two": b'"",,\nshared/second.abi3.so,,\nalone.py,,\n',
        "broken": b"x" * 200_000,
    }
    laid_out(tmp_path, {f"{name}-1.dist-info/RECORD": text for name, text in records.items()})
    found = owners(open_site(tmp_path), [module])
    assert found == ({module: expected} if expected else {})


def test_a_folder_without_metadata(tmp_path: Path) -> None:
    laid_out(tmp_path, {"eggs/spam.abi3.so": SPAM, "eggs/__init__.py": b"", "notes.txt": b""})
    read = read_folder(tmp_path)
    assert (read.kind, read.root) == (ArtifactKind.SITE, str(tmp_path))
    assert [each.module for each in read.extensions] == ["eggs.spam"]
    assert read.sources == {"eggs"}


def test_a_folder_without_packages(tmp_path: Path) -> None:
    with pytest.raises(NothingToProbeError):
        read_folder(laid_out(tmp_path, {"notes.txt": b""}))


def test_no_folder(tmp_path: Path) -> None:
    laid_out(tmp_path, {"file": b""})
    for name in ("file", "gone"):
        with pytest.raises(UnreadableError):
            open_site(tmp_path / name)
        with pytest.raises(UnreadableError):
            read_folder(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "modules", "libraries"),
    [
        pytest.param("spam.abi3.so", SPAM, ["spam"], [], id="module"),
        pytest.param("libhelper.so.1", LIBRARY, [], ["libhelper.so.1"], id="library"),
        pytest.param("helper", LIBRARY, [], ["helper"], id="without-an-ending"),
    ],
)
def test_a_single_file(
    tmp_path: Path, name: str, content: bytes, modules: list[str], libraries: list[str]
) -> None:
    read = read_single_file(laid_out(tmp_path, {name: content}) / name)
    assert [each.module for each in read.extensions] == modules
    assert [str(path) for path in read.libraries] == libraries
    assert read.kind is ArtifactKind.FILE
