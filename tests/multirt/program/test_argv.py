"""What the words of a command line mean."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from multirt.errors import MultirtError
from multirt.program import entry_of
from multirt.program.model import ProgramKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("args", "kind", "text", "own"),
    [
        pytest.param(["tool.py", "-x"], ProgramKind.SCRIPT, "tool.py", ("-x",), id="script"),
        pytest.param(["gone.py"], ProgramKind.SCRIPT, "gone.py", (), id="absent script"),
        pytest.param(["a/gone"], ProgramKind.SCRIPT, "a/gone", (), id="absent path"),
        pytest.param(["plain"], ProgramKind.SCRIPT, "plain", (), id="file without an ending"),
        pytest.param(["box"], ProgramKind.FOLDER, "box", (), id="folder"),
        pytest.param(["box.pyz", "1"], ProgramKind.FOLDER, "box.pyz", ("1",), id="archive"),
        pytest.param(
            ["-m", "json.tool", "-m"], ProgramKind.MODULE, "json.tool", ("-m",), id="module"
        ),
        pytest.param(["-mjson"], ProgramKind.MODULE, "json", (), id="joined module"),
        pytest.param(["-c", "1", "2"], ProgramKind.CODE, "1", ("2",), id="code"),
        pytest.param(["-", "1"], ProgramKind.STDIN, "", ("1",), id="stdin"),
        pytest.param(["black", "-"], ProgramKind.COMMAND, "black", ("-",), id="command"),
        pytest.param(["python", "-V"], ProgramKind.INTERPRETER, "", ("-V",), id="interpreter"),
        pytest.param([], ProgramKind.INTERPRETER, "", (), id="nothing"),
    ],
)
def test_entries(
    tmp_path: Path, args: list[str], kind: ProgramKind, text: str, own: tuple[str, ...]
) -> None:
    (tmp_path / "tool.py").write_text("")
    (tmp_path / "plain").write_text("")
    (tmp_path / "box").mkdir()
    with zipfile.ZipFile(tmp_path / "box.pyz", "w") as archive:
        archive.writestr("__main__.py", "")
    entry, arguments = entry_of(args, tmp_path)
    assert (entry.kind, entry.text, arguments) == (kind, text, own)


@pytest.mark.parametrize("option", ["-m", "-c"])
def test_an_option_needs_its_word(tmp_path: Path, option: str) -> None:
    with pytest.raises(MultirtError, match="needs a word after it"):
        entry_of([option], tmp_path)
