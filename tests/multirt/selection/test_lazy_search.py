"""The choice of a lazy search is that of a full one, on values alone."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from multirt.config import CliSettings, ConfigContext, Prefer, configure
from multirt.program import read_program
from multirt.program.model import EntryPoint, ProgramKind
from multirt.selection.evaluate import Evaluator, choose
from multirt.selection.import_checks import stdlib_only_names
from multirt.selection.lazy_discovery import is_final, steps
from multirt.selection.model import Decision, EvaluationContext, Request
from runtimes import Discovery, RuntimeSpec, SearchOptions, is_cpython
from tests.factories.runtimes import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.selection.model import Candidate
    from runtimes import Runtime

_TEXTS = (
    "2.7.18",
    "3.8.18",
    "3.9.18",
    "3.11.2d",
    "3.12.1",
    "3.13.0",
    "3.13.5t",
    "3.14.0d",
    "3.15.0rc1",
    "3.15.0td",
    "pypy 3.11.11",
    "jython 2.7.3",
    "micropython 3.4.0",
    "pyodide 3.14.2",
)
_NEW_NAMES = {(3, 11): "tomllib", (3, 14): "annotationlib", (3, 9): "zoneinfo"}
_GONE = {(3, 12): "asyncore", (3, 0): "urllib2"}


def _machine(texts: Sequence[str]) -> tuple[Runtime, ...]:
    """Return runtimes whose standard libraries differ as those of real ones do."""
    made = []
    for text in texts:
        one = described(text, executable=f"/nowhere/{text.replace(' ', '')}")
        release = one.version.release[:2]
        names = {name for since, name in _NEW_NAMES.items() if release >= since}
        names |= {name for until, name in _GONE.items() if release < until}
        names |= {"__pypy__"} if one.implementation.name == "pypy" else set()
        made.append(replace(one, stdlib=frozenset({"os", "sys", "venv", *names})))
    return tuple(made)


_SOURCES = (
    "import os\n",
    "import tomllib\n",
    "import annotationlib\n",
    "import asyncore\n",
    "import urllib2\n",
    "import __pypy__\n",
    "from java.lang import System\n",
    "import micropython\n",
    "import pyodide_js\n",
    "import not_installed_anywhere\n",
    "try:\n import tomllib\nexcept ImportError:\n import asyncore\n",
    "import sys\nif sys.version_info >= (3, 12):\n sys.exit('too new')\n",
    "import sys\nif sys.version_info < (3, 9):\n import urllib2\n",
    "import sys\nsys.path.insert(0, 'x')\nimport somewhere\n",
)
_BLOCKS = ("", "# /// script\n# requires-python = '>=3.9,<3.13'\n# ///\n")
_LINES = ("", "#!/usr/bin/env python3.9\n", "#!/usr/bin/env python2\n", "#!/usr/bin/env pypy3\n")
_SPECS = ((), ("3.9",), ("3.13",), ("3.15", "3.8"), ("pypy",), ("3.11d",), (">=3.10",), ("jython",))


@st.composite
def _wishes(draw: st.DrawFn) -> CliSettings:
    return CliSettings(
        specs=tuple(map(RuntimeSpec.parse, draw(st.sampled_from(_SPECS)))),
        prefer=draw(st.sampled_from([None, None, Prefer.NEWEST, Prefer.OLDEST])),
        allow_prerelease=draw(st.booleans()),
    )


def _decision(source: str, cli_settings: CliSettings, folder: Path) -> Decision:
    (folder / "tool.py").write_text(source)
    program = read_program(EntryPoint(kind=ProgramKind.SCRIPT, text="tool.py"), folder)
    return Decision(
        program=program,
        configuration=configure(program, cli_settings, ConfigContext(cwd=folder, env={})),
        candidates=(),
        chosen=None,
        discovery=Discovery(runtimes=(), rejected=()),
    )


def _question(decision: Decision, *, hidden_modules: bool) -> EvaluationContext:
    return EvaluationContext(
        program=decision.program,
        configuration=decision.configuration,
        hidden_modules=hidden_modules,
        stdlib=stdlib_only_names(None),
    )


def _candidates(
    context: EvaluationContext, request: Request, runtimes: Sequence[Runtime]
) -> list[Candidate]:
    inquiry = Evaluator(context=context, wanted=None, request=request, evaluated={})
    return inquiry.candidates(runtimes)


def _requested(search: SearchOptions, runtimes: Sequence[Runtime], known: set[str]) -> set[str]:
    """Return the ids that a search asks at most, as `runtimes.discover` documents it."""
    first = search.first
    unknown = [each for each in runtimes if each.id not in known]
    if first is None:
        return {each.id for each in unknown}
    lines = {(each.version.major, each.version.minor) for each in runtimes if is_cpython(each)}
    wanted = sorted({line for line in lines if first(line)}, reverse=True)[: search.lines]
    if not wanted:
        return {each.id for each in unknown}
    return {e.id for e in unknown if is_cpython(e) and e.version.release[:2] in wanted}


def _name(runtime: Runtime) -> Path:
    release = "{}.{}".format(*runtime.version.release)
    name = runtime.implementation.name
    return Path("/nowhere") / f"{'python' if name == 'cpython' else name}{release}"


@given(
    texts=st.lists(st.sampled_from(_TEXTS), unique=True, min_size=1),
    line=st.sampled_from(_LINES),
    block=st.sampled_from(_BLOCKS),
    source=st.lists(st.sampled_from(_SOURCES), min_size=1, max_size=2).map("".join),
    cli_settings=_wishes(),
    hidden_modules=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_the_lazy_choice_is_the_full_one(  # noqa: PLR0913 - each draws one part of a case
    *,
    texts: list[str],
    line: str,
    block: str,
    source: str,
    cli_settings: CliSettings,
    hidden_modules: bool,
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        machine = _machine(texts)
        search = SearchOptions(env={}, home=folder, cwd=folder)
        request = Request(
            entry=EntryPoint(kind=ProgramKind.SCRIPT, text="tool.py"),
            search=search,
            cache_dir=folder / "cache",
            cli_settings=cli_settings,
        )
        decision = _decision(line + block + source, cli_settings, folder)
        context = _question(decision, hidden_modules=hidden_modules)
        full = choose(_candidates(context, replace(request, evaluate_all=True), machine))
        known: set[str] = set()
        for step in steps(search, decision.configuration, None):
            known |= _requested(step, machine, known)
            here = [each for each in machine if each.id in known]
            chosen = choose(_candidates(context, request, here))
            left = tuple(_name(each) for each in machine if each.id not in known)
            discovery = Discovery(runtimes=tuple(here), rejected=(), postponed=left)
            decision = replace(decision, chosen=chosen, discovery=discovery)
            if is_final(decision, context):
                break
        lazy = decision.chosen
        assert (lazy and lazy.runtime.id) == (full and full.runtime.id)
