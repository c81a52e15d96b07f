"""Find every runtime of the machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes import sources
from runtimes.candidates import CandidateScan
from runtimes.discovery_cache import DiscoveryCache
from runtimes.errors import CandidateError, Reason
from runtimes.executable_names import is_of_another, is_slow_starter, release_line, time_limit
from runtimes.facts import runtime_of
from runtimes.merge_results import ProbeResult, merge_results, probe_result
from runtimes.model import Discovery, Inquiry, Rejection
from runtimes.probe_cache import Cache, escaping_symlink, files_behind, symlink_dirs, venv_markers
from runtimes.storage.fingerprint import Fingerprints, of_file
from runtimes.venvs import base_executable, configuration_file, site_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from threading import Event

    from runtimes.candidates import ExecutableCandidate, UniqueExecutable
    from runtimes.merge_results import Facts
    from runtimes.model import Runtime
    from runtimes.options import SearchOptions
    from runtimes.sources.folders import SearchLocation


def discover(search: SearchOptions) -> Discovery:
    """Return every runtime that a search finds, and what it could not use.

    Nothing is raised for a bad candidate: it is listed among the rejected with its reason.

    Example:
        >>> from pathlib import Path
        >>> from runtimes import SearchOptions, discover
        >>> search = SearchOptions(env={}, home=Path("/home/me"), sources=frozenset({"PATH"}))
        >>> discover(search).runtimes
        ()
    """
    locations = tuple(sources.locations(search))
    selected = frozenset(sources.selected_folders(search))
    whole = DiscoveryCache(search, locations, selected)
    found = whole.load()
    if found is not None:
        return found

    return Discoverer(search).run(locations, selected, whole)


def interrogate(path: Path, *, env: Mapping[str, str], timeout: float = 5.0) -> Runtime:
    """Return the runtime at a path by asking it, whatever the cache knows.

    Args:
        path: an interpreter, absolute; an environment's leads to the runtime that it is of.
        env: the user's environment.
        timeout: in seconds; what is known as slow gets more.

    Raises:
        CandidateError: it is no runtime, or does not answer.
    """
    look = CandidateScan()
    start = base_executable(path) or path
    candidate = look.candidate(os.fspath(start), source="PATH", explicit=True)
    suspects = look.suspects([candidate])
    if not suspects:
        raise CandidateError(look.rejected[0].reason, look.rejected[0].detail)
    from runtimes.query import ask  # 20 ms that a warm list never needs

    def question(suspect: UniqueExecutable, stop: Event) -> Facts:
        return ask(Path(suspect.path), env=env, timeout=timeout, stop=stop)

    from runtimes.worker_slots import run_parallel  # 1 ms, where one is asked

    (facts,) = run_parallel(question, suspects[:1])
    outcome = probe_result(suspects[0], facts, cached=False)
    if outcome.base is not None and outcome.base != path:
        return interrogate(outcome.base, env=env, timeout=timeout)
    return merge_results([outcome], frozenset())[0]


class Discoverer:
    """One search, from locations to rows."""

    def __init__(self, search: SearchOptions) -> None:
        """Begin with nothing looked at."""
        self._search = search
        self._cache = Cache(search.cache_dir, search.env)
        self._look = CandidateScan()
        self._outcomes: list[ProbeResult] = []
        self._rejected: list[Rejection] = []
        self._postponed: list[str] = []
        self._queried = False
        self._seen: Fingerprints = {}
        self._noticed: list[str] = []

    def run(
        self, locations: Sequence[SearchLocation], selected: frozenset[str], whole: DiscoveryCache
    ) -> Discovery:
        """Look, ask, follow what the answers point to, and make rows.

        Args:
            locations: where to look.
            selected: folders that a version manager's shims on PATH lead to at the moment.
            whole: where it is cached if nothing had to be asked.
        """
        since = time.time_ns()
        for location in locations:
            self._witness(location.folder)
        candidates = list(self._look.candidates(locations))
        known: set[str] = set()
        while candidates:
            suspects = self._look.suspects(candidates)
            for suspect in suspects:
                self._notice(suspect.path)
            self._notice_around(candidates)
            known.update(candidate.path for candidate in candidates)
            known.update(suspect.path for suspect in suspects)
            outcomes = self._ask_all(suspects)
            self._outcomes += outcomes
            found = [*self._bases(candidates), *self._pointed_to(outcomes)]
            candidates = [one for one in dict.fromkeys(found) if one.path not in known]
        for rejection in self._look.rejected:  # a permission, or what a link leads to, may change
            self._notice(os.fspath(rejection.path))
        result = Discovery(
            runtimes=merge_results(self._plain(), selected),
            rejected=_sorted([*self._look.rejected, *self._rejected]),
            inquiries=tuple(sorted(map(_inquiry, self._outcomes), key=lambda one: one.path)),
            environments=tuple(each for _, each in sorted(self._look.environments.items())),
            postponed=tuple(map(Path, sorted(self._postponed))),
        )
        if self._is_lasting():
            for path in self._decisive():
                self._witness(path)
            whole.save(result, {**self._seen, **self._cache.seen()}, self._noticed, since)
        self._cache.prune()
        return result

    def _notice(self, path: str) -> None:
        """Tell of a path to who wants to know, and take down how it is."""
        self._search.noticed(path)
        self._noticed.append(path)
        self._witness(path)

    def _witness(self, path: str) -> None:
        if path not in self._seen:
            self._seen[path] = of_file(path)

    def _is_lasting(self) -> bool:
        """Tell whether all of it holds until some file changes."""
        failed = any(one.reason is not Reason.ENVIRONMENT for one in self._rejected)
        gone = any(each.base is None for each in self._look.environments.values())
        return not (self._queried or failed or gone)

    def _decisive(self) -> Iterator[str]:
        """Yield the paths besides those noticed and those of answers that decide what is found."""
        for outcome in self._outcomes:
            for candidate in outcome.suspect.candidates:
                yield from symlink_dirs(candidate.path)
            yield from venv_markers(outcome.facts)
        for environment in self._look.environments.values():  # in which an overlay may come
            prefix = environment.prefix
            for folder in site_folders(prefix):
                inside = folder.relative_to(prefix).parents
                yield from map(os.fspath, (folder, *(prefix / each for each in inside)))

    def _notice_around(self, candidates: Iterable[ExecutableCandidate]) -> None:
        """Notice who may write next to candidates, and what would make them an environment's."""
        broken = {one.path for one in self._look.rejected if one.reason is Reason.BROKEN_LINK}
        there = (one for one in candidates if Path(one.path) not in broken)
        files = [path for one in there for path in (one.path, one.real)]
        for path in filter(None, map(escaping_symlink, dict.fromkeys(files))):
            self._notice(path)
        for folder in dict.fromkeys(map(os.path.dirname, files)):
            self._notice(folder)
            self._notice(os.path.join(os.path.dirname(folder), "pyvenv.cfg"))  # noqa: PTH118, PTH120

    def _plain(self) -> Iterator[ProbeResult]:
        """Yield the answers that are of runtimes, and say what the others are."""
        for outcome in self._outcomes:
            if outcome.base is None:
                yield outcome
            else:
                detail = f"starts an environment of {outcome.base}"
                self._reject(outcome.suspect, CandidateError(Reason.ENVIRONMENT, detail))

    def _ask_all(self, suspects: Sequence[UniqueExecutable]) -> list[ProbeResult]:
        """Return what every suspect answers, from the cache where that still holds."""
        results: dict[int, Facts | CandidateError | None] = {}
        for index, suspect in enumerate(suspects):
            refresh = self._search.refresh
            results[index] = None if refresh else self._cache.load(suspect, self._limit(suspect))
        cached = {index for index, result in results.items() if result is not None}
        unknown = self._due([index for index in results if index not in cached], suspects)
        if unknown:
            self._queried = True
            # What takes longest begins first, so that the others do not wait for it at the end.
            unknown.sort(key=lambda index: not is_slow_starter(Path(suspects[index].path).name))
            queried = self._ask_in_parallel([suspects[index] for index in unknown])
            results.update(zip(unknown, queried, strict=True))
        outcomes = []
        for index, result in results.items():
            if isinstance(result, CandidateError):
                self._reject(suspects[index], result)
            elif result is not None:
                known = index in cached
                outcomes.append(probe_result(suspects[index], result, cached=known))
        return outcomes

    def _due(self, unknown: Sequence[int], suspects: Sequence[UniqueExecutable]) -> list[int]:
        """Return which suspects are to be asked now, and note the others, see `Search.first`."""
        first = self._search.first
        if first is None:
            return list(unknown)
        named = {index for index, one in enumerate(suspects) if self._search.paths & _paths(one)}
        lines = {index: _line(one) for index, one in enumerate(suspects)}
        possible = {line for line in lines.values() if line is not None and first(line)}
        wanted = sorted(possible, reverse=True)[: self._search.lines]
        if named:
            due = [index for index in unknown if index in named]
        elif wanted:
            due = [
                index
                for index in unknown
                if lines[index] in wanted
                or (lines[index] is None and not _is_of_another(suspects[index]))
            ]
        else:
            return list(unknown)
        self._postponed += (suspects[index].real for index in unknown if index not in due)
        return due

    def _ask_in_parallel(
        self, suspects: Sequence[UniqueExecutable]
    ) -> list[Facts | CandidateError]:
        whom = "an interpreter" if len(suspects) == 1 else f"each of {len(suspects)} interpreters"
        from runtimes.worker_slots import run_parallel  # 1 ms, where something has to be queried

        with self._search.waiting(f"asking {whom} what it is"):
            return run_parallel(self._ask, suspects)

    def _ask(self, suspect: UniqueExecutable, stop: Event) -> Facts | CandidateError:
        from runtimes.query import ask  # 20 ms, where something has to be queried

        before = self._cache.watch(suspect)
        result: Facts | CandidateError
        try:
            result = ask(
                Path(suspect.path),
                env=self._search.env,
                timeout=self._search.timeout,
                stop=stop,
            )
            runtime_of(result, Path(suspect.path), suspect.candidates[0].source)
        except CandidateError as error:
            result = error
        if stop.is_set():
            return result  # which may be that the search ended before: nothing to cache
        self._cache.store(suspect, before, result, self._limit(suspect))
        return result

    def _limit(self, suspect: UniqueExecutable) -> float:
        return time_limit(os.path.basename(suspect.path), self._search.timeout)  # noqa: PTH119

    def _bases(self, candidates: Iterable[ExecutableCandidate]) -> Iterator[ExecutableCandidate]:
        """Yield what the environments among the candidates stand on."""
        for candidate in candidates:
            if candidate.path not in self._look.bases:
                continue
            if config := configuration_file(os.path.dirname(candidate.path)):  # noqa: PTH120
                self._notice(config)
            if base := self._look.bases[candidate.path]:
                yield self._follow(base, candidate)

    def _pointed_to(self, outcomes: Iterable[ProbeResult]) -> Iterator[ExecutableCandidate]:
        """Yield the files that answers name instead of the ones that were asked."""
        for outcome in outcomes:
            target = outcome.base or (None if outcome.own else outcome.started)
            if target is not None:
                yield self._follow(target, outcome.suspect.candidates[0])

    def _follow(self, path: Path, origin: ExecutableCandidate) -> ExecutableCandidate:
        return self._look.candidate(os.fspath(path), source=origin.source, explicit=origin.explicit)

    def _reject(self, suspect: UniqueExecutable, error: CandidateError) -> None:
        home = os.path.dirname(os.path.dirname(suspect.real))  # noqa: PTH120 - text
        self._notice(os.path.join(home, "lib"))  # noqa: PTH118 - what it lacks may come there
        for path in dict.fromkeys([suspect.path, *(one.path for one in suspect.candidates)]):
            self._rejected.append(
                Rejection(path=Path(path), reason=error.reason, detail=error.detail)
            )


def _line(suspect: UniqueExecutable) -> tuple[int, int] | None:
    """Return a suspect's release line, None where what it starts may be any."""
    if suspect.interpreter is not None:
        return None
    return release_line(os.path.basename(suspect.real))  # noqa: PTH119 - text


def _paths(suspect: UniqueExecutable) -> set[str]:
    return {suspect.path, suspect.real, *(each.path for each in suspect.candidates)}


def _is_of_another(suspect: UniqueExecutable) -> bool:
    names = (os.path.basename(each.path) for each in suspect.candidates)  # noqa: PTH119 - text
    return all(map(is_of_another, names))


def _sorted(rejected: Iterable[Rejection]) -> tuple[Rejection, ...]:
    once = {(os.fspath(one.path), one.reason.value): one for one in rejected}
    return tuple(once[key] for key in sorted(once))


def _inquiry(outcome: ProbeResult) -> Inquiry:
    seconds = outcome.facts.get("seconds")
    return Inquiry(
        path=Path(outcome.suspect.path),
        own=outcome.own,
        seconds=seconds if isinstance(seconds, float) else 0.0,
        cached=outcome.cached,
        rests_on=tuple(dict.fromkeys(files_behind(outcome.facts))),
    )
