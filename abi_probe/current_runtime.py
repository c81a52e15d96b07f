"""Describe the Python that runs this as a runtime to judge on."""

from __future__ import annotations

import importlib.machinery
import struct
import sys
from pathlib import Path
from typing import Final

from packaging.tags import sys_tags
from packaging.version import Version

from abi_probe.api import RuntimeTarget
from abi_probe.dynamic_linking.loader import ProcessImage, load_process_image
from abi_probe.errors import UnreadableError
from abi_probe.model import Format, Target
from abi_probe.tags import AcceptedTags

_FORMATS: Final = {"darwin": Format.MACHO, "win32": Format.PE, "cygwin": Format.PE}


def this_runtime() -> RuntimeTarget:
    """Return the running interpreter, with what its loader gives where it is an ELF program."""
    import platform  # with sysconfig 8 ms, for this only
    import sysconfig

    given: ProcessImage | None = None
    try:
        given = load_process_image(Path(sys.executable))
    except UnreadableError:
        given = None
    bits = 8 * struct.calcsize("P")
    name = sys.implementation.name
    target = Target(
        name=f"{name}-{platform.python_version()}{getattr(sys, 'abiflags', '')}",
        implementation=name,
        version=Version(platform.python_version()),
        tags=AcceptedTags.of(sys_tags()),
        suffixes=tuple(importlib.machinery.EXTENSION_SUFFIXES),
        debug=bool(sysconfig.get_config_var("Py_DEBUG")),
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        trace_refs=bool(sysconfig.get_config_var("Py_TRACE_REFS")),
        format=_FORMATS.get(sys.platform, Format.ELF),
        machine=given.program.binary.machines[0] if given else platform.machine().lower(),
        bits=bits,
        libc=given.libc if given is not None else None,
        exports=given.exports if given is not None else None,
    )
    return RuntimeTarget(target=target, given=given)
