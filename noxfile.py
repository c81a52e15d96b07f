"""Every check of the project in one command: `nox`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).parent
nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"


def install(session: nox.Session, group: str) -> None:
    """Install the project and one of its dependency groups into a session's environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    session.install("--editable", ".", *nox.project.dependency_groups(project, group))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting; `nox -s lint -- --fix` repairs what can be repaired."""
    install(session, "lint")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", *(() if "--fix" in session.posargs else ("--check",)))


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly: packages, tests, scripts, and this file."""
    install(session, "lint")
    session.install("nox")  # whose types this file uses
    session.run("mypy")


@nox.session
def layers(session: nox.Session) -> None:
    """Check that imports point down."""
    install(session, "lint")
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the manual page and the site; `nox -s docs -- links` also checks external links."""
    install(session, "docs")
    session.run("python", "docs/command_reference.py")
    builders = ["html", *(["linkcheck"] if "links" in session.posargs else [])]
    for builder in builders:
        session.run("sphinx-build", "-W", "--keep-going", "-b", builder, "docs", f"build/{builder}")


@nox.session(venv_backend="none")
def prose(session: nox.Session) -> None:
    """Check the words and the length of sentences in README.md, docs/ and help texts."""
    session.run("python", str(ROOT / "scripts" / "check_prose"), *session.posargs, external=True)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run the tests on the runtimes that are here, and report branch coverage."""
    # It makes its own environment, so that tests run alike with and without nox.
    session.run(str(ROOT / "scripts" / "test"), "--cov", *session.posargs, external=True)
