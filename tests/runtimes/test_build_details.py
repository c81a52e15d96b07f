"""What a `build-details.json` says is compared with the runtime's own answer."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from runtimes import Runtime, disagreements, interrogate
from tests.factories.runtimes import described

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Require

# As CPython 3.14 writes it, shortened.
DETAILS: dict[str, object] = {
    "schema_version": "1.0",
    "base_interpreter": "/somewhere/3.14.0",
    "platform": "linux-x86_64",
    "language": {"version_info": {"major": 3, "minor": 14, "micro": 0}},
    "implementation": {"name": "cpython"},
    "abi": {"flags": []},
    "suffixes": {"extensions": [".so"]},
}


def installed(prefix: Path, text: str, name: str = "build-details.json") -> Runtime:
    folder = prefix / "lib" / "python3.14"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return replace(described("3.14.0"), base_prefix=prefix, prefix=prefix)


def test_agreement_says_nothing(tmp_path: Path) -> None:
    text = json.dumps({**DETAILS, "base_prefix": str(tmp_path)})
    assert disagreements(installed(tmp_path, text)) == ()


@pytest.mark.parametrize(
    ("change", "fact", "written", "reported"),
    [
        ({"platform": "linux-i686"}, "platform", '"linux-i686"', '"linux-x86_64"'),
        ({"abi": {"flags": ["t"]}}, "abi.flags", '["t"]', "[]"),
        (
            {"language": {"version_info": {"micro": 9}}},
            "language.version_info.micro",
            "9",
            "0",
        ),
        ({"base_prefix": "/moved"}, "base_prefix", '"/moved"', None),
    ],
    ids=["platform", "flags", "version", "prefix"],
)
def test_each_difference_is_reported(
    tmp_path: Path, change: dict[str, object], fact: str, written: str, reported: str | None
) -> None:
    (one,) = disagreements(installed(tmp_path, json.dumps({**DETAILS, **change})))
    assert (one.fact, one.written) == (fact, written)
    assert one.reported == (reported or json.dumps(str(tmp_path)))


def test_the_file_of_another_build_does_not_count(tmp_path: Path) -> None:
    installed(tmp_path, json.dumps({**DETAILS, "abi": {"flags": ["d"]}}), "build-details.d.json")
    assert disagreements(installed(tmp_path, json.dumps(DETAILS), "build-details..json")) == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"abi": 3}', "[" * 100_000])
def test_what_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    assert disagreements(installed(tmp_path, text)) == ()


def test_a_runtime_that_was_unpacked_elsewhere(require: Require) -> None:
    """Debian's package says /usr, and the runtime knows better."""
    runtime = interrogate(require("3.15"), env=os.environ, timeout=60.0)
    assert {one.fact for one in disagreements(runtime)} <= {"base_prefix", "base_interpreter"}


def test_runtimes_without_the_file(require: Require) -> None:
    assert disagreements(interrogate(require("3.9"), env=os.environ, timeout=60.0)) == ()
