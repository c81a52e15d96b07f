"""What rules out a runtime, check by check, on values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from abi_probe import Cause
from multirt.config import CliSettings, ConfigContext, configure
from multirt.program import read_program
from multirt.program.model import EntryPoint, ProgramKind
from multirt.selection.evaluate import judge_runtime
from multirt.selection.import_checks import RuntimeView, stdlib_only_names
from multirt.selection.model import CompileError, CompileResult, EvaluationContext
from runtimes import RuntimeSpec
from tests.factories.runtimes import described

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Causes = Callable[..., list[Cause]]

_STDLIB = frozenset({"os", "sys", "json", "venv", "typing"})


@pytest.fixture
def causes(tmp_path: Path) -> Causes:
    """Return a function that gives the causes against a runtime for a source."""

    def judge(
        source: str,
        runtime: str = "3.12.1",
        *,
        cli_settings: CliSettings | None = None,
        results: CompileResult | None = None,
        **facts: object,
    ) -> list[Cause]:
        (tmp_path / "tool.py").write_text(source)
        program = read_program(EntryPoint(kind=ProgramKind.SCRIPT, text="tool.py"), tmp_path)
        context = EvaluationContext(
            program=program,
            configuration=configure(
                program, cli_settings or CliSettings(), ConfigContext(cwd=tmp_path, env={})
            ),
            stdlib=stdlib_only_names(None),
        )
        context = replace(context, **facts)
        one = replace(described(runtime), stdlib=_STDLIB)
        view = RuntimeView(context=context, runtime=one, results=results)
        return [each.cause for each in judge_runtime(view, {}).objections]

    return judge


def _requested(text: str) -> CliSettings:
    return CliSettings(specs=(RuntimeSpec.parse(text),))


def test_a_program_without_demands_rules_out_nothing(causes: Causes) -> None:
    for runtime in ("2.7.18", "3.12.1", "3.13.0td", "pypy 3.11.11", "jython 2.7.3"):
        assert causes("import os, json\n", runtime) == []


@pytest.mark.parametrize(
    ("text", "runtime", "fits"),
    [
        ("3.12", "3.12.1", True),
        ("3.11", "3.12.1", False),
        ("3.12d", "3.12.1", False),
        ("3.12d", "3.12.1d", True),
        ("pypy", "3.12.1", False),
        (">=3.9,<3.12", "3.12.1", False),
        (">=3.9", "3.12.1", True),
    ],
)
def test_what_was_asked_for_by_name(causes: Causes, text: str, runtime: str, *, fits: bool) -> None:
    assert causes("", runtime, cli_settings=_requested(text)) == ([] if fits else [Cause.SPEC])


@pytest.mark.parametrize(
    ("bounds", "runtime", "fits"),
    [
        (">=3.9", "3.8.18", False),
        (">=3.9", "3.9.0", True),
        ("==3.12.*", "3.12.1", True),
        (">=3.15", "3.15.0rc1", True),
        ("<3", "3.8.18", False),
    ],
)
def test_the_python_that_a_script_requires(
    causes: Causes, bounds: str, runtime: str, *, fits: bool
) -> None:
    source = f"# /// script\n# requires-python = '{bounds}'\n# ///\n"
    assert causes(source, runtime) == ([] if fits else [Cause.REQUIRES_PYTHON])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import asyncore", [Cause.STDLIB], id="of another version's library"),
        pytest.param("import java.lang", [Cause.STDLIB], id="of another implementation"),
        pytest.param("import numpy", [Cause.PACKAGE], id="of a distribution"),
        pytest.param("try:\n import numpy\nexcept ImportError:\n numpy = None", [], id="optional"),
        pytest.param("def f():\n import numpy", [], id="perhaps never"),
        pytest.param("import sys\nif sys.version_info < (3, 9):\n import numpy", [], id="guarded"),
        pytest.param("import sys\nsys.path.append('x')\nimport numpy", [], id="from elsewhere"),
        pytest.param("import sys\nassert sys.version_info < (3,)", [Cause.REQUIRES_PYTHON], id="2"),
    ],
)
def test_what_a_program_imports(causes: Causes, source: str, expected: list[Cause]) -> None:
    assert causes(source) == expected


@pytest.mark.parametrize("fact", ["hidden_modules", "will_install"])
def test_a_module_that_may_yet_come_rules_out_nothing(causes: Causes, fact: str) -> None:
    assert causes("import numpy", **{fact: True}) == []
    assert causes("import asyncore", **{fact: True}) == [Cause.STDLIB]


def test_what_the_runtime_itself_cannot_compile_or_lacks(causes: Causes, tmp_path: Path) -> None:
    refusal = CompileError(line=1, text="x", message="invalid syntax")
    results = CompileResult(refused={tmp_path / "tool.py": refusal})
    assert causes("x = 1", results=results) == [Cause.SYNTAX]
    results = CompileResult(missing=frozenset({"typing:override"}))
    assert causes("from typing import override", results=results) == [Cause.STDLIB]


@pytest.mark.parametrize(
    ("line", "runtime", "fits"),
    [
        ("#!/usr/bin/python3 -I", "3.12.1", True),
        ("#!/usr/bin/python -I", "jython 2.7.3", False),
        ("#!/usr/bin/python -X dev", "2.7.18", False),
        ("#!/usr/bin/python -P", "3.10.2", False),
        ("#!/usr/bin/python -u", "2.7.18", True),
    ],
)
def test_options_that_an_interpreter_lacks(
    causes: Causes, line: str, runtime: str, *, fits: bool
) -> None:
    wanted = [] if fits else [Cause.CAPABILITY]
    assert [each for each in causes(f"{line}\n", runtime) if each is not Cause.SPEC] == wanted


def test_pythonhome_rules_out_a_cpython_whose_library_it_lacks(
    causes: Causes, tmp_path: Path
) -> None:
    (tmp_path / "lib/python3.12/encodings").mkdir(parents=True)
    assert causes("", "3.12.1", pythonhome=tmp_path) == []
    assert causes("", "3.11.2", pythonhome=tmp_path) == [Cause.BROKEN]
    assert causes("", "pypy 3.11.11", pythonhome=tmp_path) == []


def test_several_reasons_are_all_given(causes: Causes) -> None:
    source = "# /// script\n# requires-python = '>=3.13'\n# ///\nimport asyncore, numpy\n"
    assert causes(source, cli_settings=_requested("3.11")) == [
        Cause.SPEC,
        Cause.REQUIRES_PYTHON,
        Cause.STDLIB,
        Cause.PACKAGE,
    ]
