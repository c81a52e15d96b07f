"""Which versions and platforms some wheels serve together."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from multirt.probe.coverage import coverage_of
from multirt.probe.model import failed

if TYPE_CHECKING:
    from multirt.probe.model import ArtifactReport


@pytest.mark.parametrize(
    ("status", "served"),
    [
        ("compatible", ("cpython-3.12",)),
        ("unverified", ("cpython-3.12",)),
        ("unknown", ()),
        ("incompatible", ()),
    ],
)
def test_only_a_wheel_that_works_serves_a_runtime(status: str, served: tuple[str, ...]) -> None:
    runtime = {"runtime": "cpython-3.12-manylinux_2_17_x86_64", "status": status}
    tags = ["cp312-cp312-manylinux_2_17_x86_64"]
    report = {**failed("x.whl", "none", ""), "wheel_tags": tags, "runtimes": [runtime]}
    found = {each.platform: each for each in coverage_of([cast("ArtifactReport", report)])}
    assert found["manylinux x86_64"].served == served
