"""Outcomes and runtimes written down, for tests that start nothing."""

from __future__ import annotations

from pathlib import Path

from packaging.version import Version

from multirt.experiments.trial import RecordedStream, RunOutcome, StreamRecorder
from runtimes import Abi, Jit, Platform, Runtime
from tests.factories.runtimes import implementation as made


def runtime(
    name: str = "cpython-3.12.1",
    *,
    prefix: str = "/opt/python",
    executable: str = "/opt/python/bin/python3.12",
    jit: Jit | None = None,
    free_threaded: bool = False,
) -> Runtime:
    """Return a runtime that is not here."""
    implementation, _, version = name.partition("-")
    return Runtime(
        id=name,
        executable=Path(executable),
        source="PATH",
        prefix=Path(prefix),
        base_prefix=Path(prefix),
        implementation=made(implementation, version.rstrip("t")),
        version=Version(version.rstrip("t")),
        abi=Abi(
            soabi=None,
            flags=(),
            debug=False,
            free_threaded=free_threaded,
            trace_refs=False,
            extension_suffixes=(".so",),
            stable_abis=(),
            cache_tag=None,
            object_sizes=(),
        ),
        platform=Platform(
            tag="linux-x86_64",
            system="linux",
            machine="x86_64",
            bits=64,
            byte_order="little",
            libc=None,
        ),
        jit=jit,
        stdlib=frozenset(),
        site_packages=(),
    )


def recorded(text: str) -> RecordedStream:
    """Return a stream with that text."""
    recording = StreamRecorder(())
    recording.feed(text.encode())
    return recording.finish()


def outcome(
    stdout: str = "",
    stderr: str = "",
    exit_code: int | None = 0,
    files: dict[str, str | None] | None = None,
    refused: str | None = None,
) -> RunOutcome:
    """Return the result of a run."""
    written = sorted((files or {}).items())
    return RunOutcome(
        exit_code=exit_code,
        refused=refused,
        stdout=recorded(stdout),
        stderr=recorded(stderr),
        files=tuple((name, None if text is None else recorded(text)) for name, text in written),
        seconds=0.1,
    )
