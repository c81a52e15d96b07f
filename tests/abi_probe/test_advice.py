"""What an author is told: how far from the stable ABI, what is left undeclared."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from abi_probe import Abi3Readiness, ModuleDefinition, ModuleSlot, Slots, SymbolClass, advise
from abi_probe.advice import gil_warning
from abi_probe.limited_api_alternatives import REPLACEMENTS
from abi_probe.stable_abi import exporters, lookup
from tests.factories.artifacts import elf_binary, extension, target

_NAME = "spam.cpython-311-x86_64-linux-gnu.so"
_GIL_FREE = ModuleSlot(kind=4, value=1)


@pytest.mark.parametrize(
    ("path", "imports", "reply"),
    [
        pytest.param(_NAME, ("PyList_New",), Abi3Readiness.POSSIBLE, id="stable-names"),
        pytest.param(
            _NAME, ("PyList_New", "_Py_DecRef"), Abi3Readiness.LIKELY, id="signs-of-limit"
        ),
        pytest.param(
            _NAME, ("_Py_DecRef", "_Py_Dealloc"), Abi3Readiness.POSSIBLE, id="objects-of-two-builds"
        ),
        pytest.param(_NAME, ("PyUnicode_New",), Abi3Readiness.NO, id="public-name"),
        pytest.param(_NAME, (), None, id="nothing-of-python"),
        pytest.param("spam.abi3.so", ("PyList_New",), None, id="already"),
        pytest.param("spam.so", ("PyList_New",), Abi3Readiness.POSSIBLE, id="bare"),
        pytest.param("spam.pypy39-pp73-x86_64-linux-gnu.so", ("PyPyList_New",), None, id="pypy"),
    ],
)
def test_promotable(path: str, imports: tuple[str, ...], reply: Abi3Readiness | None) -> None:
    assert advise(extension(path, elf_binary(*imports))).promotable is reply


@pytest.mark.parametrize(
    ("library", "reply"),
    [
        pytest.param("python3.dll", None, id="stable-already"),
        pytest.param("python311.dll", Abi3Readiness.POSSIBLE, id="of-a-version"),
    ],
)
def test_on_windows_the_dll_says_what_is_of_the_stable_abi(
    library: str, reply: Abi3Readiness | None
) -> None:
    binary = replace(elf_binary("PyList_New"), needed=(library,))
    assert advise(extension("spam.pyd", binary)).promotable is reply


def test_hindrances_name_what_helps() -> None:
    binary = elf_binary("PyList_New", "_PyObject_LookupAttr", "_PyRuntime")
    found = advise(extension(_NAME, binary)).hindrances
    assert [(each.symbol, each.instead) for each in found] == [
        ("_PyObject_LookupAttr", "PyObject_GetOptionalAttr (3.13)"),
        ("_PyRuntime", None),
    ]


def test_classes_are_counted() -> None:
    binary = elf_binary("PyList_New", "PyDict_New", "_Py_NoneStruct", "PyUnicode_New")
    assert advise(extension(_NAME, binary)).classes == {
        SymbolClass.STABLE: 2,
        SymbolClass.STABLE_ABI_ONLY: 1,
        SymbolClass.PUBLIC: 1,
    }


@pytest.mark.parametrize(
    ("imports", "slots", "texts"),
    [
        pytest.param(("PyModule_Create2",), None, ["turns the GIL on"], id="single-phase"),
        pytest.param(
            ("PyModule_Create2", "PyUnstable_Module_SetGIL"),
            None,
            ["never loads in an isolated sub-interpreter"],
            id="single-phase-that-sets-the-gil",
        ),
        pytest.param(
            ("PyModuleDef_Init",),
            (ModuleSlot(kind=2, value=0),),
            ["sub-interpreters with a GIL of their own", "without the GIL"],
            id="undeclared",
        ),
        pytest.param(
            ("PyModuleDef_Init",),
            (ModuleSlot(kind=3, value=0), _GIL_FREE),
            ["does not support sub-interpreters"],
            id="unsupported",
        ),
        pytest.param(
            ("PyModuleDef_Init",), (ModuleSlot(kind=3, value=2), _GIL_FREE), [], id="declared"
        ),
        pytest.param(("PyModuleDef_Init",), None, [], id="slots-set-at-run-time"),
        pytest.param(("PyModuleDef_Init", "_Py_RefTotal"), None, ["debug build"], id="debug"),
    ],
)
def test_hints(
    imports: tuple[str, ...], slots: tuple[ModuleSlot, ...] | None, texts: list[str]
) -> None:
    definition = ModuleDefinition(module="spam", free_threaded=False, slots=slots)
    binary = replace(elf_binary(*imports), definitions=(definition,))
    hints = advise(extension(_NAME, binary)).hints
    assert len(hints) == len(texts)
    assert all(part in hint for part, hint in zip(texts, hints, strict=True))
    assert "PyUnstable_Module_SetGIL" not in imports or "turns the GIL on" not in "".join(hints)


@pytest.mark.parametrize(
    ("imports", "slots", "flags", "warned"),
    [
        pytest.param(("PyModule_Create2",), None, "t", True, id="single-phase"),
        pytest.param(
            ("PyModule_Create2", "PyUnstable_Module_SetGIL"), None, "t", False, id="it-declares"
        ),
        pytest.param(("PyModuleDef_Init",), (_GIL_FREE,), "t", False, id="slot"),
        pytest.param(("PyModuleDef_Init",), (ModuleSlot(kind=4, value=0),), "t", True, id="used"),
        pytest.param(("PyModuleDef_Init",), None, "t", False, id="unknown"),
        pytest.param(("PyModule_Create2",), None, "", False, id="a-build-with-a-gil"),
    ],
)
def test_gil_warning(
    imports: tuple[str, ...],
    slots: tuple[ModuleSlot, ...] | None,
    flags: str,
    warned: bool,  # noqa: FBT001 - a row of the table
) -> None:
    definition = ModuleDefinition(module="spam", free_threaded=True, slots=slots)
    binary = replace(elf_binary(*imports), definitions=(definition,))
    found = gil_warning(extension(_NAME, binary), target("3.13.0", flags=flags))
    assert (found is not None) is warned


@pytest.mark.parametrize("name", sorted(REPLACEMENTS))
def test_replacements_lead_from_outside_into_the_limited_api(name: str) -> None:
    assert exporters(name)
    assert lookup(name) is None
    for part in re.findall(r"\b_?Py[A-Z]\w+", REPLACEMENTS[name]):
        assert part == name or lookup(part) is not None
    for part, minor in re.findall(r"(Py\w+) \((?:stable since )?3\.(\d+)\)", REPLACEMENTS[name]):
        known = lookup(part)
        assert known is not None
        assert known.added == (3, int(minor))


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        pytest.param(None, None, id="single-phase"),
        pytest.param((), None, id="set-at-run-time"),
        pytest.param(
            (ModuleSlot(kind=2, value=9),),
            Slots(kinds=(2,), gil=None, interpreters=None),
            id="undeclared",
        ),
        pytest.param(
            (ModuleSlot(kind=3, value=2), ModuleSlot(kind=4, value=1)),
            Slots(kinds=(3, 4), gil="not-used", interpreters="own-gil"),
            id="declared",
        ),
        pytest.param(
            (ModuleSlot(kind=3, value=77), ModuleSlot(kind=4, value=0)),
            Slots(kinds=(3, 4), gil="used", interpreters=None),
            id="nonsense",
        ),
    ],
)
def test_slots(slots: tuple[ModuleSlot, ...] | None, reply: Slots | None) -> None:
    definition = ModuleDefinition(module="spam", free_threaded=False, slots=slots)
    binary = replace(elf_binary(), definitions=(definition,))
    assert advise(extension(_NAME, binary)).slots == reply
