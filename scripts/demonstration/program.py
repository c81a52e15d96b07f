# /// script
# requires-python = ">=2.7"  # its own word: the project around it asks for more
# ///
"""Compute with three stable-ABI extensions and a pure package."""

import sys

import _jsonnet
import hf_xet
import six
from tornado.speedups import websocket_mask

masked = websocket_mask(b"abcd", b"multirt")
squares = _jsonnet.evaluate_snippet("demo", "std.toString([x * x for x in std.range(1, 5)])")
(hashed,) = hf_xet.hash_files([__file__])

gil = getattr(sys, "_is_gil_enabled", lambda: True)()
print(
    "{}.{} {} {} {} {}".format(
        *sys.version_info[:2],
        six.ensure_str(masked.hex()),
        squares.strip().strip('"'),
        hashed.hash[:8],
        "gil" if gil else "no gil",
    )
)
