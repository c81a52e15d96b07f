"""Put a cell's requirements and the wheel under test into an environment.

What a runtime's users would get is resolved for each one. The environments belong to the project:
when only its wheel changed, only the wheel is replaced, and nothing at all when nothing changed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multirt.environments import Store, UvError, Wanted, build, resolve, run_uv
from multirt.errors import ExitCode, MultirtError
from multirt.matrix.building import write_json
from multirt.matrix.locking import locked
from multirt.matrix.model import Package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from multirt.environments import Built, Resolution
    from multirt.matrix.locking import Say
    from multirt.matrix.model import Cell, Wheel
    from runtimes import Runtime

_RECORD = "multirt-project.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """An environment that a cell can run in.

    Attributes:
        built: the environment.
        installed: name and version of all that is in it.
        reused: it was there, with this very wheel.
    """

    built: Built
    installed: tuple[tuple[str, str], ...]
    reused: bool


@dataclass(frozen=True, slots=True)
class Installer:
    """Where the environments of one project are.

    Attributes:
        root: the project.
        state: the project's folder in the cache.
        cache: multirt's, for what projects share.
        env: the user's environment; says which index counts.
        say: told when it has to wait.
        refresh: the index is asked anew.
        build_deps: requirements without a wheel are built from their sources.
    """

    root: Path
    state: Path
    env: Mapping[str, str]
    say: Say
    refresh: bool = False
    build_deps: bool = False

    def resolve(self, cell: Cell, runtime: Runtime, wheel: Wheel | None) -> Resolution:
        """Return what a cell's environment holds.

        Raises:
            UnresolvableError: nothing fulfils it on this runtime.
            MultirtError: something of it cannot be read, or the index does not answer.
        """
        needs = cell.needs
        requirements = list(needs.requirements)
        stubs: tuple[Path, ...] = ()
        if wheel is not None:
            stub = self._stub(wheel)
            name = stub.name.partition("-")[0]
            requirements.append(f"{name}[{','.join(needs.extras)}]" if needs.extras else name)
            stubs = (stub,)
        wanted = Wanted(
            requirements=tuple(dict.fromkeys(requirements)),
            constraints=tuple(_constraints(needs.constraints)),
            wheels=stubs,
            editable=(self.root,) if cell.package is Package.EDITABLE else (),
            lock=needs.lock,
            build=self.build_deps,
        )
        return resolve(runtime, wanted, self._store(cell))

    @contextlib.contextmanager
    def prepared(
        self, cell: Cell, runtime: Runtime, resolution: Resolution, wheel: Wheel | None
    ) -> Iterator[Prepared]:
        """Make a cell's environment, and keep other runs from changing it meanwhile.

        Raises:
            MultirtError: it cannot be made.
        """
        store = self._store(cell)
        built = build(runtime, resolution, store)
        pins = [(pin.name, pin.version or "") for pin in resolution.pins]
        if wheel is None:
            yield Prepared(built=built, installed=tuple(pins), reused=True)
            return
        name, version = wheel.artefact.name or "", str(wheel.artefact.version or "")
        installed = [pin for pin in pins if pin[0] != name]
        content = wheel.sha256
        if cell.package is Package.DEPS_ONLY:
            content = "none"
        else:
            installed.append((name, version))
        reused = True
        lock = store.root / "locks" / f"{built.home.name}.project"
        while True:
            with locked(lock, self.say, f"another run that uses {cell.name}", shared=True):
                if _recorded(built) == content:
                    yield Prepared(built=built, installed=tuple(sorted(installed)), reused=reused)
                    return
            with locked(lock, self.say, f"another run that uses {cell.name}"):
                if _recorded(built) != content:
                    reused = False
                    _put(built, wheel, content, store)

    def _store(self, cell: Cell) -> Store:
        # Environments that hold the project are told apart from those that do not.
        kind = "bare" if cell.package is Package.SKIP else cell.package.value
        return Store(self.state / "environments" / kind, self.env, refresh=self.refresh)

    def _stub(self, wheel: Wheel) -> Path:
        """Return a wheel of nothing but the metadata of the one under test.

        What has to be installed follows from the metadata alone, so as long as that stays the
        same nothing is resolved anew, whatever else changes.
        """
        metadata = _metadata(wheel.path)
        name, version, *_ = wheel.path.name.split("-")
        folder = self.state / "metadata" / hashlib.sha256(metadata).hexdigest()[:16]
        path = folder / f"{name}-{version}-py3-none-any.whl"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            made = path.with_name(f"{path.name}.{wheel.sha256[:8]}")
            _write_stub(made, f"{name}-{version}.dist-info", metadata)
            made.replace(path)
        return path


def _recorded(built: Built) -> str | None:
    """Return which wheel an environment holds; None when that is not sure."""
    try:
        document = json.loads((built.home / _RECORD).read_bytes())
        return str(document["content"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _put(built: Built, wheel: Wheel, content: str, store: Store) -> None:
    """Replace what an environment holds of the project."""
    # Until it is complete nobody may take it for what it was.
    (built.home / _RECORD).unlink(missing_ok=True)
    python = ["--quiet", "--python", str(built.python)]
    if content == "none":
        command = ["pip", "uninstall", *python, str(wheel.artefact.name)]
    else:
        options = ["--no-deps", "--no-index", "--reinstall"]
        command = ["pip", "install", *python, *options, str(wheel.path)]
    try:
        run_uv(store, command)
    except UvError as error:
        message = f"cannot install {wheel.path.name}: {error}"
        raise MultirtError("environment", message, code=ExitCode.BUILD_FAILED) from error
    write_json(built.home / _RECORD, {"content": content, "wheel": wheel.path.name})


def _constraints(files: tuple[Path, ...]) -> Iterator[str]:
    """Yield the requirements of constraint files."""
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise MultirtError("config", f"cannot read {path}: {error}") from error
        for line in lines:
            text = line.partition(" #")[0].strip()
            if text and not text.startswith(("#", "-")):
                yield text


def _metadata(wheel: Path) -> bytes:
    """Return the METADATA of a wheel that was read before."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(
            name
            for name in archive.namelist()
            if name.count("/") == 1 and name.endswith(".dist-info/METADATA")
        )
        return archive.read(name)


def _write_stub(path: Path, folder: str, metadata: bytes) -> None:
    tags = b"Wheel-Version: 1.0\nGenerator: multirt\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in ((f"{folder}/METADATA", metadata), (f"{folder}/WHEEL", tags)):
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        rows.append(f"{folder}/RECORD,,")
        archive.writestr(zipfile.ZipInfo(f"{folder}/RECORD", _EPOCH), "\n".join(rows) + "\n")
