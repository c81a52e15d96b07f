"""A collector for hatch that gives each environment the interpreter that multirt finds for it."""

from __future__ import annotations

import os
import sys
from typing import Any

from hatch.env.collectors.plugin.interface import EnvironmentCollectorInterface
from hatchling.plugin import hookimpl


class MultirtCollector(EnvironmentCollectorInterface):
    """Set `python` of each environment to the path of a runtime, where one fits what it names."""

    PLUGIN_NAME = "multirt"

    def finalize_environments(self, config: dict[str, dict[str, Any]]) -> None:
        """Replace the words for a runtime, which hatch would look for on PATH.

        Words that no runtime fits are left to hatch, and so are all when multirt cannot look.
        """
        try:
            self._replace(config)
        except Exception as error:  # noqa: BLE001 - hatch goes on without, and says why
            line = str(error).partition("\n")[0]
            print(f"multirt cannot look for runtimes: {line}", file=sys.stderr)  # noqa: T201 - for people

    def _replace(self, config: dict[str, dict[str, Any]]) -> None:
        from multirt.plugins.nearest import fitting, runtimes_here
        from runtimes import RuntimesError, RuntimeSpec

        runtimes = runtimes_here(os.environ)
        for environment in config.values():
            python = environment.get("python")
            if not isinstance(python, str) or os.sep in python:
                continue
            try:
                found = fitting(RuntimeSpec.parse(python, fork=True), runtimes)
            except RuntimesError:
                continue
            if found:
                environment["python"] = str(found[0].executable)


@hookimpl
def hatch_register_environment_collector() -> type[MultirtCollector]:
    """Return the collector, as hatch asks for it."""
    return MultirtCollector
