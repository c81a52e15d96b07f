"""Read a project's configuration for tox: through tox itself, else from `tox.ini`."""

from __future__ import annotations

import re
import shlex
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multirt.errors import MultirtError
from multirt.matrix.migration.foreign import Foreign, Imported, with_posargs
from multirt.matrix.migration.tools import ask, find_tool
from multirt.matrix.migration.tox_ini import from_ini
from multirt.matrix.migration.tox_keys import unknown_keys
from multirt.matrix.migration.tox_words import INNER, MARK, PACKAGES, constraint, placed, plain
from multirt.matrix.model import Package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEYS = (
    "base_python",
    "commands",
    "commands_post",
    "commands_pre",
    "constraints",
    "change_dir",
    "dependency_groups",
    "deps",
    "extras",
    "ignore_outcome",
    "package",
    "pass_env",
    "set_env",
    "skip_install",
)


def read_tox(root: Path) -> Imported:
    """Return the environments that a project configures for tox.

    Raises:
        MultirtError: there is no such configuration that can be read.
    """
    if find_tool("tox") is not None:
        imported = _through_tox(root)
    elif (root / "tox.ini").is_file():
        imported = from_ini(root / "tox.ini")
    else:
        hint = "install tox: without it only a tox.ini is read"
        raise MultirtError("import", f"no tox.ini in {root}, and tox is not here", hint)
    lost = (*unknown_keys(root), *imported.lost, *_defaults(root))
    return replace(imported, lost=tuple(dict.fromkeys(lost)))


def _defaults(root: Path) -> Iterator[str]:
    """Yield a word on defaults of `{posargs:...}`, which ours has none of."""
    files = [root / name for name in ("tox.ini", "tox.toml", "setup.cfg", "pyproject.toml")]
    if any(b"{posargs:" in each.read_bytes() for each in files if each.is_file()):
        yield "what stands for {posargs:...} when nothing follows --"


def _through_tox(root: Path) -> Imported:
    """Ask tox, which knows every form of its configuration."""
    tool = find_tool("tox") or []
    with tempfile.TemporaryDirectory(prefix="multirt-tox-") as room:
        out = Path(room) / "config.json"
        command = [*tool, "config", "--workdir", room, "--format", "json", "-o", str(out)]
        document = ask([*command, "-k", *_KEYS, "--", MARK], root, out)
    lost: list[str] = []
    found = [
        _environment(name, values, _Places(root=root, room=room), lost)
        for name, values in document.get("env", document).items()
    ]
    return Imported(environments=tuple(found), lost=tuple(lost))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Places:
    """The folders that tox's answers name."""

    root: Path
    room: str

    def relative(self, word: str) -> str:
        """Return a word without the project's folder, which is the current one."""
        place = rf"{re.escape(self.room)}/[^/\s]+"
        word = re.sub(rf"^{place}/bin/python[\d.]*$", "python", word)
        word = re.sub(place, "{envdir}", word).replace("{envdir}/tmp", "{envtmpdir}")
        return "." if word == str(self.root) else word.replace(f"{self.root}/", "")


def _environment(name: str, values: Mapping[str, Any], places: _Places, lost: list[str]) -> Foreign:
    """Return an environment as tox tells of it; `lost` grows with what cannot be said."""
    lost += [f"{key} of {name}" for key in ("commands_pre", "commands_post") if values.get(key)]
    folder = Path(values.get("change_dir") or places.root)
    if folder != places.root:
        lost.append(f"change_dir {places.relative(str(folder))!r} of {name}")
    commands = []
    for line in values.get("commands", ()):
        words = [places.relative(word) for word in with_posargs(shlex.split(line), MARK)]
        commands += [plain(tuple(words), name, lost)]
        lost += [f"{each} in commands of {name}" for each in INNER.findall(" ".join(words))]
    deps = [
        *values.get("deps", ()),
        *(f"-c {constraint(each)}" for each in values.get("constraints", ())),
    ]
    pairs = {
        key: value
        for key, value in values.get("set_env", {}).items()
        if not key.startswith(("TOX_", "PYTHONHASHSEED", "PYTHONIOENCODING"))
    }
    skip = values.get("skip_install") or values.get("package") == "skip"
    package = Package.SKIP if skip else PACKAGES.get(values.get("package", ""), Package.WHEEL)
    found = Foreign(
        name=name,
        runtime=None,
        extras=tuple(values.get("extras", ())),
        groups=tuple(values.get("dependency_groups", ())),
        commands=tuple(commands),
        set_env={key: places.relative(value) for key, value in pairs.items()},
        package=package,
        may_fail=bool(values.get("ignore_outcome")),
    )
    return placed(found, deps, values.get("base_python", ()), places.root, lost)
