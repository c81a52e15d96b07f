"""Take the configuration of other test runners over."""

from __future__ import annotations

from multirt.matrix.convert.github import WORKFLOW
from multirt.matrix.convert.hatch import read_hatch
from multirt.matrix.convert.nox import read_nox
from multirt.matrix.convert.to_toml import (
    ImportedConfig,
    group_unsupported,
    to_toml,
    unsupported_settings,
)
from multirt.matrix.convert.tox import read_tox

__all__ = [
    "IMPORTS",
    "WORKFLOW",
    "ImportedConfig",
    "group_unsupported",
    "to_toml",
    "unsupported_settings",
]

IMPORTS = {"tox": read_tox, "nox": read_nox, "hatch": read_hatch}
"""What reads the configuration of each runner from a project's folder."""
