"""Compute with three stable-ABI extensions and a pure package."""

import sys

import _jsonnet
import hf_xet
import six
from tornado.speedups import websocket_mask

masked = websocket_mask(b"abcd", b"multirt")
squares = _jsonnet.evaluate_snippet("demo", "std.toString([x * x for x in std.range(1, 5)])")
(digest,) = hf_xet.hash_files([__file__])
file_hash = getattr(digest, "hash", None) or digest.xet_hash

print(
    "%d.%d %s %s %s %s"
    % (
        sys.version_info[0],
        sys.version_info[1],
        six.ensure_str(masked.hex()),
        squares.strip().strip('"'),
        file_hash[:8],
        "gil" if getattr(sys, "_is_gil_enabled", lambda: True)() else "no gil",
    )
)
