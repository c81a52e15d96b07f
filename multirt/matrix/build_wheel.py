"""Have a project's build backend make a wheel, in an environment that is kept where that can be.

`uv build` makes an environment for each build and starts Python twice in it. Where nothing but
`[build-system]` says how the project is built (PEP 517, PEP 518), ours is made once for its
requirements, and the backend is started once.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.config.project_files import read_toml
from multirt.environments import Wanted, build, clean_environment, find_uv, resolve, uv_environment
from multirt.errors import ExitCode, MultirtError
from multirt.matrix import backend_hooks
from multirt.matrix import speculative_build as ahead
from multirt.matrix.files import write_json
from multirt.matrix.model import Package
from multirt.matrix.remembered import state_of_sources
from runtimes.storage.files import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multirt.environments import Built, Store
    from multirt.matrix.speculative_build import Done
    from runtimes import Runtime

_LAST_LINES = 15
_REQUIRED = "build-requires.json"
_LEGACY = "setuptools.build_meta:__legacy__"  # PEP 517, for who names no backend
_SINCE = (3, 7)  # that our program for the backend runs on
_ROUNDS = 3  # a backend that requires something else each time is left to uv


class Backend(Struct, frozen=True, kw_only=True):
    """What `[build-system]` says.

    Attributes:
        requires: to be installed for it.
        name: the object that has the hooks.
    """

    requires: tuple[str, ...]
    name: str


class Builder(Struct, frozen=True, kw_only=True):
    """Builds one project.

    Attributes:
        root: the project.
        state: its folder in the cache.
        store: where environments live.
    """

    root: Path
    state: Path
    store: Store

    def build(self, runtime: Runtime, mode: Package, room: Path) -> tuple[Path, float]:
        """Build a wheel with a runtime, and return it with the seconds that it took.

        Args:
            runtime: what the backend runs on.
            mode: WHEEL, or SDIST_WHEEL to go through a source distribution.
            room: an empty folder.

        Raises:
            MultirtError: with the last lines of the backend.
        """
        start = time.monotonic()
        out = room / ahead.OUT
        out.mkdir()
        env = uv_environment(self.store.env)
        done = None
        backend = read_backend(self.root) if mode is Package.WHEEL else None
        if backend is not None and _is_plain(self.root, runtime, env):
            done = self._with_kept(backend, runtime, room)
        if done is None:
            done = self._with_uv(runtime, mode, room, env)
        seconds = time.monotonic() - start
        made = sorted(out.glob("*.whl"))
        if done.code or len(made) != 1:
            raise _failed(self.root, runtime, ahead.said(room), made)
        return made[0], max(seconds, done.seconds)

    def _with_uv(self, runtime: Runtime, mode: Package, room: Path, env: Mapping[str, str]) -> Done:
        """Build in an environment that is thrown away."""
        kind = [] if mode is Package.SDIST_WHEEL else ["--wheel"]
        python = ["--python", str(runtime.executable), "--no-python-downloads"]
        uv, out = find_uv(self.store.env), str(room / ahead.OUT)
        command = [uv, "build", *kind, *python, "--out-dir", out, str(self.root)]
        inside = {**env, **ahead.own_folder(room)}
        return ahead.run(command, self.root, inside, room)

    def _with_kept(self, backend: Backend, runtime: Runtime, room: Path) -> Done | None:
        """Build in an environment that is kept; None where that cannot be."""
        required = self._required_before(backend)
        for _ in range(_ROUNDS):
            try:
                built = self._environment(runtime, (*backend.requires, *required))
            except MultirtError:
                return None  # uv says it better
            call = ahead.Call(
                python=built.python,
                home=built.home,
                scripts=built.scripts,
                program=Path(backend_hooks.__file__),
                words=(backend.name, json.dumps(required)),
            )
            done = self._called(call, room)
            if done.code or (asked := _requirements(room / ahead.ANSWER)) is None:
                return done
            required = asked
            write_json(self.state / _REQUIRED, {_key(backend): required})
        return None

    def _called(self, call: ahead.Call, room: Path) -> Done:
        """Start a backend, or take what it did already."""
        env = clean_environment(self.store.env)
        ahead.keep(self.state, call, dropped=self.store.env.keys() - env.keys())
        done = ahead.taken(call, env, state_of_sources(self.root, self.state), room)
        return done or ahead.run(call.argv(room), self.root, call.inside(env, room), room)

    def _required_before(self, backend: Backend) -> list[str]:
        """Return what the backend required the last time, beside what the project says."""
        return _requirements(self.state / _REQUIRED, _key(backend)) or []

    def _environment(self, runtime: Runtime, requires: Sequence[str]) -> Built:
        """Return an environment of the backend.

        Raises:
            MultirtError: it cannot be made.
        """
        wanted = Wanted(requirements=tuple(dict.fromkeys(requires)), build=True)
        return build(runtime, resolve(runtime, wanted, self.store), self.store)


def read_backend(root: Path) -> Backend | None:
    """Return the build backend of a project; None where it is told in another way than usual.

    Raises:
        MultirtError: its `pyproject.toml` is no TOML.
    """
    pyproject = read_toml(root / "pyproject.toml")
    match pyproject.get("build-system", {"requires": ["setuptools>=40.8.0"]}):
        case {"requires": list(requires), **others}:
            name = others.pop("build-backend", _LEGACY)
        case _:
            return None
    # `backend-path`, for one: a backend that the project has itself.
    if others or not isinstance(name, str):
        return None
    if name == _LEGACY and not (root / "setup.py").is_file():
        return None
    return Backend(requires=tuple(map(str, requires)), name=name)


def _is_plain(root: Path, runtime: Runtime, env: Mapping[str, str]) -> bool:
    """Whether nothing but `[build-system]` has a say in how a project is built."""
    tool = read_toml(root / "pyproject.toml").get("tool", {})
    of_uv = "uv" in tool or any((folder / "uv.toml").exists() for folder in (root, *root.parents))
    told = any(name.startswith("UV_") and "BUILD" in name for name in env)
    return not (of_uv or told) and (runtime.version.major, runtime.version.minor) >= _SINCE


def _requirements(file: Path, key: str | None = None) -> list[str] | None:
    """Return a list of requirements from a file; None where there is none."""
    try:
        found = json.loads(load(file) or b"null")
        found = found if key is None else found[key]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return [str(each) for each in found] if isinstance(found, list) else None


def _key(backend: Backend) -> str:
    return " ".join([backend.name, *backend.requires])


def _failed(root: Path, runtime: Runtime, text: str, made: Sequence[Path]) -> MultirtError:
    """Return the error with the last words of the backend."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if len(made) > 1:
        lines.append(f"it made {len(made)} wheels")
    said = "".join(f"\n    {line}" for line in lines[-_LAST_LINES:])
    return MultirtError(
        "build",
        f"{root} does not build with {runtime.id}:{said}",
        f"see all of it: uv build --wheel --python {runtime.executable} {root}",
        ExitCode.BUILD_FAILED,
    )
