"""Which index uv is told of, from what pip was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.environments.index_settings import index_settings, with_settings

if TYPE_CHECKING:
    from pathlib import Path

_PYPI = "https://pypi.org/simple"


@pytest.mark.parametrize(
    ("variables", "settings"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"PIP_INDEX_URL": "https://a/simple"},
            {"UV_DEFAULT_INDEX": "https://a/simple"},
            id="index",
        ),
        pytest.param(
            {"PIP_EXTRA_INDEX_URL": "https://b https://c"},
            {
                "UV_DEFAULT_INDEX": "https://c",
                "UV_INDEX": f"{_PYPI} https://b",
                "UV_INDEX_STRATEGY": "unsafe-best-match",
            },
            id="extra-indexes-after-the-main-one",
        ),
        pytest.param(
            {"PIP_FIND_LINKS": "/w https://d/w", "PIP_NO_INDEX": "1"},
            {"UV_FIND_LINKS": "/w,https://d/w", "UV_NO_INDEX": "1"},
            id="folders-only",
        ),
        pytest.param(
            {"PIP_TRUSTED_HOST": "a", "PIP_CERT": "/c.pem"},
            {"UV_INSECURE_HOST": "a", "SSL_CERT_FILE": "/c.pem"},
            id="trust",
        ),
        pytest.param(
            {"PIP_CERT": "/c.pem", "SSL_CERT_FILE": "/own.pem"}, {}, id="own-certificates"
        ),
        pytest.param(
            {"PIP_INDEX_URL": "https://a", "UV_INDEX": "https://u"}, {}, id="uv-was-told-itself"
        ),
        pytest.param({"PIP_NO_INDEX": "false"}, {}, id="no-index-off"),
    ],
)
def test_variables(tmp_path: Path, variables: dict[str, str], settings: dict[str, str]) -> None:
    env = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null", **variables}
    assert index_settings(env) == settings


@pytest.mark.parametrize(
    ("folder", "variables"),
    [
        pytest.param(".config/pip/pip.conf", {}, id="user"),
        pytest.param(".pip/pip.conf", {}, id="old-place"),
        pytest.param("xdg/pip/pip.conf", {"XDG_CONFIG_HOME": "xdg"}, id="xdg"),
        pytest.param("site/pip/pip.conf", {"XDG_CONFIG_DIRS": "site"}, id="system"),
        pytest.param("venv/pip.conf", {"VIRTUAL_ENV": "venv"}, id="active-environment"),
        pytest.param("mine.ini", {"PIP_CONFIG_FILE": "mine.ini"}, id="named"),
    ],
)
def test_files(tmp_path: Path, folder: str, variables: dict[str, str]) -> None:
    file = tmp_path / folder
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[global]\nindex_url = https://u:p%40q@a/simple\n", encoding="utf-8")
    env = {name: str(tmp_path / value) for name, value in variables.items()}
    settings = index_settings({"HOME": str(tmp_path), **env})
    assert settings["UV_DEFAULT_INDEX"] == "https://u:p%40q@a/simple"


def test_the_section_of_install_counts_more(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    text = "[install]\nindex-url = https://i\n[global]\nindex-url = https://g\n"
    file.write_text(text, encoding="utf-8")
    env = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(file)}
    assert index_settings(env)["UV_DEFAULT_INDEX"] == "https://i"
    variable = {**env, "PIP_INDEX_URL": "https://v"}
    assert index_settings(variable)["UV_DEFAULT_INDEX"] == "https://v"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff\xfe\x00", id="no-text"),
        pytest.param(b"index-url = x\n", id="no-section"),
        pytest.param(b"[global\n", id="broken"),
    ],
)
def test_a_broken_file_is_passed_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "pip.conf"
    file.write_bytes(content)
    env = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(file), "PIP_INDEX_URL": "https://v"}
    assert index_settings(env)["UV_DEFAULT_INDEX"] == "https://v"


def test_an_index_in_the_users_own_uv_file_counts(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "uv" / "uv.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[[index]]\nurl = "https://u"\n', encoding="utf-8")
    assert index_settings({"HOME": str(tmp_path), "PIP_INDEX_URL": "https://v"}) == {}
    file.write_text('link-mode = "copy"\n', encoding="utf-8")
    assert index_settings({"HOME": str(tmp_path), "PIP_INDEX_URL": "https://v"}) != {}


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        pytest.param({}, {"UV_INDEX": "s", "UV_DEFAULT_INDEX": "d"}, id="nobody-else-says-it"),
        pytest.param(
            {"UV_DEFAULT_INDEX": "u", "UV_INDEX": "v"},
            {"UV_DEFAULT_INDEX": "u", "UV_INDEX": "v s"},
            id="the-user-comes-first",
        ),
        pytest.param(
            {"PIP_INDEX_URL": "p", "PIP_FIND_LINKS": "/w"},
            {"UV_DEFAULT_INDEX": "d", "UV_INDEX": "s", "UV_FIND_LINKS": "/w"},
            id="pip-comes-last",
        ),
    ],
)
def test_settings_of_a_script(
    tmp_path: Path, variables: dict[str, str], shown: dict[str, str]
) -> None:
    env = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null", **variables}
    settings = (("UV_INDEX", "s"), ("UV_DEFAULT_INDEX", "d"))
    assert with_settings(env, settings) == {**env, **shown}
    assert with_settings(env, ()) == env
