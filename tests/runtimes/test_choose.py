"""The order of preference is total, and the best that fits is found."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from runtimes import CRITERIA, NoRuntimeError, RuntimeSpec, find, rank
from tests.factories.runtimes import described

HERE = os.uname().machine

# Each is preferred to all below it.
ORDER = [
    described("3.13.1", machine=HERE),
    described("3.13.0", machine=HERE, source="MULTIRT_SEARCH_PATH", executable="/z/python"),
    described("3.13.0", machine=HERE, source="PATH", executable="/a/python"),
    described("3.13.0", machine=HERE, source="PATH", executable="/b/python"),
    described("3.13.0", machine=HERE, source="of no table", executable="/a/python"),
    described("3.13.0", machine="other", source="MULTIRT_SEARCH_PATH"),
    described("3.9.10", machine=HERE),
    described("3.9.9", machine=HERE),
    described("3.14.0t", machine=HERE),
    described("3.14.0d", machine=HERE),
    described("3.14.0td", machine=HERE),
    described("3.15.0rc2", machine=HERE),
    described("3.15.0rc1", machine=HERE),
    described("pypy 3.11.11", machine=HERE),
]


def test_the_order_of_preference_is_total() -> None:
    for better, worse in itertools.combinations(ORDER, 2):
        assert rank(better) < rank(worse)
        assert not rank(worse) < rank(better)
    assert len(CRITERIA) == len(rank(ORDER[0]))


@pytest.mark.parametrize("spec", ["3.13", "3.9", "3.14t", "3.15", "pypy", "python", ">=3.9,<3.10"])
def test_the_best_that_fits_is_found_in_any_order(spec: str) -> None:
    wanted = RuntimeSpec.parse(spec)
    expected = next(one for one in ORDER if wanted.accepts(one))
    assert find(wanted, ORDER) is expected
    assert find(wanted, ORDER[::-1]) is expected


def test_nothing_fits() -> None:
    with pytest.raises(NoRuntimeError, match=r"no runtime here fits '3\.99'") as caught:
        find(RuntimeSpec.parse("3.99"), ORDER)
    assert "pypy-3.11.11" in caught.value.known


def test_a_path_is_followed(tmp_path: Path) -> None:
    real = tmp_path / "prefix" / "bin" / "python3"
    real.parent.mkdir(parents=True)
    real.touch()
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(real)
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {real.parent}\n")
    runtime = described("3.13.0", executable=str(real))
    for path in ("prefix/bin/python3", "link", "env/bin/python", "env"):
        assert find(RuntimeSpec.parse(str(tmp_path / path)), [*ORDER, runtime]) is runtime
    with pytest.raises(NoRuntimeError):
        find(RuntimeSpec.parse(str(tmp_path / "absent")), [*ORDER, runtime])
    assert Path(runtime.executable) == real
