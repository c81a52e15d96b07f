"""Note whether the GIL of a free-threaded build is on: a program that other runtimes run.

It is put into a folder of its own as `sitecustomize.py`, with that folder first in PYTHONPATH. It
appends lines to the file that MULTIRT_MATRIX_GIL names: `off` or `on` at the start, `on MODULE`
where an extension module turned the GIL on, `on` where something else did before the end.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # `typing` takes 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType

FILE, HOME = "MULTIRT_MATRIX_GIL", "MULTIRT_MATRIX_HOME"
_is_on: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)


def _note(text: str) -> None:
    """Append a line at once: other processes append too."""
    try:
        file = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{text}\n".encode())
        os.close(file)
    except (KeyError, OSError):
        pass


def _watch() -> None:
    """Note the state of the GIL now, when a module changes it, and at the end."""
    import atexit
    from importlib.machinery import ExtensionFileLoader

    create = ExtensionFileLoader.create_module
    depth = 0
    noted = _is_on()
    _note("on" if noted else "off")

    def create_module(self: ExtensionFileLoader, spec: ModuleSpec) -> ModuleType:
        nonlocal depth, noted
        depth += 1
        try:
            return create(self, spec)
        finally:
            depth -= 1
            # While a module is created the GIL is on for a time, whatever the module declares.
            if depth == 0 and not noted and _is_on():
                noted = True
                _note(f"on {spec.name}")

    def end() -> None:
        if not noted and _is_on():
            _note("on")

    ExtensionFileLoader.create_module = create_module  # type: ignore[method-assign]  # to see all
    atexit.register(end)


def _import_hidden() -> None:
    """Import the sitecustomize that this one hides, if there is one."""
    import importlib

    own = sys.modules.pop(__name__)
    folder = os.path.dirname(__file__)  # noqa: PTH120 - pathlib takes 10 ms
    sys.path[:] = [each for each in sys.path if each != folder]
    try:
        importlib.import_module(__name__)
    except ModuleNotFoundError as error:
        if error.name != __name__:
            raise
        sys.modules[__name__] = own


if __name__ == "sitecustomize":
    # Processes of other builds and other environments are not the cell's.
    if "t" in sys.abiflags and sys.prefix == os.environ.get(HOME):
        _watch()
    _import_hidden()
