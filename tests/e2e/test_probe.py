"""`multirt probe` as people start it: every option, every shape, every exit code."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories.probe_wheels import (
    BROKEN_PROMISE,
    GOOD,
    HERE,
    OTHER,
    TAG,
    install,
    module,
    write_good,
    write_liar,
    write_wheel,
)
from tests.multirt.report.test_probe_formats import sarif_rules

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser
    from tests.conftest import Command, Require


WORDS = ("--runtime", HERE, "--runtime", OTHER)
SDIST = "spam-1.0.tar.gz"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return a folder of what a build leaves: good, bad, broken, and a source archive."""
    write_good(tmp_path)
    write_liar(tmp_path)
    (tmp_path / f"cut-1.0-{TAG}.whl").write_bytes((tmp_path / GOOD).read_bytes()[:200])
    with tarfile.open(tmp_path / SDIST, "w:gz"):
        pass
    return tmp_path


def documents(multirt: Command, *arguments: str) -> list[dict[str, Any]]:
    """Return what is said of each target as JSON."""
    targets: list[dict[str, Any]] = json.loads(multirt("probe", "--json", *arguments).stdout)[
        "targets"
    ]
    return targets


@pytest.mark.usefixtures("dist")
@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        pytest.param([GOOD], 0, "spam 1.0", id="good"),
        pytest.param([BROKEN_PROMISE], 1, "_PyList_Extend", id="promise"),
        pytest.param([BROKEN_PROMISE, "--ignore", "promise"], 0, "liar 1.0", id="ignored"),
        pytest.param([GOOD, "--fail-on", "abi-tag"], 1, "free-threaded", id="fail on"),
        pytest.param([GOOD, "--fail-on", "abi-tag", "--ignore", "abi-tag"], 0, "spam", id="both"),
        pytest.param([GOOD, "--strict"], 0, "spam 1.0", id="strict"),
        pytest.param([GOOD, SDIST], 0, "nothing to probe: a source archive", id="sdist beside"),
        pytest.param([SDIST], 2, "nothing to probe: a source archive", id="sdist alone"),
        pytest.param([GOOD, f"cut-1.0-{TAG}.whl"], 2, "not a wheel", id="one is broken"),
        pytest.param([GOOD, "no-such.whl"], 2, "no such file", id="one is missing"),
        pytest.param([GOOD, "--fail-on", "nonsense"], 2, "nonsense", id="no such cause"),
        pytest.param([GOOD, "--ignore", "hints"], 2, "did you mean 'hint'?", id="nearly a cause"),
        pytest.param(
            [GOOD, "--runtime", "3.14t-winamd64"], 2, "did you mean 'win_amd64'?", id="nearly there"
        ),
        pytest.param([GOOD, "--format", "nonsense"], 2, "nonsense", id="no such format"),
        pytest.param([GOOD, "--jobs", "0"], 2, "jobs", id="no jobs"),
        pytest.param([GOOD, "--executor", "ssh://x"], 2, "dask://HOST:PORT", id="executor"),
        pytest.param(
            [GOOD, "--executor", "dask://127.0.0.1:1"], 125, "no Dask scheduler", id="scheduler"
        ),
        pytest.param(
            [GOOD, "--executor", "dask://h:1", "--import"], 2, "this machine", id="far import"
        ),
        pytest.param([GOOD, "--html", "no/such/folder.html"], 2, "cannot write", id="no folder"),
    ],
)
def test_probe_exits_with_the_code_of_its_result(
    multirt: Command, arguments: list[str], code: int, text: str
) -> None:
    done = multirt("probe", *WORDS, *arguments)
    printed = " ".join((done.stdout + done.stderr).split())
    assert text in printed
    assert "Traceback" not in printed
    assert done.returncode == code


@pytest.mark.usefixtures("dist")
@pytest.mark.parametrize("form", ["github", "markdown", "sarif", "table", "json"])
def test_people_are_reported_what_cannot_be_read_and_what_next(multirt: Command, form: str) -> None:
    done = multirt("probe", *WORDS, "--format", form, GOOD, "no-such.whl", SDIST)
    assert done.stderr.splitlines() == [
        "multirt: no-such.whl: no such file or folder",
        "  check its name, or fetch or build it again",
        f"multirt: {SDIST}: nothing to probe: a source archive; build a wheel of it first",
        "  pip wheel --no-deps makes one",
    ]
    assert ("such" in done.stdout) == (form != "table")


def test_no_page_is_written_when_nothing_could_be_read(multirt: Command, dist: Path) -> None:
    done = multirt("probe", *WORDS, "--html", "page.html", SDIST, "no-such.whl")
    assert (done.returncode, done.stdout) == (2, "")
    assert not (dist / "page.html").exists()


def test_a_runtime_in_words_that_means_nothing(multirt: Command, dist: Path) -> None:
    done = multirt("probe", "--runtime", "nonsense", str(dist / GOOD))
    assert done.returncode == 2
    assert "nonsense" in done.stderr


@pytest.mark.usefixtures("dist")
def test_each_of_several_wheels_has_its_lines(multirt: Command) -> None:
    lines = multirt("probe", *WORDS, GOOD, BROKEN_PROMISE, COLUMNS="140").stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["spam", "1.0"], ["liar", "1.0"]]
    assert all("CPython 3.11" in line for line in lines[:2])
    known = "_PyList_Extend (private, exported by 3.6 or earlier to 3.15)"
    start = lines.index(f"  promise: liar.abi3.so needs {known}, which is outside the stable ABI")
    assert lines[start + 1] == "    helps: in place of _PyList_Extend: the method `extend`"
    assert lines[-1] == "exit 1 because of promise (1 artifact); --ignore CAUSE leaves one out"


@pytest.mark.usefixtures("dist")
def test_the_runtimes_of_the_tags_are_judged_without_being_here(multirt: Command) -> None:
    good = multirt("probe", "--runtime", "auto", GOOD, "--json", PATH="/nonexistent")
    (report,) = json.loads(good.stdout)["targets"]
    named = [each["runtime"] for each in report["runtimes"]]
    assert named[0].startswith("cpython-3.8-")
    assert any(each.startswith("cpython-3.15-") for each in named)
    assert {each["status"] for each in report["runtimes"]} == {"unverified"}
    assert good.returncode == 0
    assert multirt("probe", "--runtime", "auto", "--strict", GOOD).returncode == 0
    assert multirt("probe", "--runtime", "auto", BROKEN_PROMISE).returncode == 1
    wrong = multirt("probe", "--runtime", "auto", "spam")
    assert (wrong.returncode, "invalid wheel for --runtime auto" in wrong.stderr) == (2, True)


def test_auto_names_what_it_cannot_judge_and_judges_the_rest(
    multirt: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "built"
    folder.mkdir()
    empty = multirt("probe", "--runtime", "auto", "built")
    assert (empty.returncode, "no wheels in built" in empty.stderr) == (2, True)
    write_good(folder)
    (folder / "bad.whl").write_bytes(b"x")
    done = multirt("probe", "--runtime", "auto", "built")
    assert (done.returncode, "CPython 3.8 to 3.1" in done.stdout) == (2, True)
    assert "built/bad.whl" in done.stderr


def test_all_names_that_hinder_the_stable_abi_are_listed_when_asked_for(
    multirt: Command, tmp_path: Path
) -> None:
    wheel = write_wheel(
        tmp_path, "own-1.0-cp313-cp313-linux_x86_64.whl", "PyUnicode_New", "PyList_Append"
    )
    text = multirt("probe", *WORDS, "--all", wheel.name, COLUMNS="200").stdout
    assert "needs PyUnicode_New (public); instead: PyUnicode_FromStringAndSize, or" in text
    assert "names: 1 stable, 1 public" in text
    assert "needs PyList_Append" not in text


def test_a_wheel_of_one_version_is_reported_since_when_one_file_would_do(
    multirt: Command, tmp_path: Path
) -> None:
    """As docs/how-to/abi3.md reads it: likely, possible, or the names in the way."""
    for name, needs in {
        "likely": ("PyType_GetModule", "_Py_DecRef"),
        "possible": ("PyList_New", "PyType_GetModule"),
        "never": ("PyList_New", "PyFloat_Pack8"),
    }.items():
        members = {f"{name}.cpython-312-x86_64-linux-gnu.so": module(*needs, name=name)}
        write_wheel(tmp_path, f"{name}-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", **members)
    text = multirt("probe", "--runtime", "auto", "-v", ".", COLUMNS="200").stdout
    for reply in ("likely", "possible"):
        assert f"needs stable names only: one file for CPython 3.10 and newer is {reply}" in text
    assert "not of the stable ABI because of PyFloat_Pack8 (instead: the module struct)" in text


@pytest.mark.usefixtures("dist")
def test_a_runtime_that_is_asked_for_and_not_here_is_no_pass(
    multirt: Command, require: Require
) -> None:
    done = multirt("probe", "--python", str(require("3.11")), "--python", "3.99", GOOD)
    assert done.returncode == 127
    assert "no runtime here fits '3.99'" in done.stderr
    assert "--runtime" in done.stderr


@pytest.mark.usefixtures("dist")
def test_colors_come_when_they_are_wanted(multirt: Command) -> None:
    assert "\x1b" not in multirt("probe", *WORDS, GOOD).stdout
    assert (
        "\x1b[32mfits, --import verifies it\x1b[0m"
        in multirt("probe", *WORDS, GOOD, "--color", "always").stdout
    )


@pytest.mark.usefixtures("dist")
def test_json_says_all(multirt: Command) -> None:
    (found,) = documents(multirt, *WORDS, BROKEN_PROMISE)
    assert (found["target"], found["kind"], found["name"]) == (BROKEN_PROMISE, "wheel", "liar")
    (extension,) = found["extensions"]
    assert extension["violations"][0]["symbol"] == "_PyList_Extend"
    assert extension["declared_floor"] == "3.8"
    assert [each["status"] for each in found["runtimes"]] == ["unverified", "incompatible"]
    assert {each["evidence"] for each in found["runtimes"]} == {"table"}
    assert [each["imported"] for each in found["runtimes"]] == [None, None]
    assert documents(multirt, *WORDS, SDIST)[0]["error"]["kind"] == "source-archive"


@pytest.mark.usefixtures("dist")
@pytest.mark.parametrize("form", ["github", "markdown", "sarif", "table", "json"])
def test_every_format(multirt: Command, form: str) -> None:
    done = multirt("probe", *WORDS, "--format", form, BROKEN_PROMISE, GOOD)
    assert done.returncode == 1
    assert "_PyList_Extend" in done.stdout.replace("\\_", "_")
    if form == "sarif":
        sarif_rules(json.loads(done.stdout))


def test_the_page_shows_reasons_on_demand(multirt: Command, dist: Path, browser: Browser) -> None:
    done = multirt("probe", *WORDS, "--html", "page.html", BROKEN_PROMISE, GOOD, SDIST)
    assert done.returncode == 1
    tab = browser.open()
    tab.show((dist / "page.html").as_uri())
    assert tab.value("[...document.querySelectorAll('tbody td')].map((td) => td.className)") == [
        *("fair", "bad", "fair", "bad")
    ]
    assert tab.value("document.querySelectorAll('details[open]').length") == 0
    tab.value("document.querySelector('td.bad a').click()")
    assert "free-threaded" in tab.value("document.querySelector('details[open] :target').innerText")
    assert "nothing to probe" in tab.value("document.querySelector('.notes').innerText")
    assert "in place of" in tab.value("document.querySelector('details[open] .helps').innerText")
    assert "names: 1 stable" in tab.value("document.querySelector('details[open] .fact').innerText")
    assert tab.complaints == []


def test_a_folder_with_what_nobody_may_read(multirt: Command, tmp_path: Path) -> None:
    module = install(tmp_path / "site", write_good(tmp_path)) / "spam.abi3.so"
    module.unlink()
    module.symlink_to("/proc/1/mem" if os.geteuid() else "/proc/self/mem")
    (found,) = documents(multirt, *WORDS, "site")
    assert found["runtimes"][0]["status"] == "unknown"
    assert found["runtimes"][0]["objections"][0]["cause"] == "broken"


def test_a_zip_bomb_is_not_unpacked(multirt: Command, tmp_path: Path) -> None:
    with zipfile.ZipFile(write_good(tmp_path), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.abi3.so", bytes(100 << 20))
    (found,) = documents(multirt, *WORDS, GOOD)
    details = [each["detail"] for each in found["runtimes"][0]["objections"]]
    assert any("bomb.abi3.so: unpacks from" in detail for detail in details)


def test_a_hostile_name_is_a_name_everywhere(multirt: Command, tmp_path: Path) -> None:
    name = "x\n::error::\x1b[31m<script>|.abi3.so"
    wheel = write_wheel(tmp_path, GOOD, "PyList_New", **{name: b"no binary"})
    hostile = wheel.rename(tmp_path / f"a\n\x1b[31m-1.0-{TAG}.whl")
    for form in ("table", "github", "markdown"):
        done = multirt("probe", *WORDS, "--format", form, hostile.name)
        assert all(line.isprintable() for line in done.stdout.splitlines()), form
        assert not any(line.startswith("::error::") for line in done.stdout.splitlines())
        assert "Traceback" not in done.stderr
    sarif_rules(json.loads(multirt("probe", *WORDS, "--format", "sarif", hostile.name).stdout))


def test_installed_distributions_and_sites(multirt: Command, tmp_path: Path) -> None:
    install(tmp_path / "site", write_good(tmp_path))
    (named,) = documents(multirt, *WORDS, "--site", "site", "Spam")
    (folder,) = documents(multirt, *WORDS, "site")
    (file,) = documents(multirt, *WORDS, "site/spam.abi3.so")
    assert [each["kind"] for each in (named, folder, file)] == [
        *("distribution", "distribution", "file")
    ]
    assert multirt("probe", *WORDS, "--site", "site", "nothing").returncode == 2


def test_a_real_import_proves_it(multirt: Command, tmp_path: Path, require: Require) -> None:
    python = require("3.11")
    write_wheel(tmp_path, GOOD, "PyList_New")  # an ELF file without any code
    (found,) = documents(multirt, "--python", str(python), "--import", GOOD)
    (verdict,) = found["runtimes"]
    assert (verdict["status"], verdict["imported"]) == ("incompatible", False)
    assert verdict["objections"][-1]["cause"] == "import"
    assert verdict["evidence"] == "runtime"


def test_python_and_runtime_go_together(multirt: Command, tmp_path: Path, require: Require) -> None:
    python = require("3.11")
    write_good(tmp_path)
    (found,) = documents(multirt, "--python", str(python), "--runtime", HERE, GOOD)
    assert [each["evidence"] for each in found["runtimes"]] == ["runtime", "table"]
