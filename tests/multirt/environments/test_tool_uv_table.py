"""`[tool.uv]` in a script's block: what of it is followed, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from multirt.environments import InstallRequest, apply_tool_uv
from multirt.errors import MultirtError


def _following(table: str) -> InstallRequest:
    wanted = InstallRequest(requirements=("alpha",))
    return apply_tool_uv(wanted, tomllib.loads(table), "tool.py", Path("/there"))


@pytest.mark.parametrize(
    ("table", "settings"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param('exclude-newer = "2024-01-01"', {"UV_EXCLUDE_NEWER": "2024-01-01"}, id="date"),
        pytest.param('prerelease = "allow"', {"UV_PRERELEASE": "allow"}, id="pre-releases"),
        pytest.param("no-index = true", {"UV_NO_INDEX": "1"}, id="no index"),
        pytest.param(
            'index-url = "https://a/b"', {"UV_DEFAULT_INDEX": "https://a/b"}, id="its index"
        ),
        pytest.param(
            'extra-index-url = ["https://a"]', {"UV_INDEX": "https://a"}, id="another one"
        ),
        pytest.param('find-links = ["wheels"]', {"UV_FIND_LINKS": "/there/wheels"}, id="a folder"),
        pytest.param('[[index]]\nurl = "https://a"', {"UV_INDEX": "https://a"}, id="index"),
        pytest.param(
            '[[index]]\nname = "n"\nurl = "https://a"\ndefault = true',
            {"UV_DEFAULT_INDEX": "n=https://a"},
            id="with a name",
        ),
        pytest.param('[[index]]\nurl = "https://a"\nexplicit = true', {}, id="for sources only"),
        pytest.param('link-mode = "copy"\nsources = {}', {}, id="what changes no file"),
    ],
)
def test_what_is_followed(table: str, settings: dict[str, str]) -> None:
    assert _following(table) == InstallRequest(
        requirements=("alpha",), settings=tuple(settings.items())
    )


def test_constraints_are_ours_too() -> None:
    wanted = _following('constraint-dependencies = ["alpha<2"]')
    assert wanted.constraints == ("alpha<2",)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param('sources = {alpha = {path = "x"}}', "sources cannot be followed", id="source"),
        pytest.param('override-dependencies = ["x"]', "override-depend", id="what uv alone can"),
        pytest.param("exclude-newer = 3", "exclude-newer is no text: 3", id="number"),
        pytest.param('find-links = "x"', "find-links is no list of texts", id="text"),
        pytest.param('index = "x"', "an index has no url: 'x'", id="no table"),
    ],
)
def test_what_is_refused(table: str, message: str) -> None:
    with pytest.raises(MultirtError, match=r"^tool.py: \[tool.uv\] ") as caught:
        _following(table)
    assert message in caught.value.message
