"""Reasons are drawn together, ranked and counted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from packaging.specifiers import SpecifierSet

from abi_probe import RuntimeTarget, judge_all_linked
from multirt.probe.findings import Policy, Severity, finding_kinds, names, reasons_of
from multirt.probe.model import ArtifactReport, failed
from multirt.probe.worker import report_of
from tests.factories.artifacts import artifact, elf_binary, target
from tests.factories.artifacts import extension as module_at
from tests.factories.probe_reports import extension, objection, report, verdict

OLD = objection("package-python", "spam requires >=3.8, this is 3.6", need="spam requires >=3.8")
OLDER = objection("package-python", "spam requires >=3.8, this is 3.7", need="spam requires >=3.8")
LIAR = report("a.whl", verdict("r"), extensions=(extension("a.so", "_Py_Secret"),))
WARNED = report("a.whl", verdict("r", warnings=("r may fail",)))
ARCHIVE = failed("a.tar.gz", "source-archive", "nothing to probe")
BROKEN = failed("a.whl", "unreadable", "cut off")


def test_one_reason_for_many_runtimes_is_reported_once() -> None:
    found = reasons_of(report("a.whl", verdict("x", OLD), verdict("y", OLDER), verdict("z")))
    assert [(each.text, each.runtimes) for each in found] == [("spam requires >=3.8", ("x", "y"))]


def test_what_helps_is_reported_once_for_those_that_it_helps() -> None:
    found = reasons_of(report("a.whl", verdict("x", OLD), verdict("y", OLDER), verdict("z")))
    assert [each.help for each in found] == ["another build"]
    other = objection("package-python", OLDER["detail"], need=OLDER["need"])
    other["help"] = "a newer release"
    found = reasons_of(report("a.whl", verdict("x", OLD), verdict("y", other)))
    assert [each.help for each in found] == ["another build; a newer release"]


def test_the_worst_comes_first_then_what_holds_for_most() -> None:
    tag = objection("abi-tag", "another tag")
    runtimes = (
        verdict("x", OLD, warnings=("x is slow", "odd")),
        verdict("y", tag, OLDER),
        verdict("z", objection("broken", "a.so: cut off", "a.so")),
    )
    found = reasons_of(report("a.whl", *runtimes, extensions=(extension("a.so", "_Py_Secret"),)))
    assert [each.kind for each in found] == [
        *("promise", "package-python", "abi-tag", "broken", "warning", "warning")
    ]
    assert found[0].weight is Severity.BROKEN_PROMISE
    assert found[-2].text == "x is slow"


def test_wheels_of_one_release_are_reported_apart() -> None:
    assert names([report("d/a.whl"), report("d/b.whl")]) == ["a", "b"]
    assert names([report("d/a.whl")]) == ["spam 1.0"]


@pytest.mark.parametrize(
    ("reports", "options", "code"),
    [
        pytest.param([report("a.whl", verdict("r"))], {}, 0, id="nothing"),
        pytest.param([report("a.whl", verdict("r", OLD))], {}, 0, id="objection"),
        pytest.param([LIAR], {}, 1, id="promise"),
        pytest.param([LIAR], {"ignore": ["promise"]}, 0, id="promise ignored"),
        pytest.param([WARNED], {}, 0, id="warning"),
        pytest.param([WARNED], {"strict": True}, 1, id="strict"),
        pytest.param([WARNED], {"strict": True, "ignore": ["warning"]}, 0, id="strict, ignored"),
        pytest.param(
            [report("a.whl", verdict("r", OLD))], {"fail_on": ["package-python"]}, 1, id="fail on"
        ),
        pytest.param([LIAR, BROKEN], {}, 2, id="one cannot be read"),
        pytest.param([ARCHIVE], {}, 2, id="nothing but a source archive"),
        pytest.param([ARCHIVE, WARNED], {}, 0, id="a source archive among others"),
    ],
)
def test_the_exit_code(
    reports: list[ArtifactReport], options: dict[str, object], code: int
) -> None:
    requested = {"strict": False, "fail_on": (), "ignore": (), **options}
    assert Policy.of(**requested).exit_code(reports) == code  # type: ignore[arg-type]


def test_a_runtime_in_words_is_no_warning() -> None:
    described = verdict("r", warnings=("r is not here: judged from a table",))
    described["evidence"] = "table"
    described["judged_warnings"][0]["kind"] = "table"
    assert [each.weight for each in reasons_of(report("a.whl", described))] == [Severity.HINT]
    policy = Policy.of(strict=True, fail_on=(), ignore=())
    assert policy.exit_code([report("a.whl", described)]) == 0


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(report("a.whl", verdict("r")), id="nothing"),
        pytest.param(report("a.whl", verdict("r", OLD), verdict("s", OLDER)), id="objections"),
        pytest.param(LIAR, id="promise"),
        pytest.param(WARNED, id="warning"),
        pytest.param(report("a.whl", verdict("r", warnings=("r is not here",))), id="not aside"),
        pytest.param(
            report("a.whl", {**verdict("r", warnings=("r is not here",)), "evidence": "table"}),
            id="aside",
        ),
        pytest.param(
            report("a.whl", extensions=({**extension("a.so"), "hints": ["declare it"]},)), id="hint"
        ),
        pytest.param(
            report("a.whl", extensions=({**extension("a.so"), "promotable": "no"},)), id="hindered"
        ),
        pytest.param(
            report("a.whl", extensions=(extension("a.so", warnings=("odd",)),)), id="of a module"
        ),
    ],
)
def test_the_kinds_are_those_of_the_reasons(given: ArtifactReport) -> None:
    assert finding_kinds(given) == {each.kind for each in reasons_of(given)}


def test_reasons_are_grouped_without_their_words() -> None:
    wheel = artifact(
        module_at("spam.abi3.so", elf_binary("PyOther_New")), tag="cp38-abi3-manylinux_2_17_x86_64"
    )
    wheel = replace(wheel, requires_python=SpecifierSet(">=3.9"))
    prospects = [
        RuntimeTarget(target=target(version), given=None)
        for version in ("3.7", "3.8", "3.12", "3.13")
    ]
    judged = report_of("a.whl", wheel, prospects, judge_all_linked(wheel, prospects))
    grouped = [(each.kind, each.path, each.runtimes) for each in reasons_of(judged)]
    assert [(kind, len(runtimes)) for kind, _, runtimes in grouped] == [
        ("abi-symbol", 4),
        ("package-python", 2),
        ("abi-tag", 1),
    ]
    for verdict_ in judged["runtimes"]:
        for each in verdict_["objections"]:
            each["detail"] = each["need"] = each["help"] = "x"
        for warning in verdict_["judged_warnings"]:
            warning["detail"] = "x"
    assert [(each.kind, each.path, each.runtimes) for each in reasons_of(judged)] == grouped
