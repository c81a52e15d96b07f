"""Cells of a matrix that are to end with the GIL off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories.projects import native, pure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Require, RequireHeaders
    from tests.e2e.conftest import Matrix

DECLARES = "PyModuleDef_Slot slots[] = {{Py_mod_gil, Py_MOD_GIL_NOT_USED}, {0, NULL}};"


@pytest.mark.network
def test_a_cell_fails_whose_module_turns_the_gil_on_where_it_is_to_stay_off(
    matrix: Matrix, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    require_headers("3.13t")
    root = native(tmp_path, "3.13t", more='gil = "off"')
    done, cells = matrix(root)
    assert done.returncode == 1, done.stdout + done.stderr
    assert cells["3.13t"]["gil"] == {"enabled": True, "module": "native._c"}
    assert cells["3.13t"]["state"] == "failed"
    assert cells["3.13t"]["reason"] == "the GIL was turned on by native._c"
    assert "GIL on: turned on by native._c" in done.stdout
    source = root / "src/native/_c.c"
    text = source.read_text().replace("static struct", f"static {DECLARES}\nstatic struct")
    source.write_text(text.replace("0, methods}", "0, methods, slots}"))
    done, cells = matrix(root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert cells["3.13t"]["gil"] == {"enabled": False, "module": None}


@pytest.mark.network
def test_what_cannot_be_reported_of_the_gil_is_not_taken_for_off(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.13t")
    require("3.12")
    more = 'gil = "off"\ncommands = [["python", "-I", "-c", "import demo"]]'
    done, cells = matrix(pure(tmp_path, "3.12", "3.13t", more=more))
    assert done.returncode == 1, done.stdout + done.stderr
    assert (cells["3.12"]["state"], cells["3.12"]["gil"]) == ("passed", None)
    assert (cells["3.13t"]["state"], cells["3.13t"]["gil"]) == ("failed", None)
    assert "GIL unknown" in done.stdout
