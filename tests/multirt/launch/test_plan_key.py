"""What a command line asks: the launcher in C and the module in Python say the same."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multirt.launch.plan_key import absolute, fnv1a, plan_query, split_shebang_args
from multirt.launch.plan_reader import plan_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        pytest.param("tool.py -x", ["script=/w/tool.py"], id="script"),
        pytest.param("./tool -x", ["script=/w/tool"], id="script without ending"),
        pytest.param("/a//b/./c.py", ["script=/a/b/c.py"], id="spelled oddly"),
        pytest.param("run tool.py", ["script=/w/tool.py"], id="run is understood"),
        pytest.param("run tool", ["name=tool"], id="console script"),
        pytest.param("run -m json.tool", ["module=json.tool"], id="module"),
        pytest.param(
            "run --python 3.12 -p pypy --python=3.8 t.py",
            ["python=3.12", "python=pypy", "python=3.8", "script=/w/t.py"],
            id="runtimes in order",
        ),
        pytest.param("run --site=/s t.py", ["site=/s", "script=/w/t.py"], id="site"),
        pytest.param(
            "run --with six --with=a<2 --with-requirements r --with-requirements=s x",
            [
                "with=six",
                "with=a<2",
                "with-requirements=r",
                "with-requirements=s",
                "name=x",
            ],
            id="packages",
        ),
        pytest.param(
            "run --prefer fastest --fastest-margin=5 t.py",
            ["prefer=fastest", "fastest-margin=5", "script=/w/t.py"],
            id="preference",
        ),
    ],
)
def test_fields(arguments: str, fields: list[str]) -> None:
    question = plan_query([*map(os.fsencode, arguments.split())], b"/w", {})
    assert question is not None
    assert [*map(os.fsdecode, question.fields)] == fields


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "list",
        "tool",
        "run",
        "run --unknown t.py",
        "run -p",
        "run --with",
        "run ../t.py",
        "run t/",
        "--json",
    ],
)
def test_what_is_left_to_the_python_command(arguments: str) -> None:
    assert plan_query([*map(os.fsencode, arguments.split())], b"/w", {}) is None


@pytest.mark.parametrize(
    ("arguments", "local"),
    [
        ("run --site /s t.py", False),
        ("run --site s t.py", True),
        ("run -p ./python t.py", True),
        ("run -p /usr/bin/python t.py", False),
        ("run -m json", True),
        ("run --with six t.py", False),
        ("run --with-requirements /r.txt t.py", False),
        ("run --with-requirements r.txt t.py", True),
    ],
)
def test_a_relative_path_makes_a_question_of_its_folder(arguments: str, *, local: bool) -> None:
    question = plan_query([*map(os.fsencode, arguments.split())], b"/w", {})
    assert question is not None
    assert len([*question.each_key()]) == (1 if local else 2)
    assert [*question.each_key()][-1].endswith(b"cwd=/w\0")


def test_the_terminal_counts() -> None:
    question = plan_query([b"t.py"], b"/", {b"VIRTUAL_ENV": b"/v", b"MULTIRT_PYTHON": b"3.8"})
    assert question is not None
    assert question.fields == (b"script=/t.py", b"MULTIRT_PYTHON=3.8", b"VIRTUAL_ENV=/v")


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"", 0xCBF29CE484222325), (b"a", 0xAF63DC4C8601EC8C), (b"foobar", 0x85944171F73967E8)],
)
def test_hash_as_its_authors_give_it(data: bytes, value: int) -> None:
    assert fnv1a(data) == value


@given(st.text("a./", max_size=12).map(os.fsencode))
def test_absolute_is_what_python_calls_so(path: bytes) -> None:
    found = absolute(path, b"/w/x")
    if found is not None:
        whole = os.path.join(b"/w/x", path)  # noqa: PTH118 - bytes
        assert found == b"/" + os.path.normpath(whole).lstrip(b"/")


def _is_there(path: bytes) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - bytes


@pytest.mark.parametrize(
    ("arguments", "taken_apart"),
    [
        pytest.param(["run -p 3", "t.py"], ["run", "-p", "3", "t.py"], id="run"),
        pytest.param(["--python  3 ", "t.py"], ["run", "--python", "3", "t.py"], id="options"),
        pytest.param(["run 'a b'", "t.py"], ["run 'a b'", "t.py"], id="quotes"),
        pytest.param(["run -p 3"], ["run -p 3"], id="no script"),
        pytest.param(["my tool.py", "x"], ["my tool.py", "x"], id="a space in a name"),
    ],
)
def test_the_words_of_a_first_line(arguments: list[str], taken_apart: list[str]) -> None:
    found = split_shebang_args([*map(os.fsencode, arguments)], lambda _: False)
    assert [*map(os.fsdecode, found)] == taken_apart


_words = st.one_of(
    st.sampled_from(
        [b"run", b"-p", b"--python", b"--site", b"--python=3", b"--site=s", b"-m", b"t.py", b"x"]
    ),
    st.sampled_from([b"--with", b"--with=six", b"--with-requirements", b"--with-requirements=r"]),
    st.sampled_from([b"--prefer", b"--fastest-margin=5", b"--python-args", b"--python-args=-I"]),
    st.sampled_from([b"run -p 3", b"--python 3", b"-p  3 ", b"run 't.py'", b"run  t.py"]),
    st.text("a./=- ", max_size=6).map(os.fsencode),
    st.binary(max_size=8).map(lambda part: part.replace(b"\0", b"")),
)


@given(arguments=st.lists(_words, max_size=6))
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_both_ask_the_same(native: Path, tmp_path: Path, arguments: Sequence[bytes]) -> None:
    (tmp_path / "plans").mkdir(exist_ok=True, mode=0o700)
    env = {b"MULTIRT_CACHE_DIR": os.fsencode(tmp_path), b"MULTIRT_LOG": b"debug"}
    done = subprocess.run(
        [native, *arguments], check=False, capture_output=True, cwd=tmp_path, env=env, timeout=60
    )
    looked_for = re.findall(rb"no plan ([0-9a-f]{16})", done.stderr)
    question = plan_query(split_shebang_args(arguments, _is_there), os.fsencode(tmp_path), env)
    keys = [*question.each_key()] if question is not None else []
    assert looked_for == [*map(plan_name, keys)]
