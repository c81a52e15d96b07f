"""Put the command `multirt` into a wheel: the native launcher where a C compiler is, else a script.

The launcher is not linked to Python, so one wheel serves every version on its platform. Either way
the command is a file of the wheel's scripts, and `multirt-python`, which installers write from the
entry point with the right interpreter in it, stands beside it.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))  # the build loads this file by its path
from compile_args import FLAGS, WAYS, write_options

_SOURCE = "launcher/multirt.c"


class LauncherHook(BuildHookInterface[Any]):
    """Compile the launcher and tag the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's
        """Add the command to the wheel that is about to be built."""
        launcher = Path(self.root, "build", "launcher", "multirt")
        defined = f'-DVERSION="{self.metadata.version}"'
        if os.environ.get("MULTIRT_PURE") or not _compile(self.root, launcher, defined):
            self.app.display_info("multirt: no native launcher; `multirt` starts more slowly")
            build_data["shared_scripts"] |= {
                str(Path(self.root, "launcher", "multirt.sh")): "multirt",
                str(Path(self.root, "launcher", "multirt.cmd")): "multirt.cmd",
            }
            return
        build_data["shared_scripts"][str(launcher)] = "multirt"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _compile(root: str, target: Path, defined: str) -> bool:
    """Compile the launcher; return whether there is one now."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if sys.platform == "win32" or shutil.which(compiler[0]) is None:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    write_options(Path(root), target.parent)
    source = str(Path(root, _SOURCE))
    flags = [
        defined,
        f"-I{target.parent}",
        *shlex.split(os.environ.get("CFLAGS", "")),
        *_architectures(),
    ]
    libraries = shlex.split(os.environ.get("LDFLAGS", ""))
    for way in WAYS:
        fresh = target.with_suffix(f".{os.getpid()}")
        command = [*compiler, *FLAGS, *way, *flags, source, "-o", str(fresh), *libraries]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0 and _starts(fresh):
            fresh.replace(target)  # never written to while it is being started
            return True
        fresh.unlink(missing_ok=True)
    print(done.stderr, file=sys.stderr)  # noqa: T201 - the build's log
    return False


def _starts(program: Path) -> bool:
    """Tell whether what was compiled runs here; for another machine it cannot be told."""
    if os.environ.get("ARCHFLAGS") or os.environ.get("CC"):
        return True
    return subprocess.run([program], check=False, capture_output=True).returncode >= 0


def _architectures() -> list[str]:
    """Return the flags by which macOS builds for other machines."""
    return shlex.split(os.environ.get("ARCHFLAGS", "")) if sys.platform == "darwin" else []


def _platform() -> str:
    """Return the platform part of the wheel's tag."""
    named = os.environ.get("_PYTHON_HOST_PLATFORM")
    if named is None and sys.platform == "darwin":
        # Python itself may be built for two machines, and the launcher only for this one.
        target = os.environ.get("MACOSX_DEPLOYMENT_TARGET") or platform.mac_ver()[0]
        major, _, rest = target.partition(".")
        minor = rest.partition(".")[0] or "0"
        named = f"macosx-{major}.{'0' if int(major) > 10 else minor}-{_machine()}"  # noqa: PLR2004
    return (named or sysconfig.get_platform()).replace("-", "_").replace(".", "_")


def _machine() -> str:
    machines = [word for word in _architectures() if word != "-arch"]
    both = {"x86_64", "arm64"} <= set(machines)
    return "universal2" if both else (machines or [platform.machine()])[0]
