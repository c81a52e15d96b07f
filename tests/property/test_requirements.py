"""Requirements, names and tags are read here as `packaging` reads them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import parse_tag as their_tags
from packaging.utils import canonicalize_name

from abi_probe.distribution_name import normalize_name
from abi_probe.tags import parse_tag
from multirt.program.requirements import parse_requirement

NAMES = st.sampled_from(["six", "Ruamel.yaml", "a_b", "a--b", "_a", "a.", "é", "x1", "-", ""])
OPERATORS = st.sampled_from(["==", "===", "~=", "!=", ">=", "<", ">", "<=", "=", "=>", ""])
VERSIONS = st.sampled_from(["1", "1.2", "1.*", "2.0rc1", "1!3", "1.0+l", "é", "", "v1", "1 2"])
BLANKS = st.sampled_from(["", "", " ", "  ", "\t", "\n"])
CLAUSES = st.builds("{}{}{}{}{}".format, BLANKS, OPERATORS, BLANKS, VERSIONS, BLANKS)
ENDS = st.sampled_from(["", "", "; os_name == 'nt'", " ; extra == 'x'", "@ file:///a.whl", "(>1)"])
EXTRAS = st.sampled_from(["", "", "", "[x]", "[x, y]", "[]", "[x"])
TEXTS = st.builds(
    lambda *parts: "".join(parts),
    BLANKS,
    NAMES,
    EXTRAS,
    st.lists(CLAUSES, max_size=3).map(",".join),
    ENDS,
)


@given(TEXTS)
def test_a_requirement_is_read_as_packaging_reads_it(text: str) -> None:
    try:
        theirs = Requirement(text)
    except InvalidRequirement as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            parse_requirement(text)
        return
    read = parse_requirement(text)
    assert str(read) == str(theirs)
    assert (read.name, {*read.extras}, read.url) == (theirs.name, theirs.extras, theirs.url)
    assert (read.versions, read.marker) == (str(theirs.specifier), theirs.marker)


@given(st.text(st.sampled_from("aB1-_.")))
def test_a_name_is_normalized_as_packaging_does(name: str) -> None:
    assert normalize_name(name) == canonicalize_name(name)


@given(st.text(st.sampled_from("cp3-.aN_")))
def test_a_compressed_set_of_tags_is_expanded_as_packaging_does(text: str) -> None:
    try:
        theirs = {*map(str, their_tags(text))}
    except ValueError:
        theirs = set()
    try:
        ours = {*map(str, parse_tag(text))}
    except ValueError:
        ours = set()
    assert ours == theirs
