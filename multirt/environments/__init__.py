"""Environments: what a program needs installed, resolved for one runtime and built once.

`resolve` says which files a runtime would get, `build` makes the environment that holds them,
`overlay` lets a runtime use folders of packages that are there already.
"""

from __future__ import annotations

from multirt.environments.building import build
from multirt.environments.errors import MissingWheel, UnresolvableError
from multirt.environments.model import Built, LocalWheel, Pin, Resolution, Wanted
from multirt.environments.overlay import overlay
from multirt.environments.resolving import resolve
from multirt.environments.store import Store

__all__ = [
    "Built",
    "LocalWheel",
    "MissingWheel",
    "Pin",
    "Resolution",
    "Store",
    "UnresolvableError",
    "Wanted",
    "build",
    "overlay",
    "resolve",
]
