"""Choose a runtime for a program: gather the facts, judge, choose, plan."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from abi_probe import UnreadableError, examine, nearby
from multirt.environments import overlay
from multirt.errors import ExitCode, MultirtError
from multirt.judge import Question, choose, judge_runtime, reached
from multirt.model import Plan
from multirt.packages import lies_in, read_packages
from multirt.program import read_program
from multirt.targets import prospect_of
from runtimes import CandidateError, RuntimeSpec, base_executable, discover, interrogate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multirt.model import Program, Verdict
    from multirt.packages import Packages
    from runtimes import Discovery, Runtime, Search

_PYCACHE_PREFIX_SINCE = (3, 8)
_NEAREST_MISSES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What somebody wants to run.

    Attributes:
        script: as given.
        specs: acceptable runtimes in order of preference; empty when nothing was said.
        sites: folders of packages; empty when nothing was said.
        search: where runtimes are looked for; its environment and folders serve for the rest.
        cache_dir: where environments are kept.
    """

    script: Path
    specs: tuple[RuntimeSpec, ...]
    sites: tuple[Path, ...]
    search: Search
    cache_dir: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """The virtual environment that a program lives in.

    Attributes:
        home: its folder.
        python: how it is started.
        base: the interpreter that it was made with; None when that is gone.
        roots: its folders of packages.
        sees_base: the base interpreter's own packages count too.
    """

    home: Path
    python: Path
    base: Path | None
    roots: tuple[Path, ...]
    sees_base: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What was decided, and on what grounds.

    Attributes:
        program: what is to run.
        verdicts: one for each runtime, those that nothing stands against first, then by rank.
        chosen: the best of those that nothing stands against; None when there is none.
        environment: the virtual environment that the program lives in; None when there is none.
        roots: the folders of packages that count.
        packages: what those hold for the program; None when there are none.
        discovery: what the search for runtimes gave.
    """

    program: Program
    verdicts: tuple[Verdict, ...]
    chosen: Verdict | None
    environment: Environment | None
    roots: tuple[Path, ...]
    packages: Packages | None
    discovery: Discovery


def decide(request: Request) -> Decision:
    """Judge every runtime of the machine for a program, and choose.

    Raises:
        MultirtError: the script or a folder of packages cannot be read.
    """
    script = Path(os.path.abspath(request.script))  # noqa: PTH100 - a link stays what it is called
    program = read_program(script)
    environment = None
    if not request.sites:
        environment = named_environment(request.specs) or find_environment(
            script, request.search.env
        )
    roots = request.sites or (environment.roots if environment else ())
    packages = _packages(program, roots) if roots else None
    discovery = discover(request.search)
    runtimes = with_named(discovery.runtimes, request.specs, request.search)
    home = environment.base if environment else None
    question = Question(
        program=program,
        specs=request.specs,
        packages=packages,
        home=next((each for each in runtimes if each.executable == home), None),
        unseen=bool(
            request.search.env.get("PYTHONPATH")
            or (environment and environment.sees_base)
            or (packages and packages.hooks)
        ),
        stdlib=frozenset().union(*(each.stdlib for each in runtimes)),
    )
    verdicts = sorted(
        (_verdict(question, runtime) for runtime in runtimes),
        key=lambda verdict: (not verdict.accepted, verdict.rank),
    )
    return Decision(
        program=program,
        verdicts=tuple(verdicts),
        chosen=choose(verdicts),
        environment=environment,
        roots=tuple(roots),
        packages=packages,
        discovery=discovery,
    )


def _packages(program: Program, roots: Sequence[Path]) -> Packages:
    """Read the folders of packages, each of which must be there."""
    for root in roots:
        if not root.is_dir():
            raise MultirtError("site", f"no such folder of packages: {root}")
    try:
        return read_packages(program, roots)
    except UnreadableError as error:
        raise MultirtError("site", f"cannot read {roots[0]}: {error}") from error


def _verdict(question: Question, runtime: Runtime) -> Verdict:
    """Judge one runtime, reading what it and its libraries give where binaries need it."""
    packages = question.packages
    if packages is None:
        own = frozenset(
            top
            for each in question.program.imports
            if lies_in(runtime.site_packages, top := each.name.partition(".")[0])
        )
        return judge_runtime(question, runtime, {}, own)
    names = reached(packages, question.program, runtime) & packages.artefacts.keys()
    artefacts = [packages.artefacts[name] for name in sorted(names)]
    prospect = prospect_of(runtime) if artefacts else None
    beside = nearby(artefacts)
    verdicts = {
        str(artefact.name): examine(artefact, prospect, beside)
        for artefact in artefacts
        if prospect is not None
    }
    return judge_runtime(question, runtime, verdicts, frozenset())


def with_named(
    runtimes: Sequence[Runtime], specs: Sequence[RuntimeSpec], search: Search
) -> tuple[Runtime, ...]:
    """Return the runtimes, and those that a spec names by a path and that no source found.

    Raises:
        MultirtError: a path leads to nothing that answers as a runtime.
    """
    found = list(runtimes)
    for spec in specs:
        if spec.path is None or any(spec.accepts(each) for each in found):
            continue
        path = Path(spec.path).expanduser()
        path = base_executable(path) or path
        try:
            named = interrogate(path, env=search.env, timeout=search.timeout)
        except CandidateError as error:
            raise MultirtError("spec", str(error), code=ExitCode.NOTHING_FITS) from error
        known = next((each for each in found if each.executable == named.executable), named)
        if known in found:
            found.remove(known)
        found.append(replace(known, aliases=(*known.aliases, Path(spec.path))))
    return tuple(found)


def find_environment(script: Path, env: Mapping[str, str]) -> Environment | None:
    """Return the active virtual environment, else the `.venv` nearest above a script."""
    active = env.get("VIRTUAL_ENV")
    folders = [Path(active)] if active else []
    folders += [parent / ".venv" for parent in script.parents]
    return next((_environment(home) for home in folders if (home / "pyvenv.cfg").is_file()), None)


def named_environment(specs: Sequence[RuntimeSpec]) -> Environment | None:
    """Return the virtual environment whose python the first spec names by its path."""
    path = specs[0].path if specs else None
    if path is None:
        return None
    named = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - keeps the link
    homes = (named, named.parent.parent)
    return next((_environment(home) for home in homes if (home / "pyvenv.cfg").is_file()), None)


def _environment(home: Path) -> Environment:
    """Read a virtual environment's folder (PEP 405)."""
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    roots = [*home.glob("lib/*/site-packages"), *home.glob("Lib/site-packages")]
    text = (home / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    settings = dict(line.replace(" ", "").lower().partition("=")[::2] for line in text.splitlines())
    return Environment(
        home=home,
        python=python,
        base=base_executable(home),
        roots=tuple(sorted(roots)),
        sees_base=settings.get("include-system-site-packages") == "true",
    )


def plan(
    decision: Decision,
    request: Request,
    arguments: Sequence[str],
    verdict: Verdict | None = None,
) -> Plan:
    """Say how a program is to be started.

    Args:
        decision: which `decide` gave for the request.
        request: what was asked.
        arguments: for the program.
        verdict: an accepted one of the decision; None for the chosen one.

    Raises:
        MultirtError: no runtime fits, or no environment can be made.
    """
    verdict = verdict or decision.chosen
    if verdict is None:
        raise nothing_fits(decision)
    runtime = verdict.runtime
    environment = decision.environment
    rest = (str(decision.program.script), *arguments)
    if not decision.roots:
        return Plan(runtime=runtime, executable=runtime.executable, arguments=rest)
    if environment and environment.base == runtime.executable and environment.python.exists():
        return Plan(runtime=runtime, executable=environment.python, arguments=rest)
    if "venv" not in runtime.stdlib:  # then nothing in the roots is reached: see the judge
        return Plan(runtime=runtime, executable=runtime.executable, arguments=rest)
    roots = [Path(os.path.abspath(root)) for root in decision.roots]  # noqa: PTH100 - likewise
    return Plan(
        runtime=runtime,
        executable=overlay(runtime, roots, request.cache_dir),
        arguments=rest,
        environment=_bytecode_elsewhere(runtime, request),
    )


def _bytecode_elsewhere(runtime: Runtime, request: Request) -> tuple[tuple[str, str], ...]:
    """Return what keeps another runtime from writing bytecode beside the packages."""
    env = request.search.env
    if "PYTHONPYCACHEPREFIX" in env or "PYTHONDONTWRITEBYTECODE" in env:
        return ()
    if (runtime.version.major, runtime.version.minor) < _PYCACHE_PREFIX_SINCE:
        return (("PYTHONDONTWRITEBYTECODE", "1"),)
    return (("PYTHONPYCACHEPREFIX", str(request.cache_dir / "bytecode")),)


def nothing_fits(decision: Decision) -> MultirtError:
    """Return the error that names the nearest misses, each with its first objection."""
    script = decision.program.script
    if not decision.verdicts:
        hint = "name folders of runtimes in MULTIRT_SEARCH_PATH"
        return MultirtError("no-runtime", "no runtime found", hint, ExitCode.NOTHING_FITS)
    nearest = sorted(decision.verdicts, key=lambda each: (len(each.objections), each.rank))
    lines = [
        f"  {each.runtime.id}: {each.objections[0].detail}" for each in nearest[:_NEAREST_MISSES]
    ]
    return MultirtError(
        "no-runtime",
        "\n".join([f"none of {len(decision.verdicts)} runtimes fits {script.name}:", *lines]),
        f"multirt explain {script} says it of each",
        ExitCode.NOTHING_FITS,
    )
