"""Tests of `scripts/provisioning`: reading apt's sources, choosing steps, doing them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from provisioning.mirror import KEYRING, RELEASES, Source, read_sources, source_of, stanzas
from provisioning.model import LackingError, Proof, State, Step
from provisioning.recipes import move_headers
from provisioning.schedule import perform
from provisioning.steps import STEPS, select
from provisioning.workshop import Workshop
from tests.interpreters import INTERPRETERS, Home

DEB822 = """\
Types: deb
# a comment within a stanza
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /keys/debian.gpg

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm-security
"""
ONE_LINE = """\
# deb http://old.example/debian buster main
deb [arch=amd64 signed-by=/keys/one.gpg] http://one.example/debian bookworm main contrib
deb-src http://one.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(
            "sources.list.d/debian.sources",
            DEB822,
            [
                Source(
                    uri="http://mirror.example/debian",
                    suites=("bookworm", "bookworm-updates"),
                    keyring="/keys/debian.gpg",
                )
            ],
            id="deb822",
        ),
        pytest.param(
            "sources.list",
            ONE_LINE,
            [
                Source(
                    uri="http://one.example/debian", suites=("bookworm",), keyring="/keys/one.gpg"
                ),
                Source(
                    uri="http://security.example/debian-security",
                    suites=("bookworm-security",),
                    keyring=KEYRING,
                ),
            ],
            id="one line each",
        ),
        pytest.param("sources.list.d/debian.sources.save", DEB822, [], id="not read by apt"),
    ],
)
def test_read_sources(tmp_path: Path, name: str, text: str, expected: list[Source]) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert list(read_sources(tmp_path)) == expected


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_stanzas_use_the_mirrors_of_the_machine(tmp_path: Path, release: str) -> None:
    text = ONE_LINE.replace("bookworm", release)
    (tmp_path / "sources.list").write_text(text, encoding="utf-8")
    text = stanzas(read_sources(tmp_path))
    assert "URIs: http://one.example/debian\nSuites: bookworm trixie forky\n" in text
    assert "URIs: http://security.example/debian-security\nSuites: bookworm-security\n" in text


def test_another_system_lacks_the_source() -> None:
    with pytest.raises(LackingError, match="bookworm"):
        source_of(RELEASES, [Source(uri="http://one.example", suites=("noble",), keyring="")])


def test_needs_are_selected_before_what_needs_them() -> None:
    assert [step.name for step in select(("cinderx-3.14",))] == ["tools", "3.14", "cinderx-3.14"]


def test_every_interpreter_that_tests_know_has_its_step() -> None:
    provisioned = {row.name for row in INTERPRETERS if row.home is Home.PROVISIONED}
    assert provisioned | {"chromium", "jython", "tools"} == {step.name for step in STEPS}


def test_headers_are_found_where_they_were_unpacked(tmp_path: Path) -> None:
    room = tmp_path / "usr"
    (room / "include/x86_64-linux-gnu/python3.14").mkdir(parents=True)
    (room / "include/x86_64-linux-gnu/python3.14/pyconfig.h").touch()
    (room / "include/python3.14").mkdir()
    data = room / "lib/python3.14/_sysconfigdata__x86_64-linux-gnu.py"
    data.parent.mkdir(parents=True)
    data.write_text("{'INCLUDEPY': '/usr/include/python3.14', 'CFLAGS': '-I/usr/include/uuid'}")
    for _ in range(2):  # a second file may be a link to the first
        move_headers(tmp_path, tmp_path)
    assert f"'INCLUDEPY': '{tmp_path}/usr/include/python3.14'" in data.read_text()
    assert "'-I/usr/include/uuid'" in data.read_text()
    # What Debian's `pyconfig.h` includes, seen from the only folder that a build looks in.
    assert (room / "include/python3.14/x86_64-linux-gnu/python3.14/pyconfig.h").is_file()


class Written(Struct, frozen=True, kw_only=True):
    """A recipe that writes one program."""

    text: str
    programs: tuple[str, ...] = ("sh",)
    movable: bool = True

    def make(self, shop: Workshop, room: Path, final: Path) -> None:
        """Write it."""
        program = room / "program"
        program.write_text(f"#!/bin/sh\n{self.text}\n", encoding="utf-8")
        program.chmod(0o755)
        shop.run(final.name, "sh", "-n", program)

    def settle(self, shop: Workshop, final: Path) -> None:
        """Do nothing more."""


def _step(name: str, text: str = "echo hello", *, needs: tuple[str, ...] = ()) -> Step:
    proof = Proof(program=f"{name}/program", arguments=(), says="hello")
    return Step(name=name, about=name, recipe=Written(text=text), proof=proof, needs=needs)


def _perform(shop: Workshop, *steps: Step) -> dict[str, State]:
    with shop.opened():
        return {outcome.step.name: outcome.state for outcome in perform(steps, shop)}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(root=tmp_path / "runtimes", env={"PATH": "/usr/bin:/bin"}, home=tmp_path)


def test_a_step_is_done_once(shop: Workshop) -> None:
    step = _step("one")
    assert _perform(shop, step) == {"one": State.DONE}
    assert _perform(shop, step) == {"one": State.READY}
    assert not shop.work.exists()


def test_a_changed_recipe_is_done_again(shop: Workshop) -> None:
    _perform(shop, _step("one"))
    assert _perform(shop, _step("one", "echo hello again")) == {"one": State.DONE}
    assert shop.answer(shop.root / "one/program") == "hello again\n"


def test_what_no_longer_starts_is_done_again(shop: Workshop) -> None:
    _perform(shop, _step("one"))
    (shop.root / "one/program").unlink()
    assert _perform(shop, _step("one")) == {"one": State.DONE}


def test_a_failure_stops_only_what_needs_it(shop: Workshop) -> None:
    steps = (
        _step("wrong", "echo something else"),
        _step("broken", "if"),
        _step("after", needs=("broken",)),
        _step("fine"),
    )
    assert _perform(shop, *steps) == {
        "wrong": State.FAILED,
        "broken": State.FAILED,
        "after": State.SKIPPED,
        "fine": State.DONE,
    }
    assert not (shop.root / "wrong").exists()


def test_a_missing_program_is_lacking(shop: Workshop) -> None:
    recipe = Written(text="", programs=("no-such-program",))
    proof = Proof(program="one/program", arguments=(), says="")
    step = Step(name="one", about="", recipe=recipe, proof=proof)
    with shop.opened():
        (outcome,) = perform([step], shop)
    assert (outcome.state, outcome.reason) == (
        State.LACKING,
        "this needs the program no-such-program",
    )


def test_provisioning_needs_nothing_that_is_installed() -> None:
    script = Path(__file__).parents[2] / "scripts" / "provision_runtimes"
    command = [sys.executable, "-E", "-S", str(script), "--list"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "alder" in done.stdout
