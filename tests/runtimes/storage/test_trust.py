"""What another user could have written is refused, wherever on the way to it that shows."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtimes.storage import trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OTHER = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of the user with a file two folders down."""
    folder = tmp_path / "home" / "top" / "inner"
    trust.make_folder(folder)
    (folder / "file").write_bytes(b"content")
    (folder / "file").chmod(0o600)
    return tmp_path / "home"


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    """Return `os.umask`, whose effect ends with the test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def _link(path: Path) -> None:
    real = path.with_name("real")
    path.rename(real)
    path.symlink_to(real)


def _foreign_link(path: Path) -> None:
    _link(path)
    os.chown(path, OTHER, -1, follow_symlinks=False)


SPOILED = [
    pytest.param("top/inner/file", lambda path: path.chmod(0o602), id="file writable by others"),
    pytest.param("top/inner/file", lambda path: path.chmod(0o620), id="file writable by a group"),
    pytest.param("top/inner/file", _link, id="file is a link"),
    pytest.param("top/inner", lambda path: path.chmod(0o707), id="folder writable by others"),
    pytest.param("top/inner", lambda path: path.chmod(0o770), id="folder writable by a group"),
    pytest.param("top/inner", lambda path: path.chmod(0o1777), id="folder is sticky"),
    pytest.param("top/inner", _link, id="folder is a link"),
    pytest.param("top", lambda path: path.chmod(0o707), id="folder above writable by others"),
    pytest.param(
        "top/inner/file", lambda path: os.chown(path, OTHER, -1), id="foreign file", marks=AS_ROOT
    ),
    pytest.param(
        "top/inner", lambda path: os.chown(path, OTHER, -1), id="foreign folder", marks=AS_ROOT
    ),
    pytest.param(
        "top", lambda path: os.chown(path, OTHER, -1), id="foreign folder above", marks=AS_ROOT
    ),
    pytest.param("top", _foreign_link, id="foreign link above", marks=AS_ROOT),
]


@pytest.mark.parametrize(("part", "spoil"), SPOILED)
def test_a_file_that_another_user_could_have_written_is_not_opened(
    home: Path, part: str, spoil: Callable[[Path], object]
) -> None:
    file = home / "top/inner/file"
    trust.check_file(file)
    spoil(home / part)
    with pytest.raises(trust.UntrustedError) as caught:
        trust.open_file(file)
    assert str(caught.value.filename).startswith(str(home / "top"))


@pytest.mark.parametrize(("part", "spoil"), [each for each in SPOILED if "file" not in each.id])  # type: ignore[operator]
def test_nothing_is_put_into_a_folder_that_another_user_can_write(
    home: Path, part: str, spoil: Callable[[Path], object]
) -> None:
    trust.check_folder(home / "top/inner")
    spoil(home / part)
    with pytest.raises(trust.UntrustedError):
        trust.make_folder(home / "top/inner")


def test_a_pipe_and_a_folder_are_not_opened_as_files(home: Path) -> None:
    os.mkfifo(home / "top/pipe", 0o600)
    for path in (home / "top/pipe", home / "top/inner"):
        with pytest.raises(trust.UntrustedError, match="not a regular file"):
            trust.open_file(path)


def test_an_absent_file_is_absent_and_not_refused(home: Path) -> None:
    for absent in ("top/absent", "absent/absent", "top/inner/file/absent"):
        with pytest.raises((FileNotFoundError, NotADirectoryError)):
            trust.open_file(home / absent)


@pytest.mark.usefixtures("home")
def test_the_user_may_reach_a_folder_through_links_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to("home/../home")
    trust.check_file(tmp_path / "elsewhere/top/inner/file")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        trust.check_file(tmp_path / "loop/inner/file")


def test_a_sticky_folder_above_may_be_shared(home: Path) -> None:
    home.chmod(0o1777)
    trust.check_file(home / "top/inner/file")
    home.chmod(0o777)
    with pytest.raises(trust.UntrustedError):
        trust.check_file(home / "top/inner/file")


@pytest.mark.parametrize("mask", [0, 0o002, 0o022, 0o077])
def test_new_folders_are_for_the_user_alone_under_any_umask(
    tmp_path: Path, umask: Callable[[int], int], mask: int
) -> None:
    umask(mask)
    trust.make_folder(tmp_path / "one/two/three")
    for name in ("one", "one/two", "one/two/three"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


@AS_ROOT
def test_no_folder_is_made_where_another_user_could_exchange_it(home: Path) -> None:
    os.chown(home, OTHER, -1)
    with pytest.raises(trust.UntrustedError):
        trust.make_folder(home / "one/two")
    assert not (home / "one").exists()


@AS_ROOT
def test_a_user_trusts_files_of_that_user_and_of_root_only() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        top = Path(name)
        top.chmod(0o755)
        for owner in (0, OTHER, OTHER - 1):
            (top / str(owner)).mkdir(mode=0o755)
            (top / str(owner) / "file").write_bytes(b"")
            (top / str(owner) / "file").chmod(0o644)
            os.chown(top / str(owner) / "file", owner, owner)
            os.chown(top / str(owner), owner, owner)
        os.setegid(OTHER)
        os.seteuid(OTHER)
        try:
            for owner in (0, OTHER):
                trust.check_file(top / str(owner) / "file")
            with pytest.raises(trust.UntrustedError, match=f"belongs to user {OTHER - 1}"):
                trust.check_file(top / str(OTHER - 1) / "file")
            (top / str(OTHER)).chmod(0o775)  # by the group that has the number of the user
            trust.check_folder(top / str(OTHER), group=True)
            with pytest.raises(trust.UntrustedError, match="other users can write it"):
                trust.check_folder(top / str(OTHER))
        finally:
            os.seteuid(0)
            os.setegid(0)


TREE = [
    pytest.param(lambda tree: (tree / "deep/file").chmod(0o666), id="file"),
    pytest.param(lambda tree: (tree / "deep").chmod(0o777), id="folder"),
    pytest.param(lambda tree: (tree / "deep").chmod(0o1777), id="sticky folder"),
    pytest.param(lambda tree: os.chown(tree / "deep/file", OTHER, -1), id="foreign", marks=AS_ROOT),
    pytest.param(
        lambda tree: os.chown(tree / "deep", OTHER, -1), id="foreign folder", marks=AS_ROOT
    ),
    pytest.param(lambda tree: _foreign_link(tree / "deep/file"), id="foreign link", marks=AS_ROOT),
]


@pytest.mark.parametrize("spoil", TREE)
def test_a_tree_is_refused_for_any_part_of_it(home: Path, spoil: Callable[[Path], object]) -> None:
    tree = home / "top/inner"
    (tree / "deep").mkdir()
    (tree / "deep/file").write_bytes(b"")
    (tree / "deep/link").symlink_to("/absent")
    tree.chmod(0o755)
    trust.check_tree(tree)
    spoil(tree)
    with pytest.raises(trust.UntrustedError):
        trust.check_tree(tree)


def test_modes_in_a_folder_that_others_cannot_enter_do_not_count(home: Path) -> None:
    tree = home / "top/inner"
    (tree / "file").chmod(0o666)
    trust.check_tree(tree)
    tree.chmod(0o711)
    with pytest.raises(trust.UntrustedError):
        trust.check_tree(tree)


def test_what_is_refused_in_one_folder_is_reported_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[trust.UntrustedError] = []
    monkeypatch.setattr(trust, "_listeners", [])
    trust.report_to(reports.append)
    for name in ("one", "two"):
        (home / name).write_bytes(b"")
        (home / name).chmod(0o666)
        with pytest.raises(trust.UntrustedError):
            trust.check_file(home / name)
    assert [error.filename for error in reports] == [str(home / "one")]
