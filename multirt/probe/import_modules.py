"""Import every module of an artifact in child processes of a runtime."""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from abi_probe import ArtifactKind, lookup_modules, unpack_wheel
from multirt.probe.model import Check, ImportOutcome, ImportResult, ModuleToImport, Proof
from runtimes.subprocesses import Child, ChildOutput, signal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from abi_probe import Artifact
    from runtimes import Runtime

_SCRIPT: Final = Path(__file__).with_name("import_script.py.txt")
_SUBINTERPRETERS_SINCE: Final = (3, 12)  # with a GIL of their own (PEP 684)
# What would run code of the user's in the child, or change what it answers.
_SCRUBBED: Final = ("PYTHON", "JYTHON", "PYENV_", "PIP_", "VIRTUAL_ENV", "LD_PRELOAD")
_KEPT: Final = 1 << 22  # bytes of the output; the answer for one module has about 200
# What CPython, glibc and Rust say when they give up, above the traces that follow.
_FATAL: Final = ("Fatal Python error", "python: ", "free(): ", "malloc", "double free", "munmap")


class ImportLimits(Struct, frozen=True, kw_only=True):
    """What a child process may take.

    Attributes:
        seconds: for one module, from its beginning to its end.
    """

    seconds: float = 60.0


class ImportSandbox(Struct, frozen=True, kw_only=True):
    """Where children stand, and what they are given.

    Attributes:
        roots: folders of packages, in their order; nothing is written into them.
        scratch: a folder for what modules write when they are imported: their home folder.
        env: the user's environment, of which what would change the answer is taken away.
    """

    roots: tuple[Path, ...]
    scratch: Path
    env: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def import_sandbox(
    artifact: Artifact, roots: Sequence[Path] = (), env: Mapping[str, str] | None = None
) -> Iterator[tuple[Artifact, ImportSandbox]]:
    """Give an artifact a folder where it can be imported; a wheel is unpacked for that.

    Args:
        artifact: what is to be imported; its `target` is the path of a wheel.
        roots: folders of packages that it needs besides its own.
        env: the user's environment.

    Yields:
        The artifact as it lies on the disk, and the folder.

    Raises:
        UnreadableError: the wheel is broken, or unpacks to far more than it should.
    """
    with tempfile.TemporaryDirectory(prefix="multirt-proof-") as name:
        scratch = Path(name) / "home"
        scratch.mkdir()
        root = Path(artifact.root) if artifact.root is not None else None
        if artifact.kind is ArtifactKind.WHEEL:
            root = unpack_wheel(Path(artifact.target), Path(name) / "installed")
            artifact = replace(artifact, root=str(root))
        own = (root,) if root is not None else ()
        yield artifact, ImportSandbox(roots=(*own, *roots), scratch=scratch, env=env or {})


def modules_to_import(artifact: Artifact, runtime: Runtime) -> tuple[ModuleToImport, ...]:
    """Return the modules of an artifact that a runtime is to import.

    They are its extension modules; where it has none, its top-level modules and packages. Paths
    are below the artifact's root, which it must have.

    Args:
        artifact: as it lies on the disk.
        runtime: whose suffixes decide which file of a module is looked for.
    """
    root = Path(artifact.root or os.curdir)
    found = lookup_modules(artifact, runtime.abi.extension_suffixes)
    if found:
        return tuple(
            ModuleToImport(
                module=each.module,
                files=tuple(root / file.path for file in each.files),
                native=True,
            )
            for each in found
        )
    return tuple(
        ModuleToImport(module=module, files=_source_files(root, module), native=False)
        for module in sorted(artifact.sources)
        if "." not in module
    )


def _source_files(root: Path, module: str) -> tuple[Path, ...]:
    """Return where the source of a top-level module can lie."""
    return (root / f"{module}.py", root / module / "__init__.py")


def check_imports(
    wanted: Sequence[ModuleToImport],
    runtime: Runtime,
    sandbox: ImportSandbox,
    *,
    check: Check = Check.IMPORT,
    limits: ImportLimits | None = None,
) -> Proof:
    """Import some modules in child processes of a runtime, and say what became of each.

    They share one process as long as that goes well; what does not go well behind others is tried
    again in a process of its own, so that no module answers for another. The interpreter writes
    nothing into the runtime or the folders of packages; what a module's code does is not known.

    Args:
        wanted: the modules.
        runtime: the interpreter.
        sandbox: where, and with which packages.
        check: what is tried.
        limits: what a child may take.
    """
    prover = _Importer(
        runtime=runtime, sandbox=sandbox, check=check, limits=limits or ImportLimits()
    )
    impossible = prover.impossible()
    if impossible is not None:
        seen = tuple(
            ImportResult(module=each.module, outcome=ImportOutcome.IMPOSSIBLE, detail=impossible)
            for each in wanted
        )
        return Proof(runtime=runtime.id, check=check, seen=seen)
    together = check is Check.IMPORT  # a GIL that is on stays on
    first = prover.try_all(wanted, bare=False, together=together)
    first |= prover.without_faulthandler(wanted, first)
    unsure = [each for each in wanted if each.native and first[each.module].outcome in _UNSURE]
    alone = prover.try_all(unsure, bare=True, together=together)
    if together:
        # A failure that two processes agree on needs no third.
        for each in unsure:
            if alone[each.module].outcome in _UNSURE and not _same_result(
                first, alone, each.module
            ):
                first |= prover.try_all([each], bare=False, together=False)
                alone |= prover.try_all([each], bare=True, together=False)
    return Proof(
        runtime=runtime.id,
        check=check,
        seen=tuple(replace(first[each.module], alone=alone.get(each.module)) for each in wanted),
    )


def _same_result(
    one: Mapping[str, ImportResult], other: Mapping[str, ImportResult], module: str
) -> bool:
    """Whether a module came to the same end twice."""
    return replace(one[module], alone=None) == replace(other[module], alone=None)


_UNSURE: Final = frozenset({ImportOutcome.FAILED, ImportOutcome.NEEDS_MODULE})
_DIRE: Final = frozenset({ImportOutcome.CRASHED, ImportOutcome.HUNG, ImportOutcome.OTHER_FILE})
_ENDS: Final = frozenset({ImportOutcome.CRASHED, ImportOutcome.HUNG})
_PERHAPS_BY_HANDLER: Final = frozenset({ImportOutcome.FAILED, ImportOutcome.CRASHED})
_BEGUN: Final = frozenset({ImportOutcome.IMPORTED, ImportOutcome.TURNS_GIL_ON})
_GOOD: Final = ImportResult(module="", outcome=ImportOutcome.IMPORTED, detail="")
_FAILED: Final = ImportResult(module="", outcome=ImportOutcome.FAILED, detail="")


class _Importer(Struct, frozen=True, kw_only=True):
    """One runtime that is tried, in one way."""

    runtime: Runtime
    sandbox: ImportSandbox
    check: Check
    limits: ImportLimits
    faulthandler: bool = True

    def impossible(self) -> str | None:
        """Say why this check cannot be made there; None when it can."""
        abi, version = self.runtime.abi, self.runtime.version
        if not self.runtime.stdlib & {"os", "json"}:
            return f"{self.runtime.id} has no os or json module to answer with"
        if self.check is Check.GIL and not abi.free_threaded:
            return f"{self.runtime.id} has its GIL built in"
        if self.check is Check.SUBINTERPRETER and (
            (version.major, version.minor) < _SUBINTERPRETERS_SINCE
            or self.runtime.implementation.name != "cpython"
        ):
            return f"{self.runtime.id} has no isolated sub-interpreters"
        return None

    def without_faulthandler(
        self, wanted: Sequence[ModuleToImport], first: Mapping[str, ImportResult]
    ) -> dict[str, ImportResult]:
        """Return the modules that import in a process of their own once faulthandler is off.

        It handles signals, so a module that handles them itself can fail because of it.
        """
        failed = [each for each in wanted if first[each.module].outcome in _PERHAPS_BY_HANDLER]
        if self.runtime.version.major < 3:  # noqa: PLR2004 - Python 2 starts without it
            return {}
        plain = replace(self, faulthandler=False)
        again = plain.try_all(failed, bare=False, together=True)
        good = [each for each in failed if again[each.module].outcome in _BEGUN]
        alone = plain.try_all(good, bare=False, together=False)
        return {name: seen for name, seen in alone.items() if seen.outcome in _BEGUN}

    def try_all(
        self, wanted: Sequence[ModuleToImport], *, bare: bool, together: bool
    ) -> dict[str, ImportResult]:
        """Try some modules; what goes badly behind others is tried once more alone.

        Those that were imported before another one ended their process are tried again without it:
        how they take the interpreter's own end has not been seen.
        """
        seen: dict[str, ImportResult] = {}
        suspects: list[ModuleToImport] = []
        unended: list[ModuleToImport] = []
        for batch in [wanted] if together else [[each] for each in wanted]:
            left = list(batch)
            while left:
                results = self._try(left, bare=bare)
                seen |= results
                suspects += [
                    each for each in left[1:] if seen.get(each.module, _GOOD).outcome in _DIRE
                ]
                if any(each.outcome in _ENDS for each in results.values()):
                    unended += [
                        each for each in left if results.get(each.module, _FAILED).outcome in _BEGUN
                    ]
                left = [each for each in left if each.module not in results]
                if not left:
                    left, unended = unended, []
        for each in suspects:
            seen |= self._try([each], bare=bare)
        return seen

    def _try(self, batch: Sequence[ModuleToImport], *, bare: bool) -> dict[str, ImportResult]:
        """Start one process for some modules; hear at least of the first."""
        job = {
            "roots": [str(root) for root in self.sandbox.roots],
            "subinterpreter": self.check is Check.SUBINTERPRETER,
            "rows": [
                {"module": each.module, "files": [str(file) for file in each.files], "bare": bare}
                for each in batch
            ],
        }
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=self.sandbox.scratch) as stream:
            json.dump(job, stream)
            stream.flush()
            try:
                ended = _run_bounded(
                    [str(self.runtime.executable), *self._options(), str(_SCRIPT), stream.name],
                    env=self._environment(),
                    folder=self.sandbox.scratch,
                    seconds=self.limits.seconds,
                    progress=lambda out: out.count(b"\n"),
                )
            except OSError as error:
                ended = ChildOutput(status=None, stdout=b"", stderr=str(error).encode())
        return self._read(ended, batch, bare=bare)

    def _options(self) -> tuple[str, ...]:
        """Return what keeps a runtime away from the user's packages, variables and folders."""
        if self.runtime.version.major < 3:  # noqa: PLR2004 - Python 2
            return ("-E", "-s", "-S", "-B")
        return ("-I", "-S", "-B", *(("-X", "faulthandler") if self.faulthandler else ()))

    def _environment(self) -> dict[str, str]:
        """Return the environment of a child, whose home is the scratch folder."""
        kept = {
            name: value
            for name, value in self.sandbox.env.items()
            if not name.startswith(_SCRUBBED)
        }
        home = str(self.sandbox.scratch)
        given = {"HOME": home, "TMPDIR": home, "XDG_CACHE_HOME": home, "LC_ALL": "C.UTF-8"}
        return {"PATH": os.defpath} | kept | given

    def _read(
        self, ended: ChildOutput, batch: Sequence[ModuleToImport], *, bare: bool
    ) -> dict[str, ImportResult]:
        """Turn what was heard into what became of the modules that were begun."""
        replies, done = _replies(ended.stdout)
        seen = {
            each.module: self._meaning(each, reply)
            for each, reply in zip(batch, replies, strict=False)
        }
        if done and ended.status == 0:
            return seen
        if len(seen) < len(batch):  # the one after the last answer is the one that did it
            culprit, where = batch[len(seen)].module, ""
        elif len(batch) == 1:
            culprit, where = batch[0].module, "at exit: "
        else:  # in company, at exit: each has to answer for itself
            return {each.module: self._try([each], bare=bare)[each.module] for each in batch}
        outcome = ImportOutcome.HUNG if ended.status is None else ImportOutcome.CRASHED
        seen[culprit] = ImportResult(
            module=culprit, outcome=outcome, detail=where + _describe_end(ended)
        )
        return seen

    def _meaning(self, subject: ModuleToImport, reply: Mapping[str, object]) -> ImportResult:
        """Turn the answer for one module into what it means."""
        outcome = ImportOutcome.IMPORTED
        detail = str(reply.get("file") or "no file: a folder of that name stands in")
        if reply.get("error") is not None:
            detail = f"{reply['error']}: {reply.get('text')}"
            outcome = ImportOutcome.FAILED
            absent = reply.get("absent")
            if absent and not self._own(str(absent).partition(".")[0]):
                outcome = ImportOutcome.NEEDS_MODULE
        elif not _is_one_of(detail, subject.files):
            outcome = ImportOutcome.OTHER_FILE
        elif self.check is Check.GIL and reply.get("gil"):
            outcome = ImportOutcome.TURNS_GIL_ON
        for root in self.sandbox.roots:
            detail = detail.replace(f"{root}/", "")
        return ImportResult(module=subject.module, outcome=outcome, detail=detail)

    def _own(self, top: str) -> bool:
        """Whether a top-level name is one of those in the first folder of packages."""
        try:
            names = os.listdir(self.sandbox.roots[0])  # noqa: PTH208 - only names are wanted
        except (IndexError, OSError):
            return False
        return any(name.partition(".")[0] == top for name in names)


def _replies(stdout: bytes) -> tuple[list[dict[str, object]], bool]:
    """Return the answers in their order, and whether the end was announced."""
    replies: list[dict[str, object]] = []
    done = False
    for line in stdout.splitlines():
        try:
            key, value = json.loads(line)
        except (ValueError, TypeError):
            continue  # written by the module, around the script
        if key == "end" and isinstance(value, dict):
            replies.append(value)
        done = done or key == "done"
    return replies, done


def _is_one_of(path: str, files: Sequence[Path]) -> bool:
    """Whether a path leads to one of some files."""
    real = os.path.realpath(path)
    return any(os.path.realpath(file) == real for file in files)


def _run_bounded(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path,
    seconds: float,
    progress: Callable[[bytearray], int],
) -> ChildOutput:
    """Run a command in a session of its own, with no input; all that it started ends with it.

    Args:
        command: the program and its arguments.
        env: its whole environment.
        folder: where it stands.
        seconds: how long it may go without progress.
        progress: given all its output, how far it has come; a change renews the time.

    Raises:
        OSError: it cannot be started.
    """
    reached, deadline = 0, time.monotonic() + seconds

    def left(output: bytearray) -> float:
        nonlocal reached, deadline
        if (come := progress(output)) > reached:
            reached, deadline = come, time.monotonic() + seconds
        return deadline - time.monotonic()

    with Child(command, env=env, folder=folder, kept=_KEPT) as child:
        return child.communicate(left)


def _describe_end(ended: ChildOutput) -> str:
    """Return how a child ended, with the most telling line of its complaints."""
    if ended.status is None:
        head = "ended for taking too long"
    elif ended.status < 0:
        head = signal_name(-ended.status)
    else:
        head = f"it ends its process with exit code {ended.status}"
    complaint = _main_complaint(ended.stderr)
    return f"{head}: {complaint}" if complaint else head


def _main_complaint(stderr: bytes) -> str:
    """Return the line of some complaints that says most: a fatal error's, else the last."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    fatal = [line for line in lines if line.startswith(_FATAL)]
    chosen = (fatal or lines[-1:] or [""])[0]
    return "".join(char if char.isprintable() else "?" for char in chosen)[:300]
