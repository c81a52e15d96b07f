"""What counts as a module in a folder of packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.selection.module_search import modules_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("spam.py", True),
        ("spam.so", True),
        ("spam.abi3.so", True),
        ("spam.cpython-38-x86_64-linux-gnu.so", True),
        ("spam.cp38-win_amd64.pyd", True),
        ("spammodule.so", True),
        ("spamming.so", False),
        ("spam.so.1", False),
        ("spam.txt", False),
        ("libspam.so", False),
    ],
)
def test_a_file_in_a_folder_of_packages_is_a_module(
    tmp_path: Path, name: str, *, there: bool
) -> None:
    (tmp_path / name).touch()
    assert modules_in([tmp_path], {"spam", "ham"}) == ({"spam"} if there else set())
