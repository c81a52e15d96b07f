"""The working copy of each run, whatever stands in the folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from multirt.errors import MultirtError
from multirt.experiments.compare import make_copy, relocate_path


def copied(origin: Path, folder: Path) -> Path:
    """Copy a folder under its only name."""
    make_copy((origin, origin), folder)
    return folder


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("{origin}/file", "{place}/file", id="into the folder"),
        pytest.param("{origin}", "{place}", id="the folder itself"),
        pytest.param("file", "file", id="relative"),
        pytest.param("/etc/passwd", "/etc/passwd", id="elsewhere"),
        pytest.param("{origin}-else/x", "{origin}-else/x", id="a name that begins alike"),
    ],
)
def test_a_link_leads_into_the_copy(tmp_path: Path, target: str, expected: str) -> None:
    origin, folder = tmp_path / "origin", tmp_path / "parent" / "copy"
    origin.mkdir()
    names = {"origin": str(origin), "place": str(folder)}
    (origin / "link").symlink_to(target.format(**names))
    assert str((copied(origin, folder) / "link").readlink()) == expected.format(**names)


def test_what_is_no_file_does_not_hinder(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    os.mkfifo(origin / "pipe")
    (origin / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(origin / "socket"))
        folder = copied(origin, tmp_path / "copy")
    assert (folder / "pipe").is_fifo()
    assert (folder / "dangling").is_symlink()
    assert not (folder / "socket").exists()


def test_a_copy_inside_its_folder_does_not_hold_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")
    (tmp_path / "parent").mkdir()
    folder = copied(tmp_path, tmp_path / "parent" / "copy")
    assert [each.name for each in folder.iterdir()] == ["file"]


def test_what_is_no_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MultirtError, match="no such folder to copy"):
        copied(tmp_path / "none", tmp_path / "copy")


def test_a_path_is_moved_by_each_name_of_the_folder() -> None:
    names, folder = (Path("/linked"), Path("/real")), Path("/copy")
    text = ("/linked/a", "/real/b", "/real", "/other", "-x")
    found = [relocate_path(part, names, folder) for part in text]
    assert found == ["/copy/a", "/copy/b", "/copy", "/other", "-x"]
