"""What really happens when a runtime imports an extension, and how a prediction compares."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from abi_probe import Cause, Status, examine, read_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from abi_probe import Artefact, Prospect, Verdict
    from runtimes import Runtime

PROBE = Path(__file__).with_name("import_probe.py.txt")
_SECONDS = 60.0
_CHILDREN = 2  # at a time
# A tag or a version range may be stricter than the machine code; every other cause is a fact.
_CAUTIOUS = frozenset({Cause.ABI_TAG, Cause.PACKAGE_PYTHON})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A wheel of the package index, with what makes pip choose exactly that one.

    Attributes:
        spec: `name==version`.
        interpreter, abi, platform: of its tag.
        why: what it stands for.
    """

    spec: str
    interpreter: str
    abi: str
    platform: str = "manylinux2014_x86_64"
    why: str

    @property
    def id(self) -> str:
        """Return what tests and tables call it."""
        return f"{self.spec}-{self.interpreter}-{self.abi}"

    def download(self, folder: Path) -> Path:
        """Download the wheel into an empty folder and return its path."""
        short, digits = self.interpreter[:2], self.interpreter[2:]
        command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps"]
        command += ["--only-binary=:all:", "--disable-pip-version-check"]
        if self.abi != "none":
            command += ["--implementation", short, "--python-version", digits]
            command += ["--abi", self.abi, "--platform", self.platform]
        subprocess.run([*command, "--dest", str(folder), self.spec], check=True)
        (wheel,) = folder.glob("*.whl")
        return wheel


def unpack(wheel: Path, folder: Path) -> Path:
    """Install a wheel's packages and metadata into a folder and return that folder."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for kind in ("purelib", "platlib"):
        for data in folder.glob(f"*.data/{kind}"):
            shutil.copytree(data, folder, dirs_exist_ok=True)
    for data in folder.glob("*.data"):
        shutil.rmtree(data)
    return folder


class Outcome(StrEnum):
    """What became of one import."""

    IMPORTED = "imports"
    OTHER_FILE = "other file"  # another file than an extension of the artefact was taken
    NEEDS_MODULE = "needs module"  # a Python module from outside the artefact is absent
    FAILED = "fails"
    CRASHED = "crashes"
    HUNG = "hangs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One real import.

    Attributes:
        outcome: what became of it.
        detail: the exception, the signal, or the file.
    """

    outcome: Outcome
    detail: str


def isolation(runtime: Runtime) -> tuple[str, ...]:
    """Return the options that keep a runtime away from the user's packages and variables."""
    return ("-I", "-S") if runtime.version.major >= 3 else ("-E", "-s", "-S")


def import_module(
    runtime: Runtime, folder: Path, module: str, files: Sequence[Path], *, bare: bool = False
) -> Seen:
    """Import a module in a process of a runtime.

    Args:
        runtime: the interpreter.
        folder: goes to the front of `sys.path`.
        module: dotted name.
        files: one of them must be what was imported.
        bare: leave out the code of the packages that the module is in, which may want what is
            not installed, or a newer syntax.
    """
    command = [str(runtime.executable), *isolation(runtime), str(PROBE), str(folder), module]
    command += ["bare"] * bare
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        cwd=folder,
        start_new_session=True,
    )
    with child:
        try:
            out, err = child.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return Seen(outcome=Outcome.HUNG, detail=f"more than {_SECONDS} s")
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        return Seen(outcome=Outcome.CRASHED, detail=f"{name} {_last(err)}")
    answers = [line for line in out.decode().splitlines() if line.startswith("answer ")]
    if not answers:
        return Seen(outcome=Outcome.FAILED, detail=f"no answer: {_last(err)}")
    return _read(json.loads(answers[-1].removeprefix("answer ")), folder, files)


def try_module(runtime: Runtime, folder: Path, module: str, files: Sequence[Path]) -> Seen:
    """Import a module as a program would; where its packages' own code fails, without that."""
    seen = import_module(runtime, folder, module, files)
    native = any(file.suffix == ".so" for file in files)
    if native and seen.outcome in {Outcome.FAILED, Outcome.NEEDS_MODULE}:
        return import_module(runtime, folder, module, files, bare=True)
    return seen


def _last(err: bytes) -> str:
    """Return the last line that a process complained with."""
    return (err.decode(errors="replace").strip().splitlines() or [""])[-1]


def _read(answer: dict[str, str | None], folder: Path, files: Sequence[Path]) -> Seen:
    """Turn the answer of a child into what it means."""
    if answer["error"] is None:
        taken = Path(answer["file"] or "")
        fits = any(taken == file for file in files)
        outcome = Outcome.IMPORTED if fits else Outcome.OTHER_FILE
        return Seen(outcome=outcome, detail=taken.name)
    detail = f"{answer['error']}: {answer['text']}".replace(f"{folder}/", "")
    absent = answer["absent"]
    if absent and not _own(folder, absent.partition(".")[0]):
        return Seen(outcome=Outcome.NEEDS_MODULE, detail=detail)
    return Seen(outcome=Outcome.FAILED, detail=detail)


def _own(folder: Path, top: str) -> bool:
    """Whether a top-level name is one of those in a folder."""
    return any(entry.name.partition(".")[0] == top for entry in folder.iterdir())


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One artefact on one runtime: what was predicted, and what happened to every module."""

    runtime: str
    verdict: Verdict
    packed: Verdict | None
    seen: dict[str, Seen]
    modules_of: dict[str, str]

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Return the kinds of objection, each once."""
        return tuple(dict.fromkeys(each.cause for each in self.verdict.objections))

    def wrong(self) -> Iterator[str]:
        """Yield every way in which the prediction and the truth contradict each other."""
        packed = self.packed
        if packed is not None and _kinds(packed) != _kinds(self.verdict):
            yield f"wheel is {_kinds(packed)}, installed {_kinds(self.verdict)}"
        if self.verdict.status in {Status.UNVERIFIED, Status.COMPATIBLE}:
            for module, seen in self.seen.items():
                excused = seen.outcome is Outcome.OTHER_FILE and self._expected(module)
                excused = excused or self.doubted()
                if seen.outcome not in {Outcome.IMPORTED, Outcome.NEEDS_MODULE} and not excused:
                    yield f"{self.verdict.status}, but {module} {seen.outcome}: {seen.detail}"
        for objection in self.verdict.objections:
            if objection.cause in _CAUTIOUS:
                continue
            module = self.modules_of.get(objection.path or "", "")
            concerned = [module] if module else list(self.seen)
            if all(self.seen[name].outcome is Outcome.IMPORTED for name in concerned):
                yield f"{objection.cause}, but {', '.join(concerned)} imports: {objection.detail}"

    def _expected(self, module: str) -> bool:
        """Whether a warning said that another file would be taken."""
        return any(text.startswith(f"{module} falls back") for text in self.verdict.warnings)

    def doubted(self) -> bool:
        """Whether a warning said that nothing in the file tells if it suits this build.

        The layout of objects differs with the GIL, and a bare name with few symbols hides it.
        """
        doubt = "does not show whether it is for free-threaded builds"
        return any(doubt in text for text in self.verdict.warnings)

    def cautious(self) -> bool:
        """Whether everything imports that only the metadata refuses."""
        refused = self.verdict.status is Status.INCOMPATIBLE
        imports = all(seen.outcome is Outcome.IMPORTED for seen in self.seen.values())
        return refused and imports and set(self.causes) <= _CAUTIOUS

    def row(self) -> str:
        """Return the line of the table."""
        predicted = f"{self.verdict.status} {' '.join(self.causes)}"
        outcomes = " ".join(dict.fromkeys(seen.outcome for seen in self.seen.values()))
        detail = next(iter(self.seen.values())).detail if self.seen else ""
        note = "refused by tag" if self.cautious() else "doubted" if self.doubted() else ""
        note = "WRONG" if any(self.wrong()) else note
        return f"{self.runtime:18} {predicted:58} {outcomes:13} {note:14} {detail[:90]}"


def _kinds(verdict: Verdict) -> str:
    """Name a verdict by its status and its causes."""
    causes = dict.fromkeys(objection.cause for objection in verdict.objections)
    return " ".join([verdict.status, *causes])


def cells(
    folder: Path, prospects: Iterable[tuple[Runtime, Prospect]], wheel: Path | None = None
) -> list[Cell]:
    """Predict and try every module of a folder on every runtime.

    Args:
        folder: installed packages, or bare files.
        prospects: each runtime, and what verdicts need of it.
        wheel: where the folder came from; None where it was compiled here.
    """
    (artefact,) = read_path(folder)
    packed = read_path(wheel)[0] if wheel is not None else None

    def cell(pair: tuple[Runtime, Prospect]) -> Cell:
        runtime, prospect = pair
        files = _files(artefact, folder)
        return Cell(
            runtime=runtime.id,
            verdict=examine(artefact, prospect),
            packed=examine(packed, prospect) if packed is not None else None,
            seen={
                module: try_module(runtime, folder, module, paths)
                for module, paths in files.items()
            },
            modules_of={str(each.path): each.module for each in artefact.extensions},
        )

    with ThreadPoolExecutor(_CHILDREN) as pool:
        return list(pool.map(cell, prospects))


def _files(artefact: Artefact, folder: Path) -> dict[str, list[Path]]:
    """Return the modules to import: the extensions, or where there is none the sources."""
    files: dict[str, list[Path]] = {}
    for extension in artefact.extensions:
        files.setdefault(extension.module, []).append(folder / extension.path)
    if not files:
        for module in sorted(artefact.sources):
            files[module] = [folder / f"{module.replace('.', '/')}.py"]
    return files
