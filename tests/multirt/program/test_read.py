"""What is read from a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.errors import MultirtError
from multirt.program import RuntimeFacts, evaluate_guard
from multirt.program import read_program as read
from multirt.program.model import EntryPoint, Import, Program, ProgramKind

if TYPE_CHECKING:
    from pathlib import Path


def read_program(script: Path) -> Program:
    return read(EntryPoint(kind=ProgramKind.SCRIPT, text=str(script)), script.parent)


@pytest.mark.parametrize(
    ("source", "certain", "possible"),
    [
        pytest.param("import a.b, c\nfrom d import e", {"a.b", "c", "d"}, set(), id="plain"),
        pytest.param("from . import a\nfrom .b import c", set(), set(), id="relative"),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n import b", set(), {"a", "b"}, id="try"
        ),
        pytest.param("try:\n import a\nfinally:\n pass", {"a"}, set(), id="finally"),
        pytest.param("try:\n import a\nexcept OSError:\n pass", {"a"}, set(), id="other error"),
        pytest.param("def f():\n import a", set(), {"a"}, id="function"),
        pytest.param("class C:\n import a", {"a"}, set(), id="class body"),
        pytest.param("if x:\n import a\nelse:\n import b", set(), {"a", "b"}, id="condition"),
        pytest.param(
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import a\nelse:\n import b",
            {"typing", "b"},
            set(),
            id="for type checkers",
        ),
        pytest.param("print 'two'", set(), set(), id="another version's syntax"),
    ],
)
def test_imports_are_certain_or_possible(
    tmp_path: Path, source: str, certain: set[str], possible: set[str]
) -> None:
    script = tmp_path / "script.py"
    script.write_text(source)
    imports = [each for each in read_program(script).imports if _met(each) is not False]
    assert {each.name for each in imports if each.certain and _met(each)} == certain
    assert {each.name for each in imports if not (each.certain and _met(each))} == possible


_FACTS = RuntimeFacts(
    version=(3, 11, 4),
    implementation="cpython",
    own_name="cpython",
    title="CPython",
    system="linux",
    machine="x86_64",
)


def _met(each: Import) -> bool | None:
    """Tell whether an import's conditions hold on 3.11, where no module is absent or known."""
    values = [
        None if guard.missing else evaluate_guard(guard.test, _FACTS) is guard.wanted
        for guard in each.guards
    ]
    return False if False in values else (None if None in values else True)


def test_first_party_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import beside, package.inner\n")
    (tmp_path / "beside.py").write_text("import json\nimport script\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text("import decimal\n")
    names = {each.name for each in read_program(tmp_path / "script.py").imports}
    assert names == {"beside", "package.inner", "json", "script", "decimal"}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        pytest.param('# /// script\n# requires-python = ">=3.9"\n# ///\n', ">=3.9", id="plain"),
        pytest.param(
            '# /// script\r\n# requires-python = ">=3.9"\r\n# ///\r\n', ">=3.9", id="CRLF"
        ),
        pytest.param(
            '\ufeff# /// script\n# requires-python = "==3.8.*"\n# ///', "==3.8.*", id="BOM"
        ),
        pytest.param('# /// other\n# requires-python = ">=3.9"\n# ///\n', None, id="other block"),
        pytest.param('print("""\n# nothing\n""")\n', None, id="none"),
        pytest.param("# /// script\n# requires-python = 3\nx = 1\n", None, id="no end"),
        pytest.param(
            '# /// script\n# requires-python = ">=3.9"\n# ///\nHEAD = """\n# /// script\n"""\n',
            ">=3.9",
            id="an opening line in a string",
        ),
        pytest.param(
            '# /// script\n\n# /// script\n# requires-python = ">=3.9"\n# ///\n',
            ">=3.9",
            id="an end only of the second",
        ),
    ],
)
def test_requires_python_of_the_script_block(
    tmp_path: Path, source: str, wanted: str | None
) -> None:
    script = tmp_path / "script.py"
    script.write_bytes(source.encode())
    found = read_program(script).requires_python
    assert (str(found) if found is not None else None) == wanted


def test_the_declared_encoding_is_honoured(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe9'\nimport json\n")
    assert [each.name for each in read_program(script).imports] == ["json"]


def test_dependencies_are_parsed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        '# /// script\n# dependencies = ["six>=1.16", "rich; extra == \'x\'"]\n# ///\n'
    )
    assert [each.name for each in read_program(script).dependencies] == ["six", "rich"]
    script.write_text('# /// script\n# dependencies = ["six>>1"]\n# ///\n')
    with pytest.raises(MultirtError, match="a dependency means nothing"):
        read_program(script)


def test_two_blocks_are_an_error(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("# /// script\n# ///\n" + "\n# /// script\n# dependencies = []\n# ///\n" * 2)
    with pytest.raises(MultirtError, match="2 script blocks"):
        read_program(script)


@pytest.mark.parametrize("name", ["my-mod", "3to2", "box", "box.inner-tool"])
def test_whatever_minus_m_takes_is_a_module(tmp_path: Path, name: str) -> None:
    for file in ("my-mod.py", "3to2.py", "box/__main__.py", "box/inner-tool.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("import json\n")
    program = read(EntryPoint(kind=ProgramKind.MODULE, text=name), tmp_path)
    assert [each.name for each in program.imports] == ["json"]


@pytest.mark.parametrize("name", ["", ".mod", "a/b", "a..b"])
def test_what_minus_m_never_takes_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MultirtError, match="dotted name of a module"):
        read(EntryPoint(kind=ProgramKind.MODULE, text=name), tmp_path)
