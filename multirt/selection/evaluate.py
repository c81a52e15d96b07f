"""Judge runtimes, and query those that could be chosen."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from abi_probe import Cause, Status
from multirt.selection.compile_check import query_runtime
from multirt.selection.constraint_checks import unmet_constraints
from multirt.selection.import_checks import RuntimeView, missing_imports, syntax_errors
from multirt.selection.model import Candidate, objection
from multirt.selection.module_search import find_own_modules, has_hooks, query_own_modules
from multirt.selection.package_checks import outdated_pins, package_conflicts, reached_distributions
from multirt.selection.ranking import rank_for_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.version import Version

    from abi_probe import Artifact, JudgedWarning, Objection, Verdict
    from multirt.environments import InstallRequest, UnresolvableError
    from multirt.program.model import Program
    from multirt.selection.model import EvaluationContext, Request
    from runtimes import Runtime

_WORSE = 1000  # than any number of unverified distributions


def judge_runtime(view: RuntimeView, verdicts: Mapping[str, Verdict]) -> Candidate:
    """Return a runtime with every objection to it.

    Args:
        view: what is asked, the runtime, and what it has.
        verdicts: on each distribution that the program reaches there, by name.
    """
    context, runtime = view.context, view.runtime
    found = [
        *unmet_constraints(context, runtime),
        *syntax_errors(view),
        *missing_imports(view),
        *package_conflicts(context, runtime),
    ]
    unverified = []
    warnings: list[JudgedWarning] = []
    for name, verdict in sorted(verdicts.items()):
        found += [_of_distribution(each, name) for each in verdict.objections]
        warnings += verdict.warnings
        if verdict.status is Status.UNVERIFIED:
            unverified.append(name)
    objections = [each for each in found if each.cause not in context.allowed]
    overruled = [each for each in found if each.cause in context.allowed]
    return Candidate(
        runtime=runtime,
        objections=tuple(objections),
        unverified=tuple(unverified),
        warnings=tuple(warnings),
        overruled=tuple(overruled),
        rank=rank_for_program(context, runtime, len(unverified) + len(overruled) * _WORSE),
        queried=view.results is not None and view.results.complete,
    )


def _of_distribution(each: Objection, name: str) -> Objection:
    """Return the objection to a distribution as one to the program that reaches it."""
    return replace(each, facts=(*each.facts, ("distribution", name)))


def choose(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the accepted candidate of the best rank, None when every runtime is refused."""
    accepted = [candidate for candidate in candidates if candidate.accepted]
    return min(accepted, key=lambda candidate: candidate.rank, default=None)


_WORKERS = 4


class Evaluator(Struct, frozen=True, kw_only=True):
    """Judge one program on many runtimes.

    Attributes:
        context: what is asked.
        wanted: what will be installed; None for nothing.
        request: what the user asks for.
        evaluated: candidates that were queried before, in an earlier step of the search.
        examined: what was found of installed distributions, by the executable of a runtime.
    """

    context: EvaluationContext
    wanted: InstallRequest | None
    request: Request
    evaluated: dict[object, Candidate]
    examined: dict[Path, Mapping[str, Verdict]] = field(default_factory=dict)

    def candidates(self, runtimes: Sequence[Runtime]) -> list[Candidate]:
        """Judge each runtime, or those that a choice needs.

        Unless the request evaluates all, the runtimes are judged in the order of preference until
        one fits that none of the others can come before. What is known without a runtime is judged
        first; a runtime that passes is queried itself.
        """
        if self.request.evaluate_all:
            return _needing_version(self._all_candidates(runtimes))
        found: list[Candidate] = []
        best: Candidate | None = None
        waiting: list[tuple[RuntimeView, Candidate]] = []
        together = 1
        order = sorted(runtimes, key=lambda each: rank_for_program(self.context, each, 0))
        for runtime in order:
            if best is not None and best.rank < rank_for_program(self.context, runtime, 0):
                break
            view, candidate = self._judged(runtime)
            if not candidate.accepted or (best is not None and best.rank < candidate.rank):
                found.append(candidate)
                continue
            waiting.append((view, candidate))
            if len(waiting) == together:
                found += self._query_all(waiting)
                best = choose(found)
                waiting = []
                # To resolve is to wait for the index; where one has failed, others will.
                together = _WORKERS if self.wanted is not None else 1
        found += self._query_all(waiting)
        return _needing_version(found)

    def _all_candidates(self, runtimes: Sequence[Runtime]) -> list[Candidate]:
        """Judge each runtime; those that the user did not ask for are not queried."""
        judged = [self._judged(runtime) for runtime in runtimes]
        judged.sort(key=lambda each: (not each[1].accepted, each[1].rank))
        left = [each for each in judged if each[1].accepted or _is_wanted(each[1])]
        refused = [candidate for view, candidate in judged if (view, candidate) not in left]
        return [*self._query_all(left), *refused]

    def _query_all(self, judged: Sequence[tuple[RuntimeView, Candidate]]) -> list[Candidate]:
        """Ask several at once."""
        if len(judged) <= 1:
            return [self._query_one(each) for each in judged]
        from concurrent.futures import ThreadPoolExecutor  # 10 ms that a start does not need

        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            return list(pool.map(self._query_one, judged))

    def _judged(self, runtime: Runtime) -> tuple[RuntimeView, Candidate]:
        """Judge one runtime, reading what it and its libraries give where binaries need it."""
        context = self.context
        own: frozenset[str] = frozenset()
        if context.packages is None:
            tops = {each.name.partition(".")[0] for each in context.program.imports}
            own = find_own_modules(runtime, tops)
        view = RuntimeView(context=context, runtime=runtime, own=own)
        candidate = judge_runtime(view, self._of_packages(runtime))
        lacking = {name for each in candidate.objections if (name := each.fact("module"))}
        only = len(lacking) == len(candidate.objections) and context.packages is None
        if lacking and only and has_hooks(runtime):
            queried = query_own_modules(runtime, filter(None, lacking), self.request.search.env)
            view = replace(view, own=own | queried)
            candidate = judge_runtime(view, {})
        return view, candidate

    def _of_packages(self, runtime: Runtime) -> Mapping[str, Verdict]:
        """Judge the installed distributions that a program reaches, once for each runtime."""
        if runtime.executable not in self.examined:
            self.examined[runtime.executable] = self._newly_examined(runtime)
        return self.examined[runtime.executable]

    def _newly_examined(self, runtime: Runtime) -> Mapping[str, Verdict]:
        packages = self.context.packages
        if packages is None:
            return {}
        names = reached_distributions(self.context, runtime) & packages.artifacts.keys()
        artifacts = [packages.artifacts[name] for name in sorted(names)]
        if not artifacts:
            return {}
        from abi_probe import (
            RuntimeTarget,
            judge_linked,
            sibling_libraries,
        )  # 70 ms, where there are packages
        from multirt.environments.abi_target import prospect_of, target_of

        if any(map(_is_for_a_platform, artifacts)):
            prospect = prospect_of(runtime, self.request.search.env)
        else:  # what its loader gives makes no difference, and takes 10 ms to read
            prospect = RuntimeTarget(target=target_of(runtime, None), given=None)
        siblings = sibling_libraries(artifacts)
        wanted = _imported_for_certain(self.context.program)
        return {
            str(artifact.name): judge_linked(artifact, prospect, siblings, wanted)
            for artifact in artifacts
        }

    def _query_one(self, judged: tuple[RuntimeView, Candidate]) -> Candidate:
        """Judge again with what the runtime itself says, and with what it would get installed."""
        view, statically = judged
        runtime = view.runtime
        key = (runtime.executable, runtime == self.context.venv_runtime)
        if key not in self.evaluated:
            self.evaluated[key] = self._query(view)
        known = self.evaluated[key]
        # Where and how often it was found may have changed since, and with that its source.
        rank = (*statically.rank[:2], known.rank[2], *statically.rank[3:])
        return replace(known, runtime=runtime, rank=rank)

    def _query(self, view: RuntimeView) -> Candidate:
        results = query_runtime(
            view.runtime,
            tuple(view.sources()),
            view.queried_names(),
            cache_dir=self.request.cache_dir,
            env=self.request.search.env,
        )
        view = replace(view, results=results)
        candidate = judge_runtime(view, self._of_packages(view.runtime))
        if candidate.accepted and self.wanted is not None:
            return self._resolved(candidate, self.wanted)
        return candidate

    def _resolved(self, candidate: Candidate, wanted: InstallRequest) -> Candidate:
        """Object where nothing fulfils what the program needs on a runtime."""
        from multirt.environments import UnresolvableError, preparing, resolve  # 30 ms

        runtime = candidate.runtime
        if "venv" not in runtime.stdlib:
            return replace(candidate, objections=(objection(Cause.CAPABILITY, venv="install"),))
        store = self.request.stored()
        chosen = nullcontext() if self.request.evaluate_all else preparing(runtime, store.root)
        try:
            with chosen:
                resolution = resolve(runtime, wanted, store)
        except UnresolvableError as error:
            if _is_for_all(error, wanted):
                raise  # no other runtime would fare better
            unmet = objection(Cause.PACKAGE, unmet=error.message, full=error.full)
            return replace(candidate, objections=(unmet,))
        older = outdated_pins(wanted.requirements, resolution.pins, runtime)
        return replace(candidate, outdated=tuple(older))


def _is_for_all(error: UnresolvableError, wanted: InstallRequest) -> bool:
    """Return whether it fails on every runtime: versions that exclude each other."""
    conditional = any(";" in each for each in (*wanted.requirements, *wanted.constraints))
    locked = wanted.lock is not None
    return not conditional and not locked and not error.per_runtime


def _is_for_a_platform(artifact: Artifact) -> bool:
    """Whether a distribution has binaries, or a tag that says so."""
    tagged = any(tag.platform != "any" for tag in artifact.tags)
    native = artifact.extensions or artifact.libraries or artifact.programs
    return bool(tagged or native or artifact.trouble)


def _imported_for_certain(program: Program) -> frozenset[str]:
    """Return the modules that a program cannot do without."""
    certain = [each for each in program.imports if each.certain]
    members = {f"{each.name}.{member}" for each in certain for member in each.members}
    return frozenset({each.name for each in certain} | members)


def _is_wanted(candidate: Candidate) -> bool:
    """Whether a runtime is one that was asked for, so that all its reasons are of interest."""
    causes = {each.cause for each in candidate.objections}
    return not causes & {Cause.SPEC, Cause.REQUIRES_PYTHON}


def _needing_version(candidates: list[Candidate]) -> list[Candidate]:
    """Say which version a syntax needs, where a runtime of it is here and compiles the file."""
    good = [
        each.runtime.version
        for each in candidates
        if each.queried and not any(one.cause is Cause.SYNTAX for one in each.objections)
    ]
    return [
        replace(each, objections=tuple(_dated(one, each, good) for one in each.objections))
        for each in candidates
    ]


def _dated(syntax: Objection, candidate: Candidate, good: Sequence[Version]) -> Objection:
    """Return an objection to a syntax with the oldest later version that has it."""
    if syntax.cause is not Cause.SYNTAX or not candidate.queried or not good:
        return syntax
    oldest = min(good)
    if oldest <= candidate.runtime.version:  # where an older one compiles it, age is not the reason
        return syntax
    needs = ("needs", f"{oldest.major}.{oldest.minor}")
    return replace(syntax, facts=(*syntax.facts, needs))
