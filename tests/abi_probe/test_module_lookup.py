"""Which file of a module an import system takes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from abi_probe.module_lookup import lookup_modules
from tests.factories.artifacts import LINUX, artifact, extension

CP311 = f".cpython-311-{LINUX}.so"
USUAL = (CP311, ".abi3.so", ".so")


@pytest.mark.parametrize(
    ("paths", "suffixes", "chosen"),
    [
        pytest.param(["spam.so", f"spam{CP311}", "spam.abi3.so"], USUAL, f"spam{CP311}", id="own"),
        pytest.param(["spam.so", "spam.abi3.so"], USUAL, "spam.abi3.so", id="order-of-suffixes"),
        pytest.param(
            ["spam.so", "spam.abi3.so"], (".so", ".abi3.so"), "spam.so", id="another-order"
        ),
        pytest.param(["spam.so"], USUAL, "spam.so", id="bare"),
        pytest.param([f"spam.cpython-310-{LINUX}.so"], USUAL, None, id="another-version"),
        pytest.param(["spam.abi3t.so"], USUAL, None, id="bare-suffix-is-no-ending"),
        pytest.param(["spam.so"], (), None, id="no-suffixes"),
        pytest.param(["a/spam/__init__.abi3.so"], USUAL, "a/spam/__init__.abi3.so", id="package"),
    ],
)
def test_chosen(paths: list[str], suffixes: tuple[str, ...], chosen: str | None) -> None:
    (found,) = lookup_modules(artifact(*map(extension, paths)), suffixes)
    assert (str(found.chosen.path) if found.chosen else None) == chosen
    assert len(found.files) == len(paths)
    assert not found.has_source


def test_source_stands_in() -> None:
    with_source = replace(artifact(extension("a/spam.pyd")), sources=frozenset({"a.spam", "a"}))
    (found,) = lookup_modules(with_source, USUAL)
    assert (found.module, found.chosen, found.has_source) == ("a.spam", None, True)


@pytest.mark.parametrize(
    ("paths", "packages", "chosen"),
    [
        pytest.param(["spam.abi3.so"], {"spam"}, None, id="a-package-wins"),
        pytest.param(
            ["spam.abi3.so", "spam/__init__.abi3.so"],
            {"spam"},
            "spam/__init__.abi3.so",
            id="native",
        ),
        pytest.param(
            ["spam.abi3.so", "spam/__init__.abi3.so"],
            set(),
            "spam/__init__.abi3.so",
            id="only-native",
        ),
        pytest.param(["spam.abi3.so", "spam/__init__.pyd"], set(), "spam.abi3.so", id="foreign"),
    ],
)
def test_folder_of_a_package_wins(paths: list[str], packages: set[str], chosen: str | None) -> None:
    given = replace(
        artifact(*map(extension, paths)), sources=frozenset(packages), packages=frozenset(packages)
    )
    (found,) = lookup_modules(given, USUAL)
    assert (str(found.chosen.path) if found.chosen else None) == chosen


def test_modules_are_sorted() -> None:
    found = lookup_modules(artifact(*map(extension, ["b.so", "a/c.so", "a.abi3.so"])), USUAL)
    assert [each.module for each in found] == ["a", "a.c", "b"]
