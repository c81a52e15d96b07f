"""Run one program on every contender, and part them into groups that agree."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.errors import ErrorKind, UsageError
from multirt.experiments.grouping import group_outcomes
from multirt.experiments.normalization import substitutions
from multirt.experiments.trial import RecordedStream, RunSpec, StreamRecorder, run_once
from multirt.process.cleanup import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from multirt.experiments.grouping import Group
    from multirt.experiments.normalization import Normalizer, Substitution
    from multirt.experiments.trial import RunOutcome
    from multirt.experiments.variants import Lineup, Variant

Snapshot = dict[str, str]
_CHUNK = 1 << 20
_BYTECODE = "__pycache__"  # of each runtime its own


def make_copy(origins: Sequence[Path], copy: Path) -> None:
    """Copy a folder with its links; those that lead into it by an absolute path lead into the copy.

    Pipes are made again; sockets and devices stay out, for a copy of them is none.

    Args:
        origins: the names of the folder, absolute; the last one without links.
        copy: not there yet; where it lies in the folder itself, it is left out of the copy.

    Raises:
        MultirtError: it is none, or cannot be copied.
    """
    origin, source, workdir = origins[0], origins[-1], copy.parent
    if not source.is_dir():
        raise UsageError(f"no such folder to copy: {origin}", kind=ErrorKind.COPY)

    def leave_out(folder: str, names: list[str]) -> list[str]:
        return [workdir.name] if Path(folder) == workdir.parent and workdir.name in names else []

    try:
        shutil.copytree(source, copy, symlinks=True, ignore=leave_out, copy_function=_copy)
        _turn_links(copy, origins)
    except shutil.Error as error:
        path, _, why = error.args[0][0]
        raise UsageError(f"cannot copy {path}: {why}", kind=ErrorKind.COPY) from error
    except OSError as error:
        raise UsageError(f"cannot copy {origin}: {error.strerror}", kind=ErrorKind.COPY) from error


def _copy(source: str, target: str) -> None:
    """Copy a file; make a pipe again."""
    mode = os.lstat(source).st_mode
    if stat.S_ISFIFO(mode):
        os.mkfifo(target)
    elif stat.S_ISREG(mode):
        shutil.copy2(source, target)


def _turn_links(copy: Path, origins: Sequence[Path]) -> None:
    """Make links in a copy that lead to what was copied lead to the copy."""
    for parent, folders, files in os.walk(copy):
        for link in (Path(parent, name) for name in (*folders, *files)):
            target = str(link.readlink()) if link.is_symlink() else ""
            if (new := relocate_path(target, origins, copy)) != target:
                link.unlink()
                link.symlink_to(new)


def relocate_path(text: str, origins: Iterable[Path], copy: Path) -> str:
    """Return a path inside the copied folder as it is in the copy; other words stay.

    Args:
        text: perhaps a path.
        origins: the names of the folder: as it was named, and without links.
        copy: of the copy.
    """
    for root in map(str, origins):
        if text == root or text.startswith(root + os.sep):
            return str(copy) + text[len(root) :]
    return text


def snapshot(folder: Path) -> Snapshot:
    """Return the hash of every file below a folder, by relative path."""
    found = {}
    for path, name in _files(folder):
        digest = hashlib.sha256()
        for block in _blocks(path):
            digest.update(block)
        found[name] = digest.hexdigest()
    return found


def changes(
    folder: Path, before: Snapshot, substitutions: Sequence[Substitution]
) -> tuple[tuple[str, RecordedStream | None], ...]:
    """Return what was written since a snapshot, sorted; None for a file that is gone."""
    after = snapshot(folder)
    changed: list[tuple[str, RecordedStream | None]] = [
        (name, None) for name in before.keys() - after
    ]
    for name, digest in after.items():
        if before.get(name) != digest:
            recording = StreamRecorder(substitutions)
            for block in _blocks(folder / name):
                recording.feed(block)
            changed.append((name, recording.finish()))
    return tuple(sorted(changed, key=lambda each: each[0]))


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield files and links, not followed, with their relative names."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != _BYTECODE)
        for file in sorted(files):
            path = os.path.join(parent, file)  # noqa: PTH118 - thousands of files
            yield folder / os.path.relpath(path, folder), os.path.relpath(path, folder)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's content; of a link where it leads, of a special or unreadable file a mark."""
    try:
        if path.is_symlink():
            yield b"link to " + os.fsencode(path.readlink())
        elif not path.is_file():
            yield b"no regular file"
        else:
            with path.open("rb") as stream:
                while block := stream.read(_CHUNK):
                    yield block
    except OSError as error:
        yield f"unreadable: {error.strerror}".encode()


# What a program prints that wanted a user at a keyboard.
_WANTS_INPUT = re.compile(r"EOFError|EOF when reading|Inappropriate ioctl|not a (?:tty|terminal)")


class Conditions(Struct, frozen=True, kw_only=True):
    """What is the same for every contender.

    Attributes:
        env: the user's environment.
        folder: where to start.
        copy: a folder of which each gets a copy; None when all share `folder`.
        files: what they change in their copies counts too.
        input: a file for the standard input; None for an empty one.
        seconds: the time limit of each run.
        seed: `PYTHONHASHSEED`; None leaves it to the environment.
        rules: what may differ.
    """

    env: Mapping[str, str]
    folder: Path
    copy: Path | None = None
    files: bool = False
    input: Path | None = None
    seconds: float = 60.0
    seed: str | None = "0"
    rules: tuple[Normalizer, ...] = ()


class Comparison(Struct, frozen=True, kw_only=True):
    """The result of it.

    Attributes:
        field: who took part, and who did not and why.
        outcomes: of each contender by its id, the reference first.
        groups: those that agree, that of the reference first.
        rules: what may differ.
    """

    field: Lineup
    outcomes: tuple[tuple[str, RunOutcome], ...]
    groups: tuple[Group, ...]
    rules: tuple[Normalizer, ...]

    @property
    def agree(self) -> bool:
        """Whether all agree; runs that were cut short show nothing."""
        ended = all(
            each.exit_code is not None or each.refused is not None for _, each in self.outcomes
        )
        return ended and len(self.groups) == 1

    @property
    def remark(self) -> str | None:
        """What to know next to the groups; None when there is nothing."""
        outcomes = [outcome for _, outcome in self.outcomes]
        if any(_WANTS_INPUT.search(each.stderr.text) for each in outcomes):
            return "it wants input or a terminal and got neither: give it a file with --input"
        if all(each.exit_code is None and each.refused is None for each in outcomes):
            return "it ends on none in time: a longer --timeout, or less work, may show more"
        if all(each.exit_code != 0 for each in outcomes):
            return f"it fails everywhere: {outcomes[0].ending}"
        if len(outcomes) == 1:
            return "only one runtime takes part: nothing was compared"
        return None


def compare(
    field: Lineup, conditions: Conditions, say: Callable[[str], None] = lambda _: None
) -> Comparison:
    """Run every contender, one after the other.

    Args:
        field: who takes part.
        conditions: the same for all.
        say: is called with who runs now.

    Raises:
        MultirtError: a folder or file is not there.
    """
    outcomes = []
    for contender in field.contenders:
        say(contender.id)
        outcomes.append((contender.id, run_contender(contender, conditions)))
    return Comparison(
        field=field,
        outcomes=tuple(outcomes),
        groups=group_outcomes(outcomes),
        rules=conditions.rules,
    )


def run_contender(contender: Variant, conditions: Conditions) -> RunOutcome:
    """Run one contender once under the conditions.

    Raises:
        MultirtError: a folder or file is not there.
    """
    with prepared(contender, conditions) as start:
        if not conditions.files:
            return run_once(start)
        workdir = start.workdir
        before = snapshot(workdir)
        outcome = run_once(start)
        return replace(outcome, files=changes(workdir, before, start.substitutions))


@contextmanager
def prepared(contender: Variant, conditions: Conditions) -> Iterator[RunSpec]:
    """Give the start of a contender, in a working copy that lasts as long."""
    if conditions.copy is None:
        if conditions.files:
            hint = "--copy . gives each runtime a copy of this folder"
            raise UsageError("--files compares working copies: name a folder", hint)
        yield _start(contender, conditions, conditions.folder, contender.command)
        return
    origins = (Path(os.path.abspath(conditions.copy)), conditions.copy.resolve())  # noqa: PTH100 - a link stays what it is called
    with temporary_folder() as workdir:
        copy = workdir.resolve() / "copy"
        make_copy(origins, copy)
        folder = Path(relocate_path(str(conditions.folder), origins, copy))
        command = (
            *contender.interpreter,
            *(relocate_path(text, origins, copy) for text in contender.plan.arguments),
        )
        inside = folder != conditions.folder
        yield _start(contender, conditions, folder if inside else copy, command, copy)


def _start(
    contender: Variant,
    conditions: Conditions,
    folder: Path,
    command: Sequence[str],
    workdir: Path | None = None,
) -> RunSpec:
    """Return how a contender starts in a folder."""
    home = contender.plan.executable.parent.parent
    locations = [(contender.plan.executable, "<python>")]
    if (home / "pyvenv.cfg").is_file():
        locations.append((home, "<prefix>"))
    if workdir is not None:
        locations.append((workdir, "<copy>"))
    return RunSpec(
        command=tuple(command),
        environment=contender.environment(conditions.env, conditions.seed),
        folder=folder,
        workdir=workdir or folder,
        input=conditions.input,
        seconds=conditions.seconds,
        substitutions=substitutions(conditions.rules, contender.runtime, locations),
    )
