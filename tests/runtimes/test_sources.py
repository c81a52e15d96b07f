"""Where each manager keeps runtimes, in the layouts that they really make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from runtimes import SOURCES, SearchOptions, rank
from runtimes.sources import locations, selected_folders
from runtimes.sources.windows_registry import RegistryEntry, is_store_stub, locations_of
from runtimes.storage import fingerprint
from tests.factories.runtimes import described

if TYPE_CHECKING:
    from pathlib import Path

LAYOUTS = [
    pytest.param("pyenv", {}, ".pyenv/versions/3.12.1/bin", id="pyenv"),
    pytest.param("pyenv", {"PYENV_ROOT": "{home}/py"}, "py/versions/3.12.1/bin", id="pyenv-root"),
    pytest.param("asdf", {}, ".asdf/installs/python/3.12.1/bin", id="asdf"),
    pytest.param("asdf", {"ASDF_DATA_DIR": "{home}/a"}, "a/installs/python/3.1/bin", id="asdf-dir"),
    pytest.param("mise", {}, ".local/share/mise/installs/python/3.12.1/bin", id="mise"),
    pytest.param(
        "mise", {"XDG_DATA_HOME": "{home}/d"}, "d/mise/installs/python/3.1/bin", id="mise-xdg"
    ),
    pytest.param("uv", {}, ".local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/bin", id="uv"),
    pytest.param("uv", {"UV_PYTHON_INSTALL_DIR": "{home}/u"}, "u/cpython-3.12.1/bin", id="uv-dir"),
    pytest.param("rye", {}, ".rye/py/cpython@3.12.1/bin", id="rye"),
    pytest.param("rye", {}, ".rye/py/cpython@3.11.1/install/bin", id="rye-older"),
    pytest.param("hatch", {}, ".local/share/hatch/pythons/3.12/python/bin", id="hatch"),
    pytest.param("pdm", {}, ".local/share/pdm/python/cpython@3.12.1/bin", id="pdm"),
    pytest.param("poetry", {}, ".local/share/pypoetry/python/cpython@3.12.1/bin", id="poetry"),
    pytest.param("pixi", {}, ".pixi/envs/python/bin", id="pixi"),
    pytest.param("pixi", {}, "project/.pixi/envs/default/bin", id="pixi-project"),
    pytest.param("conda", {}, "miniconda3/bin", id="conda-root"),
    pytest.param("conda", {}, "miniforge3/envs/science/bin", id="conda-environment"),
    pytest.param("conda", {"CONDA_PREFIX": "{home}/c/envs/x"}, "c/envs/x/bin", id="conda-active"),
    pytest.param("conda", {"CONDA_PREFIX": "{home}/c/envs/x"}, "c/envs/y/bin", id="conda-sibling"),
    pytest.param("conda", {"MAMBA_ROOT_PREFIX": "{home}/m"}, "m/envs/z/bin", id="mamba"),
    pytest.param(
        "homebrew",
        {"HOMEBREW_PREFIX": "{home}/brew"},
        "brew/Cellar/python@3.12/3.12.1/bin",
        id="homebrew",
    ),
    pytest.param(
        "homebrew",
        {"HOMEBREW_PREFIX": "{home}/brew"},
        "brew/Cellar/python@3.12/3.12.1/Frameworks/Python.framework/Versions/3.12/bin",
        id="homebrew-framework",
    ),
    pytest.param(
        "framework", {}, "Library/Frameworks/Python.framework/Versions/3.12/bin", id="framework"
    ),
    pytest.param(
        "framework", {}, "Library/Frameworks/PythonT.framework/Versions/3.13/bin", id="framework-t"
    ),
    pytest.param(
        "xcode",
        {"DEVELOPER_DIR": "{home}/x"},
        "x/Library/Frameworks/Python3.framework/Versions/3.9/bin",
        id="xcode",
    ),
    pytest.param("nix", {}, ".nix-profile/bin", id="nix"),
    pytest.param("guix", {}, ".guix-profile/bin", id="guix"),
    pytest.param("sdkman", {}, ".sdkman/candidates/java/24-graal/bin", id="sdkman"),
    pytest.param("PATH", {"PATH": "rel::{home}/p/bin"}, "p/bin", id="path"),
    pytest.param(
        "MULTIRT_SEARCH_PATH", {"MULTIRT_SEARCH_PATH": "{home}/s"}, "s/one/usr/bin", id="named"
    ),
]


@pytest.mark.parametrize(("source", "env", "folder"), LAYOUTS)
def test_layouts(tmp_path: Path, source: str, env: dict[str, str], folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    search = SearchOptions(
        env={name: value.replace("{home}", str(tmp_path)) for name, value in env.items()},
        home=tmp_path,
        cwd=tmp_path / "project" / "src",
    )
    found = {location.folder: location.source for location in reversed(list(locations(search)))}
    assert found[str(tmp_path / folder)] == source


@pytest.mark.parametrize(("source", "env", "folder"), LAYOUTS)
def test_whoever_wants_to_know_learns_where_a_runtime_would_appear(
    tmp_path: Path, source: str, env: dict[str, str], folder: str
) -> None:
    parts = folder.split("/")
    for count in range(len(parts)):  # that many of its folders are there already
        home = tmp_path / str(count)
        home.joinpath(*parts[:count]).mkdir(parents=True)
        noticed: list[str] = []
        search = SearchOptions(
            env={name: value.replace("{home}", str(home)) for name, value in env.items()},
            home=home,
            cwd=home / "project" / "src",
            notice=noticed.append,
        )
        list(locations(search))
        seen = fingerprint.of_files(noticed)
        (home / folder).mkdir(parents=True)
        assert not fingerprint.is_current(seen), f"{source} with {parts[:count]}"


def test_the_environments_that_conda_has_noted(tmp_path: Path) -> None:
    (tmp_path / ".conda").mkdir()
    (tmp_path / "far" / "bin").mkdir(parents=True)
    note = f"{tmp_path}/far\n\nrelative\n{tmp_path}/gone\n"
    (tmp_path / ".conda" / "environments.txt").write_text(note)
    search = SearchOptions(env={}, home=tmp_path, sources=frozenset({"conda"}))
    assert [
        location.folder for location in locations(search) if str(tmp_path) in location.folder
    ] == [f"{tmp_path}/far/bin"]


def test_only_the_sources_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / ".pyenv" / "versions" / "3.12" / "bin").mkdir(parents=True)
    search = SearchOptions(env={"PATH": str(tmp_path)}, home=tmp_path, sources=frozenset({"pyenv"}))
    assert {location.source for location in locations(search)} == {"pyenv"}
    assert {
        location.source for location in locations(replace(search, sources=frozenset()))
    } == set()


def test_every_source_has_a_place_in_the_order(tmp_path: Path) -> None:
    assert len(SOURCES) == len(set(SOURCES))
    search = SearchOptions(env={"PATH": "/usr/bin", "MULTIRT_SEARCH_PATH": "/usr"}, home=tmp_path)
    assert {location.source for location in locations(search)} <= set(SOURCES)


# As `reg query HKLM\Software\Python /s` shows them on a machine with these installed.
REGISTERED = [
    RegistryEntry(
        company="PythonCore",
        tag="3.13",
        install_path="C:\\Program Files\\Python313\\",
        executable="C:\\Program Files\\Python313\\python.exe",
    ),
    RegistryEntry(company="PythonCore", tag="2.7", install_path="C:\\Python27\\", executable=None),
    RegistryEntry(
        company="ContinuumAnalytics",
        tag="Anaconda39-64",
        install_path="C:\\Anaconda3",
        executable="C:\\Anaconda3\\python.exe",
    ),
    RegistryEntry(company="PyLauncher", tag="", install_path="C:\\Windows\\", executable=None),
    RegistryEntry(company="Broken", tag="1", install_path=None, executable=None),
    RegistryEntry(company="Relative", tag="1", install_path="Python", executable=None),
]


def test_the_windows_registry() -> None:
    assert [(location.folder, location.name) for location in locations_of(REGISTERED)] == [
        ("C:\\Program Files\\Python313", "python.exe"),
        ("C:\\Python27", "python.exe"),
        ("C:\\Anaconda3", "python.exe"),
    ]


@pytest.mark.parametrize(
    ("path", "size", "stub"),
    [
        (r"C:\Users\me\AppData\Local\Microsoft\WindowsApps\python3.exe", 0, True),
        (r"C:\Users\me\AppData\Local\Microsoft\WindowsApps\python3.exe", 99, False),
        (r"C:\Python313\python.exe", 0, False),
    ],
)
def test_store_stubs(path: str, size: int, stub: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_store_stub(path, size) is stub


SELECTIONS = [
    pytest.param({}, {"root/version": "3.9.1\n"}, ["3.9.1"], id="global"),
    pytest.param(
        {}, {"root/version": "3.9.1\n", "p/.python-version": "3.8.1"}, ["3.8.1"], id="project"
    ),
    pytest.param(
        {"PYENV_VERSION": "3.9.1:3.8.1"}, {"root/version": "3"}, ["3.9.1", "3.8.1"], id="variable"
    ),
    pytest.param({}, {"root/version": "../evil\n"}, [], id="leads-elsewhere"),
    pytest.param({}, {"root/version": "3.7.1\n"}, [], id="not-installed"),
    pytest.param({}, {"root/version": "# none\n"}, [], id="comment"),
    pytest.param({}, {}, [], id="nothing"),
]


@pytest.mark.parametrize(("env", "files", "selected"), SELECTIONS)
def test_what_pyenv_would_start(
    tmp_path: Path, env: dict[str, str], files: dict[str, str], selected: list[str]
) -> None:
    for name in ("shims", "versions/3.9.1/bin", "versions/3.8.1/bin"):
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "p" / "src").mkdir(parents=True)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    search = SearchOptions(
        env={"PATH": f"{tmp_path}/root/shims", **env}, home=tmp_path, cwd=tmp_path / "p" / "src"
    )
    assert list(selected_folders(search)) == [
        f"{tmp_path}/root/versions/{name}/bin" for name in selected
    ]


def test_what_asdf_would_start(tmp_path: Path) -> None:
    (tmp_path / "asdf" / "installs" / "python" / "3.9.1" / "bin").mkdir(parents=True)
    (tmp_path / ".tool-versions").write_text("nodejs 22\npython 3.9.1 system # ours\n")
    env = {"PATH": f"{tmp_path}/asdf/shims"}
    expected = [f"{tmp_path}/asdf/installs/python/3.9.1/bin"]
    assert list(selected_folders(SearchOptions(env=env, home=tmp_path))) == expected
    named = SearchOptions(env={**env, "ASDF_PYTHON_VERSION": "3.9.1"}, home=tmp_path / "elsewhere")
    assert list(selected_folders(named)) == expected


def test_the_selected_one_counts_as_on_path() -> None:
    plain = described("3.13.0", source="pyenv", executable="/b")
    chosen = replace(plain, executable=plain.executable.with_name("z"), selected=True)
    assert rank(chosen) < rank(plain)
