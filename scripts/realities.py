"""Real projects of the package index, with their own tests, for the scripts that test them."""

from __future__ import annotations

import json
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Matrix = dict[str, str | list[str] | list[list[str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Real:
    """A project of somebody else.

    Attributes:
        name, version: in the package index.
        kind: what its wheel is, for people.
        matrix: the configuration, where what is taken without one is not what its tests need.
        one_wheel: the same wheel serves every runtime, so that tox may be told to build it once.
    """

    name: str
    version: str
    kind: str
    matrix: Matrix
    one_wheel: bool = True


# Without it tornado leaves out what does not compile, and calls the wheel abi3 all the same.
REQUIRED = {"TORNADO_EXTENSION": "1"}
_PYTEST = ["pytest", "-q", "-p", "no:cacheprovider", "{posargs}"]
PROJECTS = (
    Real(
        name="exceptiongroup",
        version="1.2.2",
        kind="pure",
        matrix={"deps": ["pytest"], "commands": [_PYTEST]},
    ),
    Real(
        name="tornado",
        version="6.4.2",
        kind="an extension for the stable ABI of CPython 3.8",
        # Its suite starts servers and takes minutes; these use the extension or no network at all.
        matrix={
            "build-runtime": "3.12",
            "deps": ["pytest"],
            "commands": [
                [
                    *_PYTEST,
                    "--pyargs",
                    "tornado.test.escape_test",
                    "tornado.test.httputil_test",
                    "tornado.test.websocket_test",
                    "-k",
                    "Escape or Mask or HTTPHeaders or MultipartFormData",
                ]
            ],
        },
    ),
    Real(
        name="markupsafe",
        version="3.0.3",
        kind="an extension for one version of CPython",
        # The extension is optional: what cannot compile it makes a pure wheel, which fits all.
        matrix={"deps": ["pytest"], "commands": [_PYTEST], "build-runtime": "3.12"},
    ),
)
BESIDE_PEERS = (
    Real(
        name="cachetools",
        version="5.5.2",
        kind="pure",
        matrix={"deps": ["pytest"], "commands": [_PYTEST]},
    ),
    Real(
        name="argon2-cffi-bindings",
        version="21.2.0",
        kind="an extension for the stable ABI of the CPython that builds it",
        matrix={"deps": ["pytest"], "commands": [_PYTEST], "own-wheel": ["pypy"]},
    ),
    Real(
        name="bitarray",
        version="3.0.0",
        kind="an extension for one version of Python",
        one_wheel=False,
        # Its tests are in the package, next to which lies a copy that was not compiled.
        matrix={
            "deps": ["pytest"],
            "commands": [[*_PYTEST, "--pyargs", "bitarray.test_bitarray", "bitarray.test_util"]],
        },
    ),
)
"""Those that are tested with other runners too: three that no test here was made with."""


def unpacked(real: Real, python: Path, folder: Path) -> Path:
    """Return the folder of a project's sources, fetched from the index, with its configuration.

    Args:
        real: the project.
        python: has pip.
        folder: where it goes.
    """
    command = [str(python), "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(folder), f"{real.name}=={real.version}"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    named = real.name.replace("-", "?")
    archive = next(folder.glob(f"{named}-{real.version}.tar.gz"))
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def configure(root: Path, matrix: Matrix) -> None:
    """Write a project's configuration of the matrix."""
    rows = [f"{key} = {json.dumps(value)}\n" for key, value in matrix.items()]
    (root / "multirt.toml").write_text("[matrix]\n" + "".join(rows))
