"""Judge a runtime by the modules that a program imports and the files that it is made of. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import Cause
from multirt.program import evaluate_guard
from multirt.program.model import Import
from multirt.selection.constraint_checks import facts_of
from multirt.selection.model import objection
from multirt.selection.stdlib_table import STANDARD_MODULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from abi_probe import Objection
    from multirt.environments import InstallRequest
    from multirt.program.model import Guard, SourceFile
    from multirt.selection.model import CompileResult, EvaluationContext
    from runtimes import Runtime

# Modules that only some implementations have.
_OF_IMPLEMENTATIONS = {
    "graalpy": "__graalpython__ java polyglot",
    "ironpython": "System clr",
    "jython": "com java javax org",
    "micropython": "esp esp32 machine micropython neopixel network pyb rp2 uasyncio ubinascii"
    " uctypes uhashlib ujson umachine uos ure uselect usocket ustruct utime",
    "pyodide": "_pyodide js pyodide pyodide_js",
    "pypy": "__pypy__ _continuation pypyjit stackless",
    "stackless": "stackless",
}
# What an implementation has that does not list it.
_UNLISTED = {
    "jython": frozenset({"com", "java", "javax", "org"}),
    "micropython": frozenset({"uasyncio", "ujson", "umachine", "ure", "usocket"}),
    "pyodide": frozenset({"js", "pyodide_js"}),
}
_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_NAMED_OTHERWISE = {
    "pyasynchat": "asynchat",
    "pyasyncore": "asyncore",
    "setuptools": "distutils",
}


def stdlib_only_names(wanted: InstallRequest | None) -> frozenset[str]:
    """Return the names that only a standard library brings, in whichever version.

    MicroPython has a `requests` and PyPy a `cffi`, which are distributions elsewhere: of other
    implementations than CPython only a few names count. Nor does what is brought by a distribution
    that will be installed, as `cgi` by `legacy-cgi`. It does not depend on the runtimes that are
    here, so that a search may stop at the first that fits.
    """
    names = {name for listed in _OF_IMPLEMENTATIONS.values() for name in listed.split()}
    brought = _brought(wanted.requirements if wanted else ())
    return (STANDARD_MODULES | names).difference(brought)


def has_stdlib_module(runtime: Runtime, top: str) -> bool:
    """Whether a runtime has a top-level module without any package."""
    return top in runtime.stdlib or top in _UNLISTED.get(runtime.implementation.name, ())


def is_of_implementation(name: str, top: str) -> bool:
    """Whether a top-level module is one of the few that only some implementations have."""
    return top in _OF_IMPLEMENTATIONS.get(name, "").split()


def _brought(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the modules that distributions may bring, going by their names.

    `legacy-cgi` and `standard-telnetlib` have a word more, `enum34` a figure, and `backports.lzma`
    brings `backports.lzma` alone.
    """
    for requirement in requirements:
        match = _NAME.match(requirement)
        parts = re.split(r"[-_.]+", match[1].lower()) if match else []
        if parts and parts[0] != "backports":
            yield from (part.rstrip("0123456789") for part in parts)
            yield from parts
            yield _NAMED_OTHERWISE.get("-".join(parts), "")


_START_FILES_SINCE = (3, 15)  # PEP 829


class RuntimeView(Struct, frozen=True, kw_only=True):
    """What a runtime has of what a program imports.

    Attributes:
        context: what is asked.
        runtime: the runtime.
        own: imported top-level modules that its own folders of packages have.
        results: what it said itself; None before it was asked.
    """

    context: EvaluationContext
    runtime: Runtime
    own: frozenset[str] = frozenset()
    results: CompileResult | None = None

    @property
    def hidden_modules(self) -> bool:
        """Return whether modules may come from folders that are not read."""
        packages = self.context.packages
        started = packages is not None and packages.starts
        return self.context.hidden_modules or (
            started and self.runtime.version.release[:2] >= _START_FILES_SINCE
        )

    def imports(self) -> Iterator[tuple[Import, bool]]:
        """Yield the imports that can happen here, and whether each certainly does."""
        for name in self.context.configuration.imports:
            yield Import(name=name.value, file=None, line=0, certain=True), True
        for each in self.context.program.imports:
            met = self.met(each.guards)
            if met is not False:
                yield each, each.certain and met is True

    def sources(self) -> Iterator[SourceFile]:
        """Yield the files that certainly run here."""
        for each in self.context.program.sources:
            if each.certain and self.met(each.guards):
                yield each

    def queried_names(self) -> frozenset[str]:
        """Return the names of the standard library that only the runtime itself knows of."""
        names = set()
        for each, _ in self.imports():
            top = each.name.partition(".")[0]
            if each.local or top not in self.runtime.stdlib or self._installed(each.name):
                continue
            if "." in each.name and not each.members:
                names.add(each.name)
            names.update(f"{each.name}:{member}" for member in each.members)
        return frozenset(names)

    def lacks(self, each: Import) -> str | None:
        """Return the first name of an import that is not to be had, None when all are."""
        top = each.name.partition(".")[0]
        if each.local or top == "__future__" or self._installed(each.name) or top in self.own:
            return None
        if not has_stdlib_module(self.runtime, top):
            return top
        missing_imports = self.results.missing if self.results is not None else frozenset()
        if each.name in missing_imports:
            return each.name
        return next(
            (name for name in each.members if f"{each.name}:{name}" in missing_imports), None
        )

    def _installed(self, name: str) -> bool:
        packages = self.context.packages
        top = name.partition(".")[0]
        return packages is not None and (name in packages.owners or top in packages.unowned)

    def is_chosen_by_import(self) -> bool:
        """Return whether the program needs a module that only such implementations have."""
        name = self.runtime.implementation.name
        return any(
            certain and not each.local and is_of_implementation(name, each.name.partition(".")[0])
            for each, certain in self.imports()
        )

    def met(self, guards: tuple[Guard, ...]) -> bool | None:
        """Return whether conditions hold here, None when that is not known."""
        facts = facts_of(self.runtime)
        unknown = False
        for guard in guards:
            if guard.missing:
                held = self._is_missing(guard)
            else:
                value = evaluate_guard(guard.test, facts)
                held = None if value is None else value is guard.wanted
            if held is False:
                return False
            unknown = unknown or held is None
        return None if unknown else True

    def _is_missing(self, guard: Guard) -> bool | None:
        """Return whether one of the guard's modules is absent, so that its handler runs."""
        tried = [each for each in self.context.program.imports if each.name in guard.missing]
        lacking = [each for each in tried if self.lacks(each) is not None]
        if not lacking:
            return False
        return None if self.hidden_modules or self.context.will_install else True


def missing_imports(view: RuntimeView) -> Iterator[Objection]:
    """Yield the modules that a runtime does not have, each once."""
    context = view.context
    hidden_modules = (
        view.hidden_modules or context.will_install or context.program.modifies_sys_path
    )
    seen = set()
    for each, certain in view.imports():
        name = view.lacks(each)
        top = each.name.partition(".")[0]
        if (
            name is None
            or name in seen
            or not certain
            or (hidden_modules and top not in context.stdlib)
        ):
            continue
        seen.add(name)
        line = str(each.line)
        if top not in context.stdlib:
            roots = context.packages.roots if context.packages else ()
            folders = ", ".join(map(str, roots))
            yield objection(Cause.PACKAGE, path=each.file, module=name, line=line, folders=folders)
        elif name in each.members:
            yield objection(Cause.STDLIB, path=each.file, name=name, parent=each.name, line=line)
        else:
            yield objection(Cause.STDLIB, path=each.file, name=name, line=line)


def syntax_errors(view: RuntimeView) -> Iterator[Objection]:
    """Yield the files that a runtime cannot compile."""
    refused = view.results.refused if view.results is not None else {}
    if (
        view.results is not None
        and view.results.mute
        and not view.context.configuration.specs
        and not view.is_chosen_by_import()
    ):
        yield objection(Cause.SYNTAX, mute=view.runtime.id)
    for source in view.sources():
        why = refused.get(source.file)
        if why is None:
            continue
        yield objection(
            Cause.SYNTAX,
            path=source.file,
            line=str(why.line),
            code=why.text,
            message=why.message,
        )
