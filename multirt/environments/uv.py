"""Run uv, which resolves and installs, and read why it failed."""

from __future__ import annotations

import re
import sys
import time
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from multirt.environments.index_settings import NO_INDEX, index_settings
from multirt.environments.model import UMASK
from multirt.errors import ErrorKind, MultirtError, OperationError
from multirt.process.debug_log import say
from runtimes.storage.trust import UntrustedError, check_location, make_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from multirt.environments.model import EnvironmentStore

_LONGEST = 240  # characters of a summary


class FailureKind(StrEnum):
    """What failed."""

    UNSATISFIABLE = "unsatisfiable"  # no set of releases meets the requirements
    UNREACHABLE = "unreachable"  # the index did not answer, or must not be asked
    DENIED = "denied"  # the index wants other credentials
    DOWNLOAD = "download"  # the index answered with something that cannot be used
    REQUIREMENT = "requirement"  # a requirement cannot be parsed
    INTERPRETER = "interpreter"  # uv cannot use the runtime
    OTHER = "other"


class UvFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why uv failed.

    Attributes:
        kind: what failed.
        full: uv's explanation, unabridged.
        summary: the cause in one line.
        lasting: the same requirements will fail again, so that the failure may be cached.
        per_runtime: another runtime may fare better.
        lacking: requirements that only lack a wheel for the runtime.
    """

    kind: FailureKind
    full: str
    summary: str
    lasting: bool
    per_runtime: bool
    lacking: tuple[str, ...] = ()


# The first pattern that is found decides.
# Texts, which `re` compiles when uv first fails.
_KINDS = tuple(
    ("|".join(patterns), kind)
    for kind, patterns in (
        (FailureKind.UNREACHABLE, ["network (?:was|connectivity is) disabled"]),
        (FailureKind.DENIED, [r"(?:returned a|credentials|client error) \(?40[13]\b"]),
        (FailureKind.DOWNLOAD, ["invalid package format", "(?:invalid|inconsistent) metadata"]),
        (FailureKind.UNSATISFIABLE, ["No solution found"]),
        (FailureKind.REQUIREMENT, ["Couldn't parse requirement"]),
        (
            FailureKind.INTERPRETER,
            [
                "Failed to (?:inspect|query) Python",
                "Querying Python",
                "No interpreter found",
                "Unknown implementation",
            ],
        ),
        (FailureKind.DOWNLOAD, [r"HTTP status client error \((?!408|429)"]),
        (
            FailureKind.UNREACHABLE,
            [
                "Failed to fetch",
                "error sending request",
                "tcp connect error",
                "dns error",
                "timed out",
                "HTTP status (?:server|client) error",
            ],
        ),
        (
            FailureKind.DOWNLOAD,
            [
                "Failed to download",
                "Failed to extract",
                "Git operation failed",
                "Received some unexpected",
                "Unsupported `Content-Type`",
                "error decoding response body",
            ],
        ),
    )
)
# An index page without files may be the page of a captive portal.
_EMPTY_PAGE = "there are no versions of"
_PER_RUNTIME = r"(?i)\bPython\b|wheel|platform|\btags?\b|\babi\b|\bdepends?\b"
# With sources next to it, with wheels only, and in the explanation itself.
_LACKS_WHEELS = (
    r"(?i)wheels are required for `([^`]+)`"
    r"|only found wheels for `([^`]+)`"
    r"|([\w.-]*\w)==\S+ has no (?:usable )?wheels"
)
_OTHER_PYTHON = (
    r"Because the (?:current|requested) Python version \([^)]+\) does not satisfy \S+"
    r" and (.+?) depends? on (Python\S+?),? "
)


def read_failure(full: str) -> UvFailure:
    """Read what uv wrote to stderr.

    Args:
        full: all of it.
    """
    found = (kind for pattern, kind in _KINDS if re.search(pattern, full, re.IGNORECASE))
    kind = next(found, FailureKind.OTHER)
    unsatisfiable = kind is FailureKind.UNSATISFIABLE
    return UvFailure(
        kind=kind,
        full=full,
        summary=_summary(full, kind),
        lasting=unsatisfiable and _EMPTY_PAGE not in full,
        per_runtime=not unsatisfiable or bool(re.search(_PER_RUNTIME, full)),
        lacking=_lacking(" ".join(full.split())) if unsatisfiable else (),
    )


def _lacking(story: str) -> tuple[str, ...]:
    """Return the requirements that only lack a wheel."""
    names = dict.fromkeys("".join(groups) for groups in re.findall(_LACKS_WHEELS, story))
    return tuple(_requirement(name, story) for name in names)


def _requirement(name: str, story: str) -> str:
    """Return what is required of a distribution that lacks wheels.

    Where uv names several releases, the version of one of them tells nothing.
    """
    escaped = re.escape(name)
    releases = set(re.findall(rf"\b{escaped}==([^\s,]*\w)", story))
    if len(releases) == 1 and not re.search(rf"\b{escaped}[<>]", story):
        return f"{name}=={releases.pop()}"
    wanted = re.search(rf"(?:requires?|depends? on) ({escaped}[<>=!~]\S*\w)", story)
    return wanted[1] if wanted is not None else name


def _summary(full: str, kind: FailureKind) -> str:
    """Return the cause in one line: the last contradiction that uv found, or the root cause."""
    text, _, hint = full.partition("\nhint:")
    head, *causes = re.split(r"^\s*cause: ", text, flags=re.MULTILINE)
    if kind in (FailureKind.DENIED, FailureKind.DOWNLOAD) and hint:
        line = hint  # it names the file or the index, and the reason
    elif not causes:
        line = head.removeprefix("error: ")
    elif "No solution found" in head:
        story = " ".join(causes[0].split())
        line = _other_python(story) + _contradiction(story)
    else:
        line = f"{head.splitlines()[0].removeprefix('error: ')}: {causes[-1].splitlines()[0]}"
    line = " ".join(line.split())
    if len(line) <= _LONGEST:
        return line
    half = _LONGEST // 2  # a long path may be in the middle, and the reason at the end
    return f"{line[:half]} ... {line[-half:]}"


def _other_python(story: str) -> str:
    """Return which release first requires another Python, where that is the first cause."""
    match = re.search(_OTHER_PYTHON, story)
    return f"{match[1]} needs {match[2]}: " if match else ""


def _contradiction(story: str) -> str:
    """Return the last step of a chain of conclusions."""
    steps = re.split(r"(?<=\.) And because ", story.removeprefix("Because "))
    reasons, conclusions = zip(*(_halves(step) for step in steps), strict=True)
    if len(reasons) == 1:
        return str(reasons[0])
    # "your requirements and flask are incompatible" does not name what is in the way.
    before = reasons[-2] if "your requirements" in conclusions[-2] else conclusions[-2]
    return f"{before}, and {reasons[-1]}"


def _halves(step: str) -> tuple[str, str]:
    """Return the premises of a step of uv's explanation, and its conclusion."""
    reason, conclusion = [*re.split(r",? we can conclude that ", step, maxsplit=1), ""][:2]
    return reason, conclusion.rstrip(".")


# What the user's uv may be told for other purposes, and what would lead this one astray.
_NOT_OURS = (
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_MANAGED_PYTHON",
    "UV_NO_MANAGED_PYTHON",
    "UV_PREFIX",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_PYTHON_PREFERENCE",
    "UV_SYSTEM_PYTHON",
    "UV_TARGET",
    "UV_WORKING_DIR",
)
_OF_ANOTHER_PYTHON = ("CONDA_PREFIX", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
# What changes how uv works, but not what it finds.
_NOT_TELLING = (
    "UV_CACHE_DIR",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT",
    "UV_LINK_MODE",
    "UV_NO_PROGRESS",
    "UV_OFFLINE",
)

# An index that does not answer is to be known after seconds, not after minutes.
_DEFAULTS = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "15"}
_OURS = {
    "NO_COLOR": "1",
    "UV_NO_PROGRESS": "1",
    "UV_NO_WRAP": "1",  # a long path would break a line before the reason that follows it
    "UV_PYTHON_DOWNLOADS": "never",
}

# uv's package asks sysconfig, which gives None to a thread that asks while another is the first
# to do so (cpython gh-92452).
_FINDING = Lock()
_QUIET = 30.0  # seconds of waiting without a message


class UvError(Exception):
    """uv ended with an error.

    Attributes:
        failure: what failed, read from its output.
    """

    def __init__(self, text: str) -> None:
        """Read what uv wrote to stderr."""
        super().__init__(text)
        self.failure = read_failure(text)


def run_uv(store: EnvironmentStore, arguments: Sequence[str], *, text: str = "") -> str:
    """Run uv in the store's folder and return its output.

    Args:
        store: whose environment variables count.
        arguments: for uv.
        text: its input.

    Raises:
        UvError: it ended with an error.
        MultirtError: it is not there.
    """
    env = {**uv_environment(store.env), **_private_cache(store)}
    # uv has an option for it and no variable, other than for its other settings.
    options = ["--no-index"] if arguments[0] == "pip" and env.get(NO_INDEX) else []
    try:
        make_folder(store.root)
    except OSError as error:
        message = f"cannot use the cache folder {store.root}: {error.strerror}"
        hint = "MULTIRT_CACHE_DIR names another one"
        raise OperationError(message, hint, kind=ErrorKind.CACHE) from error
    import subprocess  # 3 ms, where uv has something to do

    program = find_uv(store.env)
    try:
        started = subprocess.Popen(
            [program, *arguments, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=store.root,  # without the `uv.toml` of the current folder
            encoding="utf-8",
            env=env,
            errors="replace",
            umask=UMASK,
        )
    except OSError as error:
        message = f"cannot start {program}: {error.strerror}"
        hint = "pip install uv, into the environment of multirt"
        raise OperationError(message, hint, kind=ErrorKind.ENVIRONMENT) from error
    with started:
        try:
            stdout, stderr = _communicate(started, text)
        except BaseException:
            started.kill()
            raise
    if started.returncode:
        raise UvError(stderr.strip() or f"uv ended with {started.returncode}")
    return stdout


def _communicate(started: subprocess.Popen[str], text: str) -> tuple[str, str]:
    """Wait for uv, and say so on stderr while that takes long: an index may be slow."""
    from subprocess import TimeoutExpired

    begun = time.monotonic()
    rest: str | None = text
    while True:
        try:
            return started.communicate(rest, timeout=_QUIET)
        except TimeoutExpired:
            rest = None  # the rest of it is kept by `started`
            say(f"multirt: still waiting for uv ({time.monotonic() - begun:.0f} s)")


def _private_cache(store: EnvironmentStore) -> dict[str, str]:
    """Return the variable for a cache of our own, where other users can write the one of uv."""
    env = store.env
    home = env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home(), ".cache")
    folder = Path(env.get("UV_CACHE_DIR") or Path(home, "uv"))
    try:
        check_location(folder, group=True)
    except UntrustedError:
        return {"UV_CACHE_DIR": str(store.root / "uv")}
    except OSError:
        return {}  # uv says what is wrong with it
    return {}


def ask(store: EnvironmentStore, command: Sequence[str], text: str = "") -> str:
    """Run uv, which may have to work offline.

    Raises:
        UvError: in its words; those about the index, where that did not answer.
    """
    first: UvError | None = None
    if not store.offline and not store.unreachable.is_set():
        try:
            return run_uv(store, command, text=text)
        except UvError as error:
            if error.failure.kind is not FailureKind.UNREACHABLE:
                raise
            store.unreachable.set()
            first = error
    try:
        return run_uv(store, [*command, "--offline"], text=text)
    except UvError as error:
        raise (first or error) from error


def find_uv(env: Mapping[str, str]) -> str:
    """Return uv's program: the one that was installed with multirt, else the one on PATH.

    Raises:
        MultirtError: neither is there.
    """
    sibling = Path(sys.executable).with_name("uv")
    if sys.prefix != sys.base_prefix and sibling.is_file():
        return str(sibling)  # as its own package says 10 ms later
    from uv import find_uv_bin

    try:
        with _FINDING:
            return find_uv_bin()
    except FileNotFoundError:
        import shutil

        found = shutil.which("uv", path=env.get("PATH"))
    if found is None:
        hint = "pip install uv, into the environment of multirt"
        raise OperationError("uv is not installed", hint, kind=ErrorKind.ENVIRONMENT)
    return found


def uv_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for uv: the user's, without those for other Pythons."""
    return {**_DEFAULTS, **clean_environment(env), **index_settings(env), **_OURS}


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the user's variables without those for other Pythons."""
    return {
        name: value
        for name, value in env.items()
        if name not in {*_NOT_OURS, *_OF_ANOTHER_PYTHON} and not name.startswith("PYTHON")
    }


def index_env_vars(env: Mapping[str, str]) -> list[str]:
    """Return the settings on which it depends what uv finds."""
    return sorted(
        f"{name}={value}"
        for name, value in uv_environment(env).items()
        if name.startswith("UV_") and name not in _NOT_TELLING
    )


def index_error(error: UvError, store: EnvironmentStore) -> MultirtError | None:
    """Return the error for an index that did not serve; None where something else failed."""
    match error.failure.kind:
        case FailureKind.UNREACHABLE if store.offline:
            what = "offline, and nothing in the cache serves"
            hint = "run it once without `--offline`"
        case FailureKind.UNREACHABLE:
            what = "the package index does not answer"
            hint = "what was resolved and downloaded before works offline; this was not"
        case FailureKind.DENIED:
            what = "the package index refuses access"
            hint = "check the credentials of the index"
        case FailureKind.DOWNLOAD:
            what = "the package index sent something that cannot be used"
            hint = "try again; `-v` of `multirt explain` shows uv's explanation"
        case _:
            return None
    message = f"{what}: {error.failure.summary}"
    return OperationError(message, hint, kind=ErrorKind.INDEX)
