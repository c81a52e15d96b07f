"""Merge the reports of several machines into one, if they are of the same wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.errors import MultirtError
from multirt.matrix.model import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.model import WheelReport

_HINT = "build it in one job and test that file in the others: --wheel FILE"


def merge(reports: Sequence[tuple[str, Report]]) -> Report:
    """Return one report of several.

    Args:
        reports: each with the name of its file, for messages.

    Raises:
        MultirtError: they are of different projects, a wheel of one name has different contents,
            or a cell is in two of them.
    """
    first_name, first = reports[0]
    wheels: dict[str, tuple[WheelReport, str]] = {}
    releases: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, report in reports:
        if report.project != first.project:
            message = f"{first_name} is of {first.project}, {name} of {report.project}"
            raise MultirtError("merge", message)
        for wheel in report.wheels:
            releases.setdefault("-".join(wheel.file.split("-")[:2]), name)
            if len(releases) > 1:
                (one, here), (other, there) = releases.items()
                message = f"different wheels: {one} in {here}, {other} in {there}"
                raise MultirtError("merge", message, _HINT)
            known, where = wheels.setdefault(wheel.file, (wheel, name))
            if known.sha256 != wheel.sha256:
                raise MultirtError(
                    "merge",
                    f"different wheels: {wheel.file} has sha256 {known.sha256[:12]} in {where},"
                    f" {wheel.sha256[:12]} in {name}",
                    _HINT,
                )
        for row in report.cells:
            if row.name in found:
                raise MultirtError("merge", f"{row.name} is in {found[row.name]} and in {name}")
            found[row.name] = name
    return Report(
        project=first.project,
        wheels=tuple(wheel for wheel, _ in wheels.values()),
        cells=tuple(row for _, report in reports for row in report.cells),
        excluded=tuple(dict.fromkeys(each for _, report in reports for each in report.excluded)),
        notes=tuple(dict.fromkeys(each for _, report in reports for each in report.notes)),
        seconds=max(report.seconds for _, report in reports),
        interrupted=any(report.interrupted for _, report in reports),
        posargs=first.posargs if len({report.posargs for _, report in reports}) == 1 else (),
        arguments=first.arguments if len({report.arguments for _, report in reports}) == 1 else (),
    )
