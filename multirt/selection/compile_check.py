"""Put the question to a runtime, in a child process that cannot hurt."""

from __future__ import annotations

import functools
import os
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.selection.model import CompileError, CompileResult
from runtimes import is_cpython
from runtimes.storage import cache
from runtimes.storage.fingerprint import of_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from multirt.program.model import SourceFile
    from runtimes import Runtime


class CompileCache:
    """The cache entry of one result."""

    def __init__(self, cache_dir: Path, runtime: Runtime, query: CompileQuery) -> None:
        """Name the file by the question and by the runtime's own file."""
        known = (of_file(runtime.executable), str(runtime.executable), str(runtime.version))
        facts = (query.digest, *map(str, known))
        import hashlib  # 3 ms, where something is to be asked

        digest = hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()
        self._file = cache_dir / "answers" / f"{digest[:40]}.json"

    def load(self) -> list[str] | None:
        """Return the lines of an answer, None when there is none that can be trusted."""
        return cache.read(self._file, list[str])

    def store(self, lines: list[str]) -> None:
        """Keep the lines of an answer, at once or not at all."""
        with suppress(OSError):  # a full disk
            cache.write(self._file, lines)


# Importing these does something, if only to print.
_LOUD = frozenset({"antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"})


class CompileQuery(Struct, frozen=True, kw_only=True):
    """One question.

    Attributes:
        data: what the runtime reads from stdin; empty when there is nothing to ask.
        digest: changes with the question.
    """

    data: bytes
    digest: str


@functools.cache
def script() -> str:
    """Return the program that the runtime runs."""
    return Path(__file__).with_name("compile_question.py.txt").read_text(encoding="ascii")


def build_query(sources: Sequence[SourceFile], names: Iterable[str]) -> CompileQuery:
    """Return the question about files and names."""
    parts = []
    for index, source in enumerate(sources):
        kind = "bytecode" if source.compiled else "source"
        content = source.content[:4] if source.compiled else source.content
        parts += [f"{kind} {index} {len(content)}\n".encode(), content]
    for name in sorted(set(names)):
        module, _, member = name.partition(":")
        if module.partition(".")[0] not in _LOUD and "__main__" not in name and name.isascii():
            parts.append(f"name {module} {member}\n".encode())
    data = b"".join(parts)
    import hashlib

    digest = hashlib.sha256(script().encode() + b"\0" + data).hexdigest()
    return CompileQuery(data=data, digest=digest)


_ME = sys.implementation.name
_SECONDS = 30
_KEPT = 1 << 24  # bytes of an answer; one line for each name and file
_DUMB = frozenset({"micropython"})  # no compile() that tells where, no stdin as bytes
# What would change the answer or run code of the user's before it.
_SCRUBBED = ("PYTHON", "JYTHON", "LD_PRELOAD", "PYENV_")


def query_runtime(
    runtime: Runtime,
    sources: Sequence[SourceFile],
    names: Iterable[str],
    *,
    cache_dir: Path,
    env: Mapping[str, str],
) -> CompileResult:
    """Return whether a runtime compiles files and has modules; the result is cached.

    Args:
        runtime: the one to query.
        sources: files to compile.
        names: of its standard library, `module` or `module:member`; they are imported.
        cache_dir: where answers are kept.
        env: the user's environment.
    """
    if runtime.implementation.name in _DUMB:
        return CompileResult(mute=True, complete=False)
    wanted = frozenset(names)
    unknown = [each for each in sources if not is_known_to_compile(each, runtime)]
    if not wanted and not unknown:
        return CompileResult()
    present = CompileCache(cache_dir, runtime, CompileQuery(data=b"", digest="names"))
    known = frozenset(present.load() or ())
    query = build_query(unknown, wanted - known)
    if not query.data:
        return CompileResult()
    memory = CompileCache(cache_dir, runtime, query)
    lines = memory.load()
    if lines is None:
        lines = _run(runtime, query, env)
        complete = bool(lines) and lines[-1] == "end"
        if unknown and complete and not any(line.startswith("missing") for line in lines):
            memory.store(lines)  # what is missing may be installed later next to the executable
    results = _results(lines, unknown)
    if results.complete and (new := wanted - known - results.missing):
        present.store(sorted(known | new))
    return results


def is_known_to_compile(source: SourceFile, runtime: Runtime) -> bool:
    """Whether a CPython accepts a file because this one does, which is not newer."""
    older = runtime.version.release[:2] < sys.version_info[:2]
    if source.compiled or older or not is_cpython(runtime) or _ME != "cpython":
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source.content, source.file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _run(runtime: Runtime, query: CompileQuery, env: Mapping[str, str]) -> list[str]:
    """Return the lines of the answer; empty when there is none."""
    import tempfile  # with the next 15 ms, where the answer is not cached

    from runtimes.subprocesses import Child

    nonce = os.urandom(8).hex()
    clean = {name: value for name, value in env.items() if not name.startswith(_SCRUBBED)}
    command = [str(runtime.executable), *_isolation(runtime), "-c", script(), nonce]
    clean["PYTHONDONTWRITEBYTECODE"] = "1"
    folder, deadline = Path(runtime.executable.anchor), time.monotonic() + _SECONDS
    try:
        with tempfile.TemporaryFile() as data:
            data.write(query.data)
            data.seek(0)
            with Child(command, env=clean, folder=folder, kept=_KEPT, given=data) as child:
                output = child.communicate(lambda _: deadline - time.monotonic())
    except OSError:
        return []
    lines = output.stdout.decode("ascii", "replace").splitlines()
    return [line.removeprefix(f"{nonce} ") for line in lines if line.startswith(f"{nonce} ")]


def _isolation(runtime: Runtime) -> tuple[str, ...]:
    """Return the options under which a runtime reads nothing of the user's."""
    if runtime.version.major < 3:  # noqa: PLR2004 - -I is of Python 3
        return ("-E", "-s", "-S") if runtime.implementation.name != "jython" else ("-E", "-S")
    return ("-I", "-S", "-W", "ignore")


def _results(lines: Sequence[str], sources: Sequence[SourceFile]) -> CompileResult:
    """Read the lines of an answer, which may break off."""
    refused: dict[Path, CompileError] = {}
    missing = set()
    for line in lines:
        match line.split(" "):
            case ["refused", index, number, message] if index.isdecimal() and number.isdecimal():
                source = sources[int(index)] if int(index) < len(sources) else None
                if source is not None:
                    refused[source.file] = _refusal(source, int(number), _plain(message))
            case ["missing", name]:
                missing.add(name.removesuffix(":"))
            case _:
                continue
    complete = bool(lines) and lines[-1] == "end"
    return CompileResult(refused=refused, missing=frozenset(missing), complete=complete)


def _refusal(source: SourceFile, number: int, message: str | None) -> CompileError:
    lines = source.content.splitlines() if not source.compiled else []
    text = lines[number - 1].decode("utf-8", "replace").strip() if 0 < number <= len(lines) else ""
    return CompileError(line=number, text=text, message=message)


def _plain(coded: str) -> str | None:
    """Return a text that came as six hexadecimal digits for each character; None if damaged."""
    try:
        return "".join(chr(int(coded[at : at + 6], 16)) for at in range(0, len(coded), 6))
    except (ValueError, OverflowError):
        return None
