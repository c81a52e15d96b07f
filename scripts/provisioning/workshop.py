"""The folder that is provisioned, and the means to work in it."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning import mirror
from provisioning.model import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from provisioning.model import Proof, Step

TRIPLET = "x86_64-linux-gnu"
_CODE = Path(__file__).parent
_TAIL = 12  # lines of a failed command's output that its error shows
_WIDTH = 160  # of each
_PATIENCE = 60  # seconds for a runtime to start and answer, on a machine that is busy building


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """The provisioned folder with its state below `.state`.

    Attributes:
        root: where the runtimes go, one folder each; absolute.
        env: what commands are started with.
        home: the user's home folder.
    """

    root: Path
    env: Mapping[str, str]
    home: Path
    _fetching: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def work(self) -> Path:
        """What is thrown away in the end: package lists, downloads, unfinished folders."""
        return self.root / ".state" / "work"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep other provisioning of this folder out, and leave no scraps."""
        self.work.mkdir(parents=True, exist_ok=True)
        for name in ("logs", "stamps"):
            (self.root / ".state" / name).mkdir(exist_ok=True)
        with (self.root / ".state" / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                shutil.rmtree(self.work, ignore_errors=True)

    def run(self, name: str, *command: str | Path, cwd: Path | None = None) -> None:
        """Run a command, its output going to the log of that name.

        Raises:
            CommandError: it failed.
        """
        words = tuple(map(str, command))
        log = self.root / ".state" / "logs" / f"{name}.log"
        with log.open("a", encoding="utf-8") as output:
            print("$", *words, file=output, flush=True)
            done = subprocess.run(
                words,
                cwd=cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            tail = "\n".join(line[:_WIDTH] for line in lines[-_TAIL:])
            raise CommandError(words, done.returncode, tail, log)

    # ------------------------------------------------------------------------------ packages
    def apt(self, name: str, *arguments: str, cwd: Path | None = None) -> None:
        """Run apt-get on package lists of our own, next to those of the system.

        Raises:
            ProvisioningError: it failed, or the machine's apt sources lack an archive.
        """
        with self._fetching:  # the first caller fetches the lists for all
            if not (self.work / "apt" / "complete").exists():
                self._fetch_lists()
        self.run(name, "apt-get", *self._apt_options(), *arguments, cwd=cwd)

    def _apt_options(self) -> tuple[str, ...]:
        state = self.work / "apt"
        options = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": state / "sources",
            "Dir::State::Lists": state / "lists",
            "Dir::Cache": state / "cache",
            # Container images turn these two off; every command would then parse all lists again.
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
            # `opened` keeps others out of these lists; dpkg's own lock is none of our business.
            "Debug::NoLocking": "true",
            "APT::Sandbox::User": "root",  # its own user may not write below a home folder
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        return tuple(word for key, value in options.items() for word in ("-o", f"{key}={value}"))

    def _fetch_lists(self) -> None:
        state = self.work / "apt"
        for name in ("sources", "lists/partial", "cache/archives/partial"):
            (state / name).mkdir(parents=True, exist_ok=True)
        text = mirror.stanzas(mirror.read_sources())
        (state / "sources" / "all.sources").write_text(text, encoding="utf-8")
        self.run("lists", "apt-get", *self._apt_options(), "-qq", "update")
        self.run("lists", "apt-cache", *self._apt_options(), "gencaches")
        (state / "complete").touch()

    def source_tree(self, name: str, suite: str, package: str) -> Path:
        """Return the unpacked upstream source of a package, fetching it once.

        Raises:
            ProvisioningError: it cannot be had.
        """
        tree = self.work / f"source-{package}"
        if not tree.exists():
            store = self.work / f"download-{package}"
            store.mkdir(exist_ok=True)
            self.apt(name, "-q", "source", "--download-only", f"{package}/{suite}", cwd=store)
            unfinished = self.work / f"unfinished-{package}"
            unfinished.mkdir(exist_ok=True)
            archives = sorted(store.glob("*.orig.tar.?z"))  # `.asc` next to it is its signature
            self.run(name, "tar", "-xf", *archives, "-C", unfinished, "--strip-components=1")
            unfinished.rename(tree)
            shutil.rmtree(store)
        return tree

    # ---------------------------------------------------------------------- what is there now
    def pyenv_program(self, version: str) -> Path | None:
        """Return pyenv's own Python of a version, never its shim; None where it has none."""
        shims = (Path(entry) for entry in self.env.get("PATH", "").split(":"))
        roots = [Path(root) for root in (self.env.get("PYENV_ROOT"),) if root]
        roots += [self.home / ".pyenv", *(path.parent for path in shims if path.name == "shims")]
        pattern = f"versions/{version}.*/bin/python{version}"
        return next((path for root in roots for path in sorted(root.glob(pattern))), None)

    def proves(self, proof: Proof) -> bool:
        """Return whether a program starts and says what it should."""
        inside = "/" in proof.program
        program = str(self.root / proof.program) if inside else shutil.which(proof.program)
        return program is not None and proof.says in self.answer(program, *proof.arguments)

    def answer(self, program: str | Path, *arguments: str) -> str:
        """Return what a program prints; nothing when it fails or does not start."""
        try:
            done = subprocess.run(
                [program, *arguments],
                env=self.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_PATIENCE,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout

    def stamped(self, step: Step) -> bool:
        """Return whether a step was once completed by the recipe as it is now."""
        try:
            return self._stamp(step).read_text(encoding="utf-8") == self._digest(step)
        except OSError:
            return False

    def has(self, step: Step) -> bool:
        """Return whether nothing is to be done; what apt installed needs no stamp of ours."""
        return (self.stamped(step) or not step.recipe.movable) and self.proves(step.proof)

    def stamp(self, step: Step) -> None:
        """Note that a step is complete."""
        self._stamp(step).write_text(self._digest(step), encoding="utf-8")

    def unstamp(self, step: Step) -> None:
        """Note that a step is not complete."""
        self._stamp(step).unlink(missing_ok=True)

    def _stamp(self, step: Step) -> Path:
        return self.root / ".state" / "stamps" / step.name

    def _digest(self, step: Step) -> str:
        """Return what changes with the recipe, with its code, and with the place (run paths)."""
        parts = [repr(step.recipe).encode(), str(self.root).encode()]
        parts += [(_CODE / name).read_bytes() for name in ("recipes.py", "pyodide_python.mjs")]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()
