"""Wheels that are laid out as an installer would, and archives that are not unpacked."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from abi_probe import UnreadableError, unpack_wheel
from tests.abi_probe.test_wheel import packed

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_of_data_goes_to_its_place(tmp_path: Path) -> None:
    wheel = tmp_path / "spam.whl"
    data = "spam-1.0.data"
    files = {
        "spam/__init__.py": b"1",
        f"{data}/purelib/pure.py": b"2",
        f"{data}/platlib/spam/fast.so": b"3",
        f"{data}/data/lib/libspam.so": b"4",
        f"{data}/scripts/spam": b"5",
        f"{data}/headers/spam.h": b"6",
    }
    wheel.write_bytes(packed(files))
    root = unpack_wheel(wheel, tmp_path / "prefix")
    assert root == tmp_path / "prefix" / "lib" / "python3" / "site-packages"
    found = {
        path.relative_to(tmp_path / "prefix").as_posix(): path.read_bytes()
        for path in (tmp_path / "prefix").rglob("*")
        if path.is_file()
    }
    packages = "lib/python3/site-packages"
    assert found == {
        f"{packages}/spam/__init__.py": b"1",
        f"{packages}/pure.py": b"2",
        f"{packages}/spam/fast.so": b"3",
        "lib/libspam.so": b"4",
    }


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param({"../out.py": b""}, "outside", id="out"),
        pytest.param({"/etc/out.py": b""}, "outside", id="absolute"),
        pytest.param({"spam-1.0.data/data/../../../../out": b""}, "outside", id="data"),
        pytest.param({"bomb.py": bytes(100 << 20)}, "unpacks from", id="bomb"),
        pytest.param({"a": b"", "a/b": b""}, "exists", id="a-file-that-is-a-folder"),
    ],
)
def test_refused(files: dict[str, bytes], text: str, tmp_path: Path) -> None:
    wheel = tmp_path / "spam.whl"
    wheel.write_bytes(packed(files, zipfile.ZIP_DEFLATED))
    with pytest.raises(UnreadableError, match=text):
        unpack_wheel(wheel, tmp_path / "deep" / "prefix")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "spam.whl"]
    assert not list(tmp_path.rglob("out*"))


def test_no_archive(tmp_path: Path) -> None:
    (tmp_path / "spam.whl").write_bytes(b"PK")
    with pytest.raises(UnreadableError):
        unpack_wheel(tmp_path / "spam.whl", tmp_path / "prefix")
