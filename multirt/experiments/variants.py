"""Make of one program what several runtimes start, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.environments import InstallRequest, build, overlay, resolve
from multirt.errors import ErrorKind, UsageError
from multirt.launch.profiles import NAMES, named, split_profile
from multirt.selection.decide import decide_each
from multirt.selection.no_match import NoCandidateError, is_other
from multirt.selection.plan import plan
from multirt.selection.virtualenv import named_environment, names_by_environment
from runtimes import Jit, RuntimeSpec
from runtimes.storage.files import load, save
from runtimes.storage.trust import check_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from multirt.launch.profiles import Profile
    from multirt.program.model import Program
    from multirt.selection.model import Candidate, Decision, Plan, Request
    from runtimes import Runtime


class Variant(Struct, frozen=True, kw_only=True):
    """One way to start the program.

    Attributes:
        id: the runtime's, with its profile: `cpython-3.14.8+jit`; with the environment's name
            where several are named: `cpython-3.14.8@one`.
        runtime: what it runs on.
        home: folder of the environment that was named; None where none was.
        profile: None for a plain start.
        plan: how dispatch starts it.
    """

    id: str
    runtime: Runtime
    home: Path | None = None
    profile: Profile | None
    plan: Plan

    @property
    def compiles(self) -> bool:
        """Whether a just-in-time compiler is at work, so that the first rounds are slower."""
        if self.profile is not None and (self.profile.name == "nojit" or self.profile.compiles):
            return self.profile.compiles
        return self.runtime.jit is Jit.ON

    @property
    def interpreter(self) -> tuple[str, ...]:
        """The interpreter with its options, for any program."""
        options = self.profile.options if self.profile is not None else ()
        return (str(self.plan.executable), *options)

    @property
    def command(self) -> tuple[str, ...]:
        """What is started: the interpreter, its options, the program, its arguments."""
        return (*self.interpreter, *self.plan.arguments)

    def environment(self, env: Mapping[str, str], seed: str | None) -> dict[str, str]:
        """Return the environment of the program.

        Args:
            env: the user's.
            seed: of the hashes of text, the same for all; None leaves it to the user's.
        """
        profile = self.profile.environment if self.profile is not None else ()
        fixed = {"PYTHONHASHSEED": seed} if seed is not None else {}
        return {**env, **fixed, **dict(self.plan.environment), **dict(profile)}


class Lineup(Struct, frozen=True, kw_only=True):
    """All contenders, and those that cannot take part.

    Attributes:
        program: what is to run.
        contenders: the reference first.
        left_out: the other runtimes that were asked for, with the objections to them.
    """

    program: Program
    contenders: tuple[Variant, ...]
    left_out: tuple[Candidate, ...]


def build_variants(
    request: Request,
    arguments: Sequence[str],
    texts: Sequence[str],
    profiles: Sequence[str] = (),
    reference: str | None = None,
) -> Lineup:
    """Return every way to start a program that was asked for, and that nothing rules out.

    Args:
        request: what is to run; its specs are set from the words.
        arguments: for the program.
        texts: runtimes, each perhaps with a profile; all that fit when there is none.
        profiles: further ways to start each runtime that knows them.
        reference: the contender that comes first; None for the usual choice.

    Raises:
        MultirtError: no runtime fits, or a profile or the reference means nothing here.
        SpecError: a text does not name a runtime.
    """
    for name in profiles:
        if name not in NAMES:
            hint = f"profiles are {', '.join(NAMES)}"
            raise UsageError(f"no such profile: {name!r}", hint, kind=ErrorKind.PROFILE)
    parted = [split_profile(text) for text in texts]
    specs = tuple((RuntimeSpec.parse(text, fork=True), profile) for text, profile in parted)
    cli_settings = replace(request.cli_settings, specs=tuple(spec for spec, _ in specs))
    request = replace(request, cli_settings=cli_settings, evaluate_all=True)
    decisions = list(decide_each(request))
    if all(decision.chosen is None for _, decision in decisions):
        raise NoCandidateError(decisions[0][1])
    names = names_by_environment(home for home, _ in decisions)
    found = [
        replace(each, id=_with_name(each, names[home]), home=home)
        for home, decision in decisions
        for each in _contenders(decision, request, arguments, specs, profiles)
    ]
    _check_profiles(found, specs)
    return Lineup(
        program=decisions[0][1].program,
        contenders=_reference_first(found, reference),
        left_out=tuple(
            replace(each, runtime=replace(each.runtime, id=f"{each.runtime.id}{names[home]}"))
            for home, decision in decisions
            for each in decision.candidates
            if not (each.accepted or is_other(each))
        ),
    )


def _contenders(
    decision: Decision,
    request: Request,
    arguments: Sequence[str],
    specs: Sequence[tuple[RuntimeSpec, str | None]],
    profiles: Sequence[str],
) -> Iterator[Variant]:
    """Yield each accepted runtime in the order of preference, plain and with its profiles."""
    for candidate in decision.candidates:
        if not candidate.accepted:
            continue
        runtime = candidate.runtime
        own = decision.configuration.specs  # of this environment
        named_profiles = [
            name for spec, name in specs if spec in own and spec.accepts(runtime)
        ] or [None]
        names = dict.fromkeys([*named_profiles, *profiles])
        planned = plan(decision, request, arguments, candidate)
        for name in names:
            profile = named(name, runtime) if name is not None else None
            if name is not None and profile is None:
                continue  # another build that the same word names may know it
            start = _with_compiler(planned, profile, decision, request) if profile else planned
            suffix = f"+{name}" if name is not None else ""
            full = f"{runtime.id}{suffix}"
            yield Variant(id=full, runtime=runtime, profile=profile, plan=start)


def _with_name(contender: Variant, name: str) -> str:
    """Return the id of a contender with the name of its environment, ahead of the profile."""
    return f"{contender.runtime.id}{name}{contender.id.removeprefix(contender.runtime.id)}"


def _with_compiler(planned: Plan, profile: Profile, decision: Decision, request: Request) -> Plan:
    """Return a plan with what a profile installs, next to the program's own packages.

    Raises:
        MultirtError: it cannot be installed for the runtime.
    """
    if profile.requirement is None:
        return planned
    runtime, store = planned.runtime, request.stored()
    wanted = decision.wanted or InstallRequest()
    wanted = replace(wanted, requirements=(*wanted.requirements, profile.requirement))
    roots = [*build(runtime, resolve(runtime, wanted, store), store).site_roots]
    roots += [root.absolute() for root in decision.roots]
    if profile.start_up:
        roots.append(_started_by(profile, request.cache_dir))
    return replace(planned, executable=overlay(runtime, roots, request.cache_dir))


def _started_by(profile: Profile, cache_dir: Path) -> Path:
    """Return a folder whose `.pth` file turns a compiler on at every start."""
    folder = cache_dir / "profiles" / profile.name
    try:
        if load(folder / "multirt_profile.pth") != (text := f"{profile.start_up}\n".encode()):
            save(folder / "multirt_profile.pth", text)
        check_tree(folder)
    except OSError as error:
        raise UsageError(
            f"cannot write {folder}: {error.strerror}", kind=ErrorKind.PROFILE
        ) from error
    return folder


def _check_profiles(
    found: Sequence[Variant], specs: Sequence[tuple[RuntimeSpec, str | None]]
) -> None:
    """Refuse a profile that was asked of runtimes of which none knows it."""
    for spec, name in specs:
        taken = (each.profile for each in found if spec.accepts(each.runtime))
        if name is not None and not any(each and each.name == name for each in taken):
            message = f"nothing that {spec} names can be started as +{name}"
            raise UsageError(message, "`multirt list` shows the builds", kind=ErrorKind.PROFILE)


def _reference_first(found: Sequence[Variant], reference: str | None) -> tuple[Variant, ...]:
    """Put the reference first."""
    if reference is None:
        return tuple(found)
    same = next((each for each in found if each.id == reference), None)
    same = same or next((each for each in found if _is_meant(each, reference)), None)
    if same is not None:
        return (same, *(each for each in found if each is not same))
    known = ", ".join(each.id for each in found)
    hint = f"take part: {known}"
    raise UsageError(
        f"the reference {reference!r} does not take part", hint, kind=ErrorKind.REFERENCE
    )


def _is_meant(contender: Variant, reference: str) -> bool:
    """Return whether a reference names a contender by its runtime or environment."""
    text, profile = split_profile(reference)
    name = contender.profile.name if contender.profile is not None else None
    if name != profile:
        return False
    spec = RuntimeSpec.parse(text, fork=True)
    environment = named_environment([spec])
    if environment is not None and contender.home is not None:
        return environment.home == contender.home and environment.is_of(contender.runtime)
    return spec.accepts(contender.runtime)
