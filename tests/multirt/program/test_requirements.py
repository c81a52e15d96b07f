"""Requirements and version ranges that are too long, or not valid."""

from __future__ import annotations

import pytest

from multirt.errors import MultirtError
from multirt.program.requirements import parse_requirement, parse_specifiers, requires_python

LONG = "9" * 5000  # more digits than int() takes


def test_a_requirement_and_a_range_are_parsed() -> None:
    assert parse_requirement("six>=1.16").name == "six"
    assert parse_specifiers(">=3.9").contains("3.10")


@pytest.mark.parametrize("text", [f">=3.{LONG}", ">= nothing"])
def test_a_range_that_cannot_be_compared_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"longer than|Invalid specifier"):
        parse_specifiers(text)


def test_a_requirement_with_thousands_of_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than"):
        parse_requirement(f"six>={LONG}")


def test_requires_python_with_thousands_of_digits_is_an_error_of_the_script() -> None:
    with pytest.raises(MultirtError, match="requires-python"):
        requires_python(f">=3.{LONG}", "tool.py")


def test_the_longest_range_that_is_read_can_be_compared() -> None:
    assert not parse_specifiers(">=3." + "9" * 4092).contains("3.10")
