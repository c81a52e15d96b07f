"""Give tox every runtime that multirt finds, where VIRTUALENV_DISCOVERY names multirt.

For a Python that the installed virtualenv no longer serves, such as 3.8, tox starts an older
virtualenv, which has no discovery of multirt, and looks for the interpreter itself. So the runtimes
go into the option `--discover`, which all of them take.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tox.plugin import impl

if TYPE_CHECKING:
    from tox.config.sets import ConfigSet
    from tox.session.state import State

# What virtualenv serves; an older one here would end its search with an error.
_IMPLEMENTATIONS = frozenset({"cpython", "pypy", "graalpy", "rustpython"})
_SINCE = (3, 6)


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:
    """Add the runtimes to `--discover`."""
    del core_conf
    options = state.conf.options
    if os.environ.get("VIRTUALENV_DISCOVERY") != "multirt" or not hasattr(options, "discover"):
        return
    try:
        from multirt.plugins.nearest import runtimes_here

        runtimes = runtimes_here(os.environ)
    except Exception as error:  # noqa: BLE001 - tox goes on without, and says why
        line = str(error).partition("\n")[0]
        print(f"multirt cannot look for runtimes: {line}", file=sys.stderr)  # noqa: T201 - for people
        return
    del os.environ["VIRTUALENV_DISCOVERY"]
    found = [
        str(each.executable)
        for each in runtimes
        if each.implementation.name in _IMPLEMENTATIONS and each.version.release >= _SINCE
    ]
    options.discover = [*options.discover, *found]
