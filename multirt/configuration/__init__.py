"""What is asked of a runtime, by whom, and where it was said."""

from __future__ import annotations

from multirt.configuration.gathering import Places, Wishes, configure
from multirt.configuration.model import Configuration, Need, Prefer, Setting

__all__ = ["Configuration", "Need", "Places", "Prefer", "Setting", "Wishes", "configure"]
