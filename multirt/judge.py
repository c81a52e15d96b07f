"""Judge one program on one runtime. Pure: what the disk says was read before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from multirt.markers import marker_environment
from multirt.model import Cause, Objection, Verdict
from multirt.packages import lies_in
from multirt.program import first_party
from runtimes import rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.requirements import Requirement

    from abi_probe import Verdict as PackageVerdict
    from multirt.model import Import, Program
    from multirt.packages import Packages
    from runtimes import Runtime, RuntimeSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of every runtime.

    Attributes:
        program: what is to run.
        specs: acceptable runtimes in order of preference; empty when all are.
        packages: what the site roots hold; None when there are no site roots.
        home: the runtime of the active or nearest virtual environment; None when there is none.
        unseen: modules may come from places that are not read (PYTHONPATH, a hook in a `.pth`, the
            base interpreter's packages), so one that is not found proves nothing.
        stdlib: names that the standard library of any runtime here has.
    """

    program: Program
    specs: tuple[RuntimeSpec, ...]
    packages: Packages | None
    home: Runtime | None
    unseen: bool
    stdlib: frozenset[str]


def judge_runtime(
    question: Question,
    runtime: Runtime,
    verdicts: Mapping[str, PackageVerdict],
    own: frozenset[str],
) -> Verdict:
    """Say what stands against a runtime.

    Args:
        question: what is asked.
        runtime: the runtime.
        verdicts: on each distribution that the program reaches there, by name.
        own: imported modules that the runtime's own folders of packages have.
    """
    objections = [*_declared(question, runtime), *_imports(question, runtime, own)]
    unverified = []
    warnings: list[str] = []
    for name, verdict in sorted(verdicts.items()):
        objections += [
            Objection(
                cause=Cause(each.cause.value),
                detail=each.detail,
                path=each.path,
                symbol=each.symbol,
            )
            for each in verdict.objections
        ]
        warnings += verdict.warnings
        if verdict.status.value == "unverified":
            unverified.append(name)
    return Verdict(
        runtime=runtime,
        objections=tuple(objections),
        unverified=tuple(unverified),
        warnings=tuple(warnings),
        rank=(_asked(question, runtime), runtime != question.home, len(unverified), *rank(runtime)),
    )


def reached(packages: Packages, program: Program, runtime: Runtime) -> frozenset[str]:
    """Return the distributions that a program reaches on a runtime, its markers evaluated."""
    names = {name for found in packages.owners.values() for name in found}
    environment = marker_environment(runtime)
    queue = [(name, frozenset[str]()) for name in names]
    queue += [
        (canonicalize_name(each.name), frozenset(each.extras)) for each in program.dependencies
    ]
    seen = set(queue)
    while queue:
        name, extras = queue.pop()
        for requirement in packages.requires.get(name, ()):
            if _holds(requirement, environment, extras):
                item = (canonicalize_name(requirement.name), frozenset(requirement.extras))
                if item not in seen:
                    seen.add(item)
                    queue.append(item)
    return frozenset(name for name, _ in seen)


def _holds(requirement: Requirement, environment: dict[str, str], extras: frozenset[str]) -> bool:
    """Whether a requirement counts, for one of the extras asked for or for none."""
    if requirement.marker is None:
        return True
    marker = requirement.marker
    return any(marker.evaluate({**environment, "extra": extra}) for extra in (extras or {""}))


def _asked(question: Question, runtime: Runtime) -> int:
    """Return the place of the first alternative that a runtime fits."""
    fits = [place for place, spec in enumerate(question.specs) if spec.accepts(runtime)]
    return fits[0] if fits else len(question.specs)


def _declared(question: Question, runtime: Runtime) -> Iterator[Objection]:
    """Yield what was asked for, and what the script asks for, against a runtime."""
    if question.specs and not any(spec.accepts(runtime) for spec in question.specs):
        asked = " or ".join(map(str, question.specs))
        yield Objection(cause=Cause.SPEC, detail=f"{asked} was asked for")
    wanted = question.program.requires_python
    # As pip does: 3.15.0rc1 is a 3.15.
    if wanted is not None and not wanted.contains(runtime.version.base_version):
        yield Objection(
            cause=Cause.REQUIRES_PYTHON,
            detail=f"the script requires Python {wanted}, this is {runtime.version}",
            path=str(question.program.script),
        )


def _imports(question: Question, runtime: Runtime, own: frozenset[str]) -> Iterator[Objection]:
    """Yield the modules that a runtime does not have, and the folders that it cannot take."""
    packages = question.packages
    seen = set()
    for each in question.program.imports:
        top = each.name.partition(".")[0]
        if top in seen or _is_had(question, runtime, each, own):
            continue
        seen.add(top)
        unseen = question.unseen or question.program.searches_elsewhere
        if not each.certain or (unseen and top not in question.stdlib):
            continue
        place = f"{each.file.name} line {each.line}"
        if top in question.stdlib:
            detail = f"{place} imports {top}, which {runtime.id} does not have"
            yield Objection(cause=Cause.STDLIB, detail=detail, path=str(each.file))
        else:
            where = ", ".join(map(str, packages.roots if packages else runtime.site_packages))
            detail = f"{place} imports {top}, which is not installed in {where or 'any folder'}"
            yield Objection(cause=Cause.PACKAGE, detail=detail, path=str(each.file))
    if packages is not None:
        yield from _site(question, packages, runtime)


def _is_had(question: Question, runtime: Runtime, each: Import, own: frozenset[str]) -> bool:
    """Whether a runtime finds a module: beside the script, in its library, among packages."""
    top = each.name.partition(".")[0]
    packages = question.packages
    installed = packages is not None and (each.name in packages.owners or top in packages.loose)
    return (
        installed
        or top in runtime.stdlib
        or (packages is None and top in own)
        or top == "__future__"
        or first_party(question.program.folder, each.name) is not None
        or lies_in((question.program.folder,), each.name)
    )


def _site(question: Question, packages: Packages, runtime: Runtime) -> Iterator[Objection]:
    """Yield what keeps a runtime from using the site roots, and dependencies not in them."""
    names = reached(packages, question.program, runtime)
    if names & packages.requires.keys() and "venv" not in runtime.stdlib:
        detail = f"{runtime.id} has no venv module, by which it would take folders of packages"
        yield Objection(cause=Cause.CAPABILITY, detail=detail)
    for name, trouble in sorted(packages.broken.items()):
        if name in names:
            yield Objection(cause=Cause.BROKEN, detail=f"{name}: {trouble}")
    where = ", ".join(map(str, packages.roots))
    for name in sorted(names - packages.requires.keys() - packages.broken.keys()):
        by = _needed_by(name, packages, names) or "the script"
        detail = f"{by} requires {name} here, which is not installed in {where}"
        yield Objection(cause=Cause.PACKAGE, detail=detail)


def _needed_by(name: str, packages: Packages, names: frozenset[str]) -> str | None:
    """Return a reached distribution that requires another, None when only the script does."""
    return next(
        (
            by
            for by in sorted(names & packages.requires.keys())
            if any(canonicalize_name(each.name) == name for each in packages.requires[by])
        ),
        None,
    )


def choose(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the accepted verdict of the best rank, None when every runtime is refused."""
    accepted = [verdict for verdict in verdicts if verdict.accepted]
    return min(accepted, key=lambda verdict: verdict.rank, default=None)
