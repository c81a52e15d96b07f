"""Judge one artifact on one runtime: every check that needs no process, in order.

All of it is pure: what the disk says was read before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe.advice import gil_warning
from abi_probe.build_kind import abi_kind, check_init_function
from abi_probe.bundled import check_bundled
from abi_probe.library_checks import check_companions, check_libraries, check_python_library
from abi_probe.model import Evidence, Format
from abi_probe.module_lookup import lookup_modules
from abi_probe.numpy_api import numpy_warning
from abi_probe.symbol_checks import check_symbols, described_doubts
from abi_probe.verdict import (
    Cause,
    JudgedWarning,
    Objection,
    Status,
    Verdict,
    WarningKind,
)
from abi_probe.version_checks import check_versions
from abi_probe.wheel_tags import differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import PurePosixPath

    from packaging.specifiers import SpecifierSet

    from abi_probe.dynamic_linking.loader import LinkResult
    from abi_probe.model import Artifact, Extension, Target
    from abi_probe.module_lookup import ModuleFile

_SYSTEMS = {
    Format.ELF: "Linux",
    Format.MACHO: "macOS",
    Format.PE: "Windows",
    Format.WASM: "Emscripten",
}
_LOOKED_AT = "a build by the runtime, or one for a stable ABI that it loads (abi3, abi3t)"
_ORDER = {cause: index for index, cause in enumerate(Cause)}


def judge(  # noqa: PLR0913 - facts of different origin; most callers have the first two
    artifact: Artifact,
    target: Target,
    links: Mapping[PurePosixPath, LinkResult] | None = None,
    found: Sequence[ModuleFile] | None = None,
    *,
    loaders: Mapping[str, tuple[str, tuple[int, ...]] | None] | None = None,
    optional: AbstractSet[str] = frozenset(),
) -> Verdict:
    """Say whether an artifact works on a runtime, with every reason against it.

    Args:
        artifact: what its files and its metadata say.
        target: what the runtime says.
        links: what loading each extension would bring about, from `abi_probe.linking.link`; one
            without an entry is judged without its libraries.
        found: `lookup_modules` of the artifact with the runtime's suffixes, if already known.
        loaders: as in `check_bundled`.
        optional: modules that the artifact can do without: what rules them out is a warning.
    """
    objections = list(_broken(artifact))
    objections += _metadata(artifact, target)
    warnings = [JudgedWarning(kind=WarningKind.RECORDS, detail=each) for each in artifact.warnings]
    if (old := numpy_warning(artifact, target)) is not None:
        warnings.append(old)
    for module in lookup_modules(artifact, target.suffixes) if found is None else found:
        reasons, doubts = _module(module, artifact, target, links or {})
        if module.module in optional:
            doubts = [*doubts, *(_optional(module.module, each) for each in reasons)]
        else:
            objections += reasons
        warnings += doubts
    if artifact.extensions:
        objections += check_companions(artifact, target)
    misfits, doubts = check_bundled(artifact, target, loaders)
    objections += misfits
    warnings += doubts
    objections.sort(key=lambda objection: _ORDER[objection.cause])
    return Verdict(
        target=target.name,
        status=_status(objections, artifact),
        objections=tuple(dict.fromkeys(objections)),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def failing_modules(
    artifact: Artifact,
    target: Target,
    links: Mapping[PurePosixPath, LinkResult],
    found: Sequence[ModuleFile],
) -> frozenset[str]:
    """Return the extension modules that `judge` would object to, whatever else it objects to."""
    return frozenset(each.module for each in found if _module(each, artifact, target, links)[0])


def _status(objections: list[Objection], artifact: Artifact) -> Status:
    """Return the status that some objections amount to."""
    if any(objection.cause is not Cause.BROKEN for objection in objections):
        return Status.INCOMPATIBLE
    if objections:
        return Status.UNKNOWN
    native = artifact.extensions or artifact.libraries or artifact.programs
    return Status.UNVERIFIED if native else Status.COMPATIBLE


def _optional(module: str, objection: Objection) -> JudgedWarning:
    """Return the warning of a module that is not usable, without which the artifact works."""
    detail = f"{module} is not usable, and no source imports it for certain: {objection.detail}"
    return JudgedWarning(kind=WarningKind.OPTIONAL, detail=detail, subject=module)


def _broken(artifact: Artifact) -> Iterator[Objection]:
    """Yield the files that could not be read."""
    for path, trouble in artifact.trouble:
        yield Objection(
            cause=Cause.BROKEN,
            facts=(("trouble", trouble),),
            need=f"{path}: {trouble}",
            path=str(path),
            help="the file fetched or built anew",
        )


def _metadata(artifact: Artifact, target: Target) -> Iterator[Objection]:
    """Yield what the metadata says against a runtime: Requires-Python, then the tags."""
    wanted = artifact.requires_python
    # As installers have it, 3.15.0rc1 is a 3.15.0: PEP 440 would put it before `>=3.15`.
    if wanted is not None and not _accepts(wanted, target):
        yield Objection(
            cause=Cause.PACKAGE_PYTHON,
            facts=(("requires-python", str(wanted)),),
            need=f"{_title(artifact)} requires Python {wanted}",
            here=f", this is {target.version}",
            help=f"a release of {artifact.name or 'it'} whose Requires-Python has this version",
        )
    if not target.has_site:
        yield Objection(
            cause=Cause.CAPABILITY,
            facts=(("module", "site"),),
            need=f"{target.implementation} has no site module, so it cannot use installed packages",
        )
    elif artifact.tags:
        apart = differences(artifact.tags, target)
        if apart:
            nearest = apart[0]
            yield Objection(
                cause=Cause.ABI_TAG,
                facts=(("tag", str(nearest.tag)), ("part", nearest.part)),
                need=f"{_title(artifact)} is tagged {nearest.tag}: {nearest.need}",
                here=nearest.here,
                help=nearest.help,
            )


def _accepts(wanted: SpecifierSet, target: Target) -> bool:
    """Whether some release that a target stands for is wanted."""
    versions = [target.version.base_version]
    if target.evidence is Evidence.TABLE and str(target.version).count(".") == 1:
        versions.append(f"{versions[0]}.99")  # `3.9` stands for every 3.9
    return any(wanted.contains(version) for version in versions)


def _module(
    module: ModuleFile,
    artifact: Artifact,
    target: Target,
    links: Mapping[PurePosixPath, LinkResult],
) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return objections and warnings for one extension module."""
    if module.chosen is None:
        return _not_found(module, target)
    extension = module.chosen
    misfit = _machine(extension, target)
    if misfit is not None:
        return [misfit], []
    objections: list[Objection] = []
    warnings: list[JudgedWarning] = []
    objections += check_init_function(extension, target)
    kind, doubt = abi_kind(extension, artifact, target)
    objections += kind
    warnings += doubt
    if not kind and (gil := gil_warning(extension, target)) is not None:
        warnings.append(gil)
    link = links.get(extension.path)
    second, doubt = check_python_library(extension, link, target)
    objections += second
    warnings += doubt
    symbols, doubt = check_symbols(extension, link, target)
    objections += symbols
    warnings += doubt
    if link is not None:
        libraries, doubt = check_libraries(extension, link, artifact)
        objections += libraries
        warnings += doubt
    objections += check_versions(extension, link, target)
    if target.evidence is Evidence.TABLE:
        warnings += described_doubts(extension, target)
    return objections, warnings


def _not_found(module: ModuleFile, target: Target) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return what it means that a runtime looks at none of a module's files."""
    first = module.files[0]
    names = ", ".join(file.path.name for file in module.files)
    if module.has_source:
        detail = f"{module.module} falls back on its .py file: {names} is not looked at"
        doubt = JudgedWarning(kind=WarningKind.FALLBACK, detail=detail, subject=module.module)
        return [], [doubt]
    misfits = [misfit for file in module.files if (misfit := _machine(file, target))]
    if len(misfits) == len(module.files):
        return misfits[:1], []
    if not target.suffixes:
        need = f"{target.implementation} loads no extension modules, so not {names}"
        facts = (("files", names),)
        path = str(first.path)
        return [Objection(cause=Cause.CAPABILITY, facts=facts, need=need, path=path)], []
    looked = " ".join(target.suffixes)
    return [
        Objection(
            cause=Cause.ABI_SUFFIX,
            facts=(("files", names),),
            need=f"{names} is never looked at",
            here=f": {target.name} tries {looked}",
            path=str(first.path),
            help=_LOOKED_AT,
        )
    ], []


def _machine(extension: Extension, target: Target) -> Objection | None:
    """Return the objection to a file of another format or machine."""
    binary = extension.binary
    if binary.format is target.format and (
        target.machine in binary.machines and binary.bits == target.bits
    ):
        if binary.shared_library:
            return None
        return Objection(
            cause=Cause.PLATFORM,
            need=f"{extension.path} is not a library that a running program can load",
            path=str(extension.path),
            help="linking with -shared",
        )
    machines = " and ".join(binary.machines)
    return Objection(
        cause=Cause.PLATFORM,
        facts=(("built-for", f"{binary.format.value} {machines}"),),
        need=f"{extension.path} is {binary.format.value} for {machines}",
        here=f", {target.name} loads {target.format.value} for {target.machine}",
        path=str(extension.path),
        help=f"a build for {_SYSTEMS[target.format]} on {target.machine}",
    )


def _title(artifact: Artifact) -> str:
    """Name an artifact for people."""
    if artifact.name is None:
        return artifact.target
    return f"{artifact.name} {artifact.version}" if artifact.version else artifact.name
