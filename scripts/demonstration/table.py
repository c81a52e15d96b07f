"""Start the demonstration's programs on every runtime that nothing rules out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MULTIRT = (sys.executable, "-m", "multirt")
PROGRAMS = (
    (HERE / "program.py", "three stable-ABI extensions and a pure package"),
    (HERE / "with_rpds.py", "the same, and an extension for CPython 3.11 alone"),
)


def main() -> int:
    """Print a table for each program; fail when one that should run does not."""
    site = Path(sys.argv[1])
    failures = 0
    for program, what in PROGRAMS:
        print(f"\n$ multirt run --site {site.name} {program.name}    # {what}\n")
        failures += table(program, site)
    print(f"\nThe files in {site.name} were installed once and are the same for every row.")
    return 1 if failures else 0


def table(program: Path, site: Path) -> int:
    """Print a row for each runtime, and return how many programs failed against the verdict."""
    command = [*MULTIRT, "explain", "--json", "--site", str(site), str(program)]
    reply = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    decision = json.loads(reply.stdout)
    failures = 0
    for candidate in decision["candidates"]:
        runtime = candidate["runtime"]
        if candidate["accepted"]:
            code, output = start(runtime, program, site)
            failures += code != 0
            verdict = "runs" if code == 0 else f"FAILED {code}"
        else:
            first = candidate["objections"][0]
            verdict, output = "refused", f"{first['cause']}: {first['detail']}"
        print(f"{runtime:20} {verdict:9} {output}")
    print(f"chosen when nothing is said: {decision['chosen']}")
    return failures


def start(runtime: str, program: Path, site: Path) -> tuple[int, str]:
    """Start a program on one runtime; return its exit code and the last line it printed."""
    command = [*MULTIRT, "run", "--python", runtime, "--site", str(site), str(program)]
    done = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = done.stdout.strip().splitlines()
    return done.returncode, lines[-1] if lines else ""


if __name__ == "__main__":
    sys.exit(main())
