"""Which cells a configuration makes of the runtimes of a machine, and which are picked."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from multirt.errors import MultirtError
from multirt.matrix.cells import CellSelection, expand, pick
from multirt.matrix.model import Condition, Config, Excluded, InstallMode, Job, Needs, Override
from runtimes import RuntimeSpec
from tests.factories.matrix import MACHINE, runtime

AXES = (("django", (("4.2", ("Django<5",)), ("5.2", ("Django>=5",)))),)


def specs(*arguments: str) -> tuple[RuntimeSpec, ...]:
    return tuple(map(RuntimeSpec.parse, arguments))


def config(*arguments: str, **changes: object) -> Config:
    job = Job(
        name=None,
        runtimes=specs(*arguments) or None,
        package=InstallMode.WHEEL,
        needs=Needs(requirements=("pytest",)),
        commands=(("python", "-m", "pytest", "{posargs}"),),
    )
    made = Config(root=Path("/demo"), name="demo", matrix=job)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        pytest.param(["3.12"], ["3.12"], id="one"),
        pytest.param(["py38", "py313t", "pypy311"], ["3.8", "3.13t", "pypy3.11"], id="tox's names"),
        pytest.param(["3.11"], ["3.11"], id="the best of several"),
        pytest.param([">=3.11,<3.14"], ["3.11", "3.12", "3.13"], id="a range means usual builds"),
        pytest.param(["pypy"], ["pypy3.9", "pypy3.11"], id="every version of PyPy"),
        pytest.param(["3.12", ">=3.12"], ["3.12", "3.13"], id="each once"),
        pytest.param(["3.13d", "3.99"], ["3.13d", "3.99"], id="missing"),
        pytest.param(
            ["cpython-3.11.2", "cpython-3.11.7"],
            ["cpython-3.11.2", "cpython-3.11.7"],
            id="ids where names collide",
        ),
    ],
)
def test_runtimes_become_cells(arguments: list[str], names: list[str]) -> None:
    cells = expand(config(*arguments), MACHINE).cells
    assert [cell.name for cell in cells] == names
    assert all(cell.required for cell in cells)


def test_auto_takes_one_of_each_kind_that_fits_and_says_what_not() -> None:
    found = expand(config(requires_python=">=3.8"), MACHINE)
    assert [cell.name for cell in found.cells] == [
        "3.8",
        "3.11",
        "3.12",
        "3.13",
        "3.13d",
        "3.13t",
        "pypy3.9",
        "pypy3.11",
    ]
    assert not any(cell.required for cell in found.cells)
    assert {each.name for each in found.excluded} == {"2.7", "3.6", "3.7"}


def test_auto_leaves_out_what_makes_no_environments() -> None:
    bare = runtime("micropython-3.4.0", stdlib=frozenset())
    found = expand(config(), [bare])
    assert found.cells == ()
    reason = "it has no venv module"
    assert found.excluded[0].reason == reason


def test_a_task_that_names_no_runtime_runs_on_the_best_one() -> None:
    task = Job(
        name="docs", runtimes=None, package=InstallMode.SKIP, needs=Needs(), commands=(("d",),)
    )
    made = config("3.8", requires_python=">=3.8", tasks={"docs": task})
    found = expand(made, MACHINE)
    assert [(cell.name, cell.runtime and cell.runtime.id) for cell in found.cells] == [
        ("3.8", "cpython-3.8.18"),
        ("docs", "cpython-3.13.0"),
    ]
    assert found.excluded == ()


def test_a_missing_runtime_has_a_cell_without_one() -> None:
    assert [cell.runtime for cell in expand(config("3.99"), MACHINE).cells] == [None]


def test_axes_exclusions_and_overrides() -> None:
    made = config(
        "3.8",
        "3.12",
        axes=AXES,
        exclude=(Condition(runtimes=specs("<3.10"), axes=(("django", ("5.2",)),)),),
        overrides=(
            Override(
                when=Condition(runtimes=specs("3.8")),
                needs=Needs(requirements=("old",)),
                set_env={"OLD": "1"},
                timeout=5.0,
            ),
            Override(when=Condition(platforms=("win*",)), needs=Needs(), commands=(("never",),)),
        ),
        allow_fail=specs("3.12"),
    )
    found = expand(made, MACHINE)
    assert [cell.name for cell in found.cells] == [
        "3.8-django4.2",
        "3.12-django4.2",
        "3.12-django5.2",
    ]
    assert [(each.name, each.reason) for each in found.excluded] == [
        ("3.8-django5.2", "excluded: runtime <3.10, django 5.2")
    ]
    old, new, _ = found.cells
    assert old.needs.requirements == ("pytest", "Django<5", "old")
    assert (old.set_env, old.timeout, old.may_fail) == ({"OLD": "1"}, 5.0, False)
    assert (new.set_env, new.timeout, new.may_fail) == ({}, None, True)
    assert all(cell.commands[0][0] == "python" for cell in found.cells)


LINT = Job(
    name="lint",
    runtimes=specs("3.13"),
    package=InstallMode.SKIP,
    needs=Needs(),
    commands=(("ruff", "check"),),
)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        pytest.param(
            CellSelection(), ["3.8-django4.2", "3.8-django5.2", "3.13-django4.2", "3.13-django5.2"]
        ),
        pytest.param(CellSelection(names=("lint",)), ["lint"], id="task"),
        pytest.param(
            CellSelection(names=("py38",)), ["3.8-django4.2", "3.8-django5.2"], id="runtime"
        ),
        pytest.param(CellSelection(names=("3.13-django5.2", "lint")), ["3.13-django5.2", "lint"]),
        pytest.param(
            CellSelection(axes=(("django", "5.2"),)), ["3.8-django5.2", "3.13-django5.2"], id="axis"
        ),
        pytest.param(
            CellSelection(names=("3.8",), axes=(("django", "5.2"),)),
            ["3.8-django5.2"],
            id="both hold",
        ),
        pytest.param(
            CellSelection(keywords="3.13 and not (django4 or t)"), ["3.13-django5.2"], id="keywords"
        ),
        pytest.param(CellSelection(keywords="nothing"), [], id="nothing"),
    ],
)
def test_cells_are_picked(wanted: CellSelection, names: list[str]) -> None:
    made = config("3.8", "3.13", axes=AXES, tasks={"lint": LINT})
    cells = expand(made, MACHINE).cells
    assert [cell.name for cell in pick(cells, wanted, made)] == names


@pytest.mark.parametrize(
    ("wanted", "message", "hint"),
    [
        pytest.param(CellSelection(names=("lnit",)), "has no 'lnit'", "'lint'", id="misspelled"),
        pytest.param(
            CellSelection(names=("3.99",)), "has no '3.99'", "3.8-django4.2", id="no such runtime"
        ),
        pytest.param(CellSelection(axes=(("flask", "3"),)), "no axis 'flask'", "django", id="axis"),
        pytest.param(
            CellSelection(axes=(("django", "6"),)), "no value '6'", "4.2, 5.2", id="value"
        ),
        pytest.param(CellSelection(keywords="3.12 and"), "cannot be read", "-k", id="open end"),
        pytest.param(CellSelection(keywords="(3.12"), "cannot be read", "-k", id="bracket"),
        pytest.param(CellSelection(keywords="3.12 3.13"), "cannot be read", "-k", id="no operator"),
        pytest.param(CellSelection(keywords=""), "cannot be read", "-k", id="empty"),
    ],
)
def test_what_cannot_be_picked_is_reported(wanted: CellSelection, message: str, hint: str) -> None:
    made = config("3.8", "3.13", axes=AXES, tasks={"lint": LINT})
    with pytest.raises(MultirtError) as caught:
        pick(expand(made, MACHINE).cells, wanted, made)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_runtime_without_a_build_means_the_usual_one() -> None:
    made = config("3.13", "3.13t", "3.13d")
    cells = expand(made, MACHINE).cells
    assert [cell.name for cell in pick(cells, CellSelection(names=("py313",)), made)] == ["3.13"]
    assert [cell.name for cell in pick(cells, CellSelection(names=("py313t",)), made)] == ["3.13t"]


def test_who_names_what_is_left_out_is_reported_why() -> None:
    made = config("3.8")
    left_out = (Excluded(name="3.6", reason="requires-python >=3.8"),)
    with pytest.raises(MultirtError) as caught:
        pick(expand(made, MACHINE).cells, CellSelection(names=("3.6",)), made, left_out)
    assert caught.value.hint == "requires-python >=3.8"
