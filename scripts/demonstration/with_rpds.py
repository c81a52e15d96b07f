# /// script
# requires-python = ">=2.7"  # its own word: the project around it asks for more
# ///
"""The same as `program.py`, and a persistent map of a version-specific extension."""

import runpy
from pathlib import Path

import _jsonnet
import hf_xet
import rpds
import six
import tornado.speedups

__all__ = ["_jsonnet", "hf_xet", "six", "tornado"]  # what `program.py` uses, seen from here

print(sorted(rpds.HashTrieMap({"one": 1}).insert("two", 2)), end=" ")
runpy.run_path(str(Path(__file__).with_name("program.py")))
