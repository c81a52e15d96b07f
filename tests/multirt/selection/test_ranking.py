"""The order of preference, criterion by criterion, on values."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from msgspec.structs import replace

from multirt.config import Configuration, Prefer, Setting
from multirt.config.model import Source
from multirt.program.model import EntryPoint, Program, ProgramKind
from multirt.selection.model import EvaluationContext
from multirt.selection.ranking import criteria_names, rank_for_program
from runtimes import RuntimeSpec
from tests.factories.runtimes import described

_PROGRAM = Program(entry=EntryPoint(kind=ProgramKind.INTERPRETER))


def _question(**settings: object) -> EvaluationContext:
    return EvaluationContext(
        program=_PROGRAM,
        configuration=replace(Configuration(), **settings),
    )


def _setting(value: object) -> Setting[object]:
    return Setting(value=value, source=Source.USER, origin="a test")


def _specs(*texts: str) -> Setting[object]:
    return _setting(tuple(map(RuntimeSpec.parse, texts)))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param("3.8.18", "pypy 3.11.11", id="CPython before PyPy"),
        pytest.param("3.14.0", "3.15.0rc1", id="a release before a pre-release"),
        pytest.param("3.8.18", "3.12.1d", id="a release build before a debug build"),
        pytest.param("3.8.18", "3.13.0t", id="with the GIL before without"),
        pytest.param("3.13.0t", "3.13.0d", id="free-threaded before debug"),
        pytest.param("3.12.1", "3.11.9", id="the newest version"),
        pytest.param("3.10.2", "3.9.18", id="versions are numbers"),
    ],
)
def test_nothing_asked_for(better: str, worse: str) -> None:
    context = _question()
    assert rank_for_program(context, described(better), 0) < rank_for_program(
        context, described(worse), 0
    )


@pytest.mark.parametrize(
    ("settings", "better", "worse"),
    [
        pytest.param({"runtimes": _specs("3.8")}, "3.8.18", "3.13.0", id="the one asked for"),
        pytest.param(
            {"runtimes": _specs("pypy", "3.13")}, "pypy 3.9.16", "3.13.0", id="in their order"
        ),
        pytest.param(
            {"shebang_spec": _setting(RuntimeSpec.parse("3.9"))},
            "3.9.18",
            "3.13.0",
            id="a first line",
        ),
        pytest.param({"prefer": _setting(Prefer.OLDEST)}, "3.8.18", "3.13.0", id="the oldest"),
        pytest.param(
            {"prefer": _setting(Prefer.OLDEST)}, "3.8.18", "pypy 2.7.18", id="of CPython still"
        ),
        pytest.param(
            {"allow_prerelease": _setting(value=True)}, "3.15.0rc1", "3.14.0", id="pre-releases"
        ),
    ],
)
def test_what_is_asked_for_comes_first(
    settings: dict[str, object], better: str, worse: str
) -> None:
    context = _question(**settings)
    assert rank_for_program(context, described(better), 0) < rank_for_program(
        context, described(worse), 0
    )


def test_the_environments_own_runtime_comes_before_newer_ones() -> None:
    home = described("3.8.18d")
    context = replace(_question(), venv_runtime=home)
    assert rank_for_program(context, home, 0) < rank_for_program(context, described("3.13.0"), 0)
    assert rank_for_program(context, home, 5) < rank_for_program(context, described("3.13.0"), 0)


def test_fewer_unverified_distributions_come_before_versions() -> None:
    context = _question()
    assert rank_for_program(context, described("3.8.18"), 0) < rank_for_program(
        context, described("3.13.0"), 1
    )


def test_the_active_runtime_comes_first_where_that_is_preferred() -> None:
    active = described("3.9.18")
    context = replace(_question(prefer=_setting(Prefer.ACTIVE)), active=active)
    assert rank_for_program(context, active, 0) < rank_for_program(context, described("3.13.0"), 0)


@pytest.mark.parametrize("prefer", [None, *Prefer])
def test_the_order_is_total_and_each_part_has_its_words(prefer: Prefer | None) -> None:
    context = _question(prefer=_setting(prefer) if prefer is not None else None)
    texts = ("2.7.18", "3.12.1", "3.12.1d", "3.13.0t", "3.13.0td", "3.15.0rc1", "pypy 3.11.11")
    machine = [described(text, executable=f"/{text}") for text in texts]
    machine += [replace(each, executable=Path(f"{each.executable}-2")) for each in machine]
    ranks = [rank_for_program(context, each, 0) for each in machine]
    for one, other in itertools.permutations(ranks, 2):
        assert (one < other) is not (other < one)
    assert {len(each) for each in ranks} == {len(criteria_names(context.configuration))}
