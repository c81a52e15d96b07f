"""The hooks for pre-commit, the GitHub action and the recipe for cibuildwheel, run as these do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from multirt.matrix.convert import WORKFLOW
from tests.factories.probe_wheels import GOOD, module, write_good, write_liar, write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[2]
TOOLS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
ABI3T = "spam-1.0-cp315-abi3.abi3t-manylinux_2_17_x86_64.whl"


def _started(
    command: list[str], folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": TOOLS, "XDG_CACHE_HOME": str(folder / "cache"), **(env or {})},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a Git repository with the project's hooks, which run in this environment."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    local = [{**hook, "language": "system"} for hook in hooks]
    text = yaml.safe_dump({"repos": [{"repo": "local", "hooks": local}]})
    (tmp_path / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "dist").mkdir()
    _started(["git", "init", "--quiet"], tmp_path)
    return tmp_path


def _hook(repository: Path, name: str) -> subprocess.CompletedProcess[str]:
    _started(["git", "add", "--all", "."], repository)
    command = [sys.executable, "-m", "pre_commit", "run", name, "--all-files"]
    return _started(
        [*command, "--hook-stage", "manual"], repository, {"PRE_COMMIT_HOME": str(repository / "p")}
    )


def test_the_manifest_of_the_hooks_is_valid(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest"]
    done = _started([*command, str(ROOT / ".pre-commit-hooks.yaml")], tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("hook", ["multirt-probe", "multirt-probe-dist"])
def test_a_hook_refuses_a_wheel_that_breaks_its_promise(repository: Path, hook: str) -> None:
    write_good(repository / "dist")
    assert _hook(repository, hook).returncode == 0
    write_liar(repository / "dist")
    done = _hook(repository, hook)
    assert (done.returncode, "_PyList_Extend" in done.stdout) == (1, True), done.stdout


def test_a_hook_refuses_a_module_outside_the_stable_abi(repository: Path) -> None:
    (repository / "spam.abi3.so").write_bytes(module("PyList_New"))
    assert _hook(repository, "multirt-probe-binaries").returncode == 0
    (repository / "liar.abi3.so").write_bytes(module("_PyList_Extend", name="liar"))
    done = _hook(repository, "multirt-probe-binaries")
    assert (done.returncode, "_PyList_Extend" in done.stdout) == (1, True), done.stdout


def _action() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _probe_step(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the action that probes, as GitHub's runner starts it."""
    action = _action()
    given = {name: str(each["default"]) for name, each in action["inputs"].items()} | inputs
    (step,) = [each for each in action["runs"]["steps"] if each["name"] == "Probe the wheels"]
    env = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], value)
        for name, value in step["env"].items()
    }
    env["GITHUB_STEP_SUMMARY"] = str(folder / "summary.md")
    script = folder / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    return _started(command, folder, env)


def test_the_action_annotates_and_writes_a_log_and_a_summary(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    write_good(tmp_path / "dist")
    good = _probe_step(tmp_path)
    assert (good.returncode, "::error" in good.stdout) == (0, False), good.stdout + good.stderr
    write_liar(tmp_path / "dist")
    bad = _probe_step(tmp_path, wheels="dist/*.whl")
    assert (bad.returncode, "::error file=dist/liar" in bad.stdout) == (1, True), bad.stdout
    assert "_PyList_Extend" in (tmp_path / "multirt.sarif").read_text(encoding="utf-8")
    assert "liar" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_the_action_names_a_pattern_that_no_wheel_fits(tmp_path: Path) -> None:
    done = _probe_step(tmp_path, wheels="none/*.whl")
    assert (done.returncode, done.stdout) == (2, "::error::no wheels fit none/*.whl\n")


def test_the_action_needs_no_input() -> None:
    assert all("default" in each for each in _action()["inputs"].values())


def _recipe(section: str) -> dict[str, Any]:
    """Return what a section of the page adds to a configuration; of a list, its only item."""
    page = (ROOT / "docs/how-to/other-tools.md").read_text(encoding="utf-8")
    text = page.split(f"\n## {section}\n")[1].partition("\n## ")[0]
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    found = yaml.safe_load(block)
    (only,) = found if isinstance(found, list) else [found]
    assert isinstance(only, dict)
    return only


def test_the_recipes_name_hooks_and_inputs_that_exist() -> None:
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    used = _recipe("pre-commit")
    assert {hook["id"] for hook in used["hooks"]} <= {hook["id"] for hook in manifest}
    job = _recipe("GitHub Actions")
    assert job["steps"][0]["with"].keys() <= _action()["inputs"].keys()
    assert job["permissions"]["security-events"] == "write"


def test_one_version_of_each_github_action_is_in_use() -> None:
    pages = ["README.md", "docs/how-to/ci.md", "docs/how-to/other-tools.md"]
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in (*pages, "action.yml")]
    used: dict[str, set[str]] = {}
    for text in (WORKFLOW, *texts):
        for name, version in re.findall(r"uses: ([\w./-]+)@(v[\w.]+)", text):
            used.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in used.items() if len(versions) > 1} == {}
    assert "actions/checkout" in used


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Return what cibuildwheel runs on each wheel, with the setting that the page recommends."""
    from cibuildwheel.audit import run_audit
    from cibuildwheel.options import CommandLineArguments, compute_options

    page = (ROOT / "docs/how-to/other-tools.md").read_text(encoding="utf-8")
    (block,) = [
        each for each in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "audit" in each
    ]
    block = block.replace('audit-requires = ["multirt"]', "audit-requires = []")  # it is on PATH
    (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
    environment = tmp_path / "audit_venv"  # else cibuildwheel downloads virtualenv
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", TOOLS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = compute_options("linux", CommandLineArguments.defaults(), os.environ)
    chosen = options.build_options("cp312-manylinux_x86_64")
    return lambda wheel: run_audit(tmp_dir=tmp_path, build_options=chosen, wheel=wheel)


MAC = "spam-1.0-cp39-abi3-macosx_11_0_arm64.whl"
WINDOWS = "spam-1.0-cp39-abi3-win_amd64.whl"


@pytest.mark.parametrize(
    "wheel",
    [
        pytest.param(GOOD, id="Linux"),
        pytest.param(ABI3T, id="both-stable-ABIs"),
        pytest.param(MAC, id="macOS"),
        pytest.param(WINDOWS, id="Windows"),
    ],
)
def test_cibuildwheel_audits_wheels_of_every_system(
    tmp_path: Path, wheel: str, audit: Callable[[Path], None]
) -> None:
    from cibuildwheel.errors import AuditCommandFailedError

    good = write_wheel(tmp_path, wheel, "PyList_New")
    audit(good)
    with pytest.raises(AuditCommandFailedError):
        audit(write_wheel(tmp_path, wheel, "PyList_New", "_PyList_Extend"))


@pytest.mark.parametrize("wheel", [MAC, WINDOWS])
def test_cibuildwheel_refuses_a_module_of_another_system(
    tmp_path: Path, wheel: str, audit: Callable[[Path], None]
) -> None:
    from cibuildwheel.errors import AuditCommandFailedError

    name = "spam.pyd" if wheel == WINDOWS else "spam.abi3.so"
    with pytest.raises(AuditCommandFailedError):
        audit(write_wheel(tmp_path, wheel, **{name: module("PyList_New")}))


@pytest.mark.parametrize("wheel", [GOOD, ABI3T, MAC, WINDOWS])
def test_auto_gives_one_result_whatever_the_machine_has(tmp_path: Path, wheel: str) -> None:
    write_wheel(tmp_path, wheel, "PyList_New")
    command = [sys.executable, "-m", "multirt", "probe", "--runtime", "auto", "--json", wheel]
    machines = [
        {},
        {"PATH": "/nonexistent", "HOME": "/nonexistent", "MULTIRT_SEARCH_PATH": ""},
        {"MULTIRT_SEARCH_PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "other")},
    ]
    results = {_started(command, tmp_path, env).stdout for env in machines}
    assert len(results) == 1
    assert json.loads(results.pop())["targets"][0]["runtimes"]


@pytest.mark.network
def test_pre_commit_installs_the_hooks_from_the_repository(tmp_path: Path) -> None:
    _started(["git", "init", "--quiet"], tmp_path)
    write_liar(tmp_path)
    _started(["git", "add", "."], tmp_path)
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "multirt-probe"]
    done = _started([*command, "--all-files"], tmp_path, {"PRE_COMMIT_HOME": str(tmp_path / "p")})
    assert (done.returncode, "_PyList_Extend" in done.stdout) == (1, True), done.stdout
