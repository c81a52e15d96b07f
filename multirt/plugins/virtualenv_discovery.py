"""A discovery for virtualenv that knows every runtime multirt finds.

virtualenv imports every installed discovery at each start, so this imports nothing of multirt
before it is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtualenv.discovery.builtin import Builtin, get_interpreter

if TYPE_CHECKING:
    from python_discovery import PythonInfo


class MultirtDiscovery(Builtin):
    """Find the interpreter among the runtimes of multirt; takes the options of the builtin one.

    A path, no spec at all, and words that only virtualenv knows are left to the builtin discovery.
    """

    near: tuple[str, ...] = ()

    def run(self) -> PythonInfo | None:
        """Return the first interpreter that one of the specs matches, None when none does.

        Raises:
            RuntimeError: multirt cannot look for runtimes; virtualenv and tox expect this one.
        """
        try:
            return next(filter(None, map(self._find, self.python_spec)), None)
        except Exception as error:
            line = str(error).partition("\n")[0] or type(error).__name__
            message = f"multirt cannot look for runtimes: {line}"
            raise RuntimeError(message) from error

    def __repr__(self) -> str:
        """Return the specs and the nearest runtimes: virtualenv puts it into its error."""
        near = f" (nearest: {', '.join(self.near)})" if self.near else ""
        return f"{', '.join(self.python_spec)} among the runtimes of multirt{near}"

    def _find(self, text: str) -> PythonInfo | None:
        if os.sep in text or text in self.try_first_with:
            return self._builtin(text)
        from multirt.plugins.nearest import fitting, nearest, runtimes_here
        from runtimes import RuntimeSpec, SpecError

        try:
            spec = RuntimeSpec.parse(text, fork=True)
        except SpecError:
            return self._builtin(text)
        # tox passes on few of the user's variables, and those decide where runtimes are looked for.
        runtimes = runtimes_here({**os.environ, **self._env})
        for runtime in fitting(spec, runtimes):
            executable = str(runtime.executable)
            info = get_interpreter(executable, (), app_data=self.app_data, env=self._env)
            if info is not None:
                return info
        self.near = (*self.near, *nearest(spec, runtimes))
        return None

    def _builtin(self, text: str) -> PythonInfo | None:
        return get_interpreter(text, self.try_first_with, app_data=self.app_data, env=self._env)


__all__ = ["MultirtDiscovery"]
