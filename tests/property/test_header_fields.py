"""The headers of METADATA and WHEEL are read as `email` and `packaging.metadata` read them."""

from __future__ import annotations

import re
from email.parser import BytesParser

from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import parse_email

from abi_probe.metadata import read_fields

NAMES = st.sampled_from(
    ["Name", "License", "Requires-Python", "requires-dist", "", "From x", "A b", "\u00e9"]
)
VALUES = st.one_of(
    st.sampled_from(
        ["", "spam", ">=3.9", "a:b", "\u00e9", "\x0b", "\x0c", "\x85", "\u2028", "\x1c"]
    ),
    st.text(max_size=6),
)
BLANKS = st.sampled_from(["", " ", "\t", " \t  "])
LINES = st.one_of(
    st.builds("{}{}:{}{}".format, NAMES, st.sampled_from(["", "", "", " "]), BLANKS, VALUES),
    st.builds("{}{}".format, BLANKS, VALUES),
    st.sampled_from(["Requires-Python: >=3.8", "Requires-Dist: spam", "Name: spam", "  \t"]),
)
RECORDS = st.lists(
    st.builds("{}{}".format, LINES, st.sampled_from(["\n", "\r\n", "\r", "\n\n"])), max_size=12
).map(lambda lines: "".join(lines).encode("utf-8", "surrogatepass"))


def normalized(value: str) -> str:
    return re.sub(r"\s+", " ", value).strip()


@given(RECORDS)
def test_header_fields_equal_those_of_email(content: bytes) -> None:
    theirs: dict[str, list[str]] = {}
    for name, value in BytesParser().parsebytes(content).raw_items():
        text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        theirs.setdefault(name.lower(), []).append(normalized(text))
    ours = read_fields(content)
    assert {name: [*map(normalized, each)] for name, each in ours.items()} == theirs


@given(RECORDS)
def test_requirements_equal_those_of_packaging(content: bytes) -> None:
    raw, _ = parse_email(content)
    ours = [normalized(each) for each in read_fields(content).get("requires-dist", ())]
    theirs = [normalized(each) for each in raw.get("requires_dist", ())]
    assert not theirs or ours == theirs
