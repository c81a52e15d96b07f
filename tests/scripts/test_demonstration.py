"""The table of the demonstration, over a folder of packages that only look like the real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Require

TABLE = Path(__file__).parents[2] / "scripts" / "demonstration" / "table.py"
MODULES = {
    "_jsonnet.py": "def evaluate_snippet(*_): return '[1]'\n",
    "hf_xet.py": "def hash_files(_): return [type('Hash', (), {'hash': 'abcdefgh'})]\n",
    "six.py": "def ensure_str(text): return text\n",
    "tornado/__init__.py": "",
    "tornado/speedups.py": "def websocket_mask(*_): return b'masked'\n",
    "rpds.py": "class HashTrieMap(dict):\n    def insert(self, *_): return self\n",
}


@pytest.mark.real
def test_every_program_has_a_row_for_each_runtime(tmp_path: Path, require: Require) -> None:
    site = tmp_path / "demo-site"
    for name, text in MODULES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    (tmp_path / "bin").mkdir()
    for version in ("3.9", "3.12"):
        (tmp_path / "bin" / f"python{version}").symlink_to(require(version))
    done = subprocess.run(
        [sys.executable, TABLE, site],
        check=True,
        capture_output=True,
        env={
            "HOME": str(tmp_path),
            "MULTIRT_CACHE_DIR": str(tmp_path / "cache"),
            "PATH": str(tmp_path / "bin"),
        },
        text=True,
    )
    rows = [line.split() for line in done.stdout.splitlines() if " runs " in line]
    assert {(row[0].rpartition(".")[0], row[-3:][0]) for row in rows} >= {("cpython-3.9", "[1]")}
    assert sum(row[0].startswith("cpython-3.12") for row in rows) == 2
    assert "FAILED" not in done.stdout
