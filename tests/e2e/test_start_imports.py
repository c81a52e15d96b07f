"""What a start without a plan imports: each module is paid for at every first start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_THIRD_PARTY = {"msgspec", "packaging", "typing_extensions"}  # the last is refused to msgspec
_MOST_MODULES = 260


def test_a_plain_start_imports_few_modules_and_two_third_party_packages(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    env["MULTIRT_CACHE_DIR"] = str(tmp_path / "cache")
    command = [sys.executable, "-X", "importtime", "-m", "multirt", "run", "tool.py"]
    for number in range(3):
        (tmp_path / "tool.py").write_text(f"print({number})\n")
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
    names = re.findall(r"import time:\s+\d+ \|\s+\d+ \|\s*(\S+)", done.stderr)
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    ours = {"multirt", "runtimes", "abi_probe"}
    of_the_environment = {"_distutils_hack", "sitecustomize", "org", "imported"}
    assert tops - ours - of_the_environment <= _THIRD_PARTY
    assert not {"typer", "rich", "click"} & tops
    late = {"hashlib", "inspect", "json", "shutil", "subprocess", "tokenize", "tomllib"}
    assert not late & {*names}
    assert len(names) <= _MOST_MODULES
