"""Executors: where work can be done instead of on this machine.

An entry point of the group `multirt.executors` is an engine: its name is the word before `://`, and
it is a function that takes what follows and gives a `Cluster`.
"""

from __future__ import annotations

from multirt.distributed.engines import Cluster, join

__all__ = ["Cluster", "join"]
