"""Build the documentation with Sphinx: `nox -s docs`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.tags import Tag

import abi_probe
import multirt
import runtimes

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from command_reference import reference  # noqa: E402 - Sphinx loads this file by its path

project = "multirt"
author = "the multirt authors"
copyright = author  # noqa: A001 - Sphinx names it
release = version = multirt.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3  # `page.md#heading` works here as it does in a repository's browser
smartquotes = False  # `--option` keeps its hyphens
default_role = "literal"  # as the docstrings write code
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!(abi_probe|runtimes)\.[A-Z]).*")]  # what is not public
autodoc_member_order = "alphabetical"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = "multirt"
html_show_sphinx = False

# Public names are imported late, and types that only annotations name are not imported at all.
TYPES: tuple[Any, ...] = (
    *(AbstractContextManager, Callable, Mapping, Path, PurePath, PurePosixPath),
    *(SpecifierSet, Tag),
)
for library in (abi_probe, runtimes):
    public = {name: getattr(library, name) for name in library.__all__}
    vars(library).update(public)
    known = {each.__name__: each for each in TYPES} | public
    for name, module in [*sys.modules.items()]:
        if name.startswith(f"{library.__name__}."):
            vars(module).update({**known, **vars(module)})

(HERE / "reference" / "commands.rst").write_text(reference(), encoding="utf-8")
