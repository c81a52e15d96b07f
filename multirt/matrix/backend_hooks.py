"""Call the hooks of a build backend (PEP 517): a program that other runtimes run, from 3.7 on.

    python backend_hooks.py OUT ANSWER BACKEND KNOWN

OUT is the folder for the wheel, ANSWER the file for what came of it, BACKEND the object to call,
and KNOWN a JSON list of what it required before and therefore is installed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path

TYPE_CHECKING = False  # `typing` takes 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str]) -> None:
    """Build, unless the backend requires something else than is there."""
    out, answer, backend, known = arguments
    module, _, names = backend.partition(":")
    hooks: object = importlib.import_module(module)
    for name in filter(None, names.split(".")):
        hooks = getattr(hooks, name)
    asked = getattr(hooks, "get_requires_for_build_wheel", None)
    required = _in_child(asked) if asked is not None else []
    is_there = required == json.loads(known)
    if is_there:
        build = hooks.build_wheel  # type: ignore[attr-defined]
        build(out, {}, None)
    Path(answer).write_text(json.dumps(None if is_there else required))


def _in_child(hook: Callable[[object], Sequence[str]]) -> list[str]:
    """Return what a hook requires; it may leave behind what it likes in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _answer(hook, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    if not said:
        sys.exit("the backend does not say what it requires")
    required = json.loads(said)
    return [str(each) for each in required]


def _answer(hook: Callable[[object], Sequence[str]], writing: int) -> None:
    """Write down what a hook requires, and end this process."""
    try:
        said = json.dumps(sorted(hook({}))).encode()
        with os.fdopen(writing, "wb") as stream:
            stream.write(said)
    except BaseException:  # noqa: BLE001 - SystemExit of a setup.py too
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
