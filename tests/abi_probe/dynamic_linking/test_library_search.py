"""Where loaders look, as a pure question."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from abi_probe.dynamic_linking.library_search import Loaded, Loader, loader_of
from abi_probe.model import Binary, Format

GLIBC = Loader(
    libc="glibc",
    machine="x86_64",
    bits=64,
    folders=("/lib/x86_64-linux-gnu", "/usr/lib"),
    library_path=("/env",),
    cache={"libspam.so": ("/cached/libspam.so",)},
)
MUSL = Loader(libc="musl", machine="x86_64", bits=64, folders=("/lib",), library_path=("/env",))
LAST = ["/cached", "/lib/x86_64-linux-gnu", "/usr/lib"]


def binary(*, rpath: tuple[str, ...] = (), runpath: tuple[str, ...] = ()) -> Binary:
    return Binary(
        format=Format.ELF,
        machines=("x86_64",),
        bits=64,
        byte_order="little",
        rpath=rpath,
        runpath=runpath,
    )


def link(path: str, parent: Loaded | None, **paths: tuple[str, ...]) -> Loaded:
    return Loaded(path=PurePosixPath(path), binary=binary(**paths), parent=parent)


PROGRAM = link("/prefix/bin/python", None, rpath=("$ORIGIN/../lib",))
PLAIN = link("/prefix/bin/python", None)
INHERITED = "/prefix/bin/../lib"


@pytest.mark.parametrize(
    ("loader", "needed_by", "folders"),
    [
        pytest.param(GLIBC, link("/a/x.so", PLAIN), ["/env", *LAST], id="nothing of its own"),
        pytest.param(
            GLIBC, link("/a/x.so", PROGRAM), [INHERITED, "/env", *LAST], id="the program's RPATH"
        ),
        pytest.param(
            GLIBC,
            link("/a/x.so", PROGRAM, rpath=("$ORIGIN/libs", "/b")),
            ["/a/libs", "/b", INHERITED, "/env", *LAST],
            id="RPATH, own first",
        ),
        pytest.param(
            GLIBC,
            link("/a/x.so", PROGRAM, runpath=("${ORIGIN}",)),
            ["/env", "/a", *LAST],
            id="RUNPATH, after the environment and alone",
        ),
        pytest.param(
            GLIBC,
            link("/a/x.so", PROGRAM, runpath=("/run",), rpath=("/old",)),
            ["/env", "/run", *LAST],
            id="RUNPATH hides RPATH",
        ),
        pytest.param(
            GLIBC,
            link("/a/y.so", link("/a/x.so", PROGRAM, runpath=("/run",), rpath=("/old",))),
            [INHERITED, "/env", *LAST],
            id="an inherited RPATH that RUNPATH hides",
        ),
        pytest.param(
            GLIBC,
            link("/a/x.so", PLAIN, runpath=("", "lib", "/ok/$LIB/$PLATFORM", "$ORIGINAL")),
            ["/env", "/ok/lib/x86_64-linux-gnu/x86_64", *LAST],
            id="tokens, and folders that are not absolute",
        ),
        pytest.param(
            MUSL,
            link("/a/y.so", link("/a/x.so", PROGRAM, runpath=("/run",)), runpath=("/own",)),
            ["/env", "/own", "/run", INHERITED, "/lib"],
            id="musl inherits both",
        ),
    ],
)
def test_order(loader: Loader, needed_by: Loaded, folders: list[str]) -> None:
    found = [str(path.parent) for path in loader.candidates("libspam.so", needed_by)]
    assert found == folders


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("/opt/libspam.so", ["/opt/libspam.so"], id="absolute"),
        pytest.param("$ORIGIN/libspam.so", ["/a/libspam.so"], id="beside"),
        pytest.param("./libspam.so", [], id="relative to who knows what"),
    ],
)
def test_name_with_a_slash(name: str, expected: list[str]) -> None:
    found = GLIBC.candidates(name, link("/a/x.so", PROGRAM, rpath=("/b",)))
    assert [str(path) for path in found] == expected


@pytest.mark.parametrize(
    ("loader", "name", "expected"),
    [
        (MUSL, "libc.musl-x86_64.so.1", True),
        (MUSL, "libpthread.so.0", True),
        (MUSL, "libcrypto.so.3", False),
        (GLIBC, "libc.so.6", False),
    ],
)
def test_what_the_loader_is_itself(loader: Loader, name: str, expected: bool) -> None:  # noqa: FBT001  a row of the table
    assert loader.gives_itself(name) is expected


def test_loader_that_is_not_here() -> None:
    """The usual folders stand in."""
    found = loader_of(binary(), ("/env",))
    assert (found.libc, found.library_path) == ("glibc", ("/env",))
    assert "/usr/lib" in found.folders
