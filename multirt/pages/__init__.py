"""Self-contained HTML pages: a template and its values become one file without a network."""

from __future__ import annotations

from multirt.pages.heatmap import Cell, Heading, HeatMap, Reason, Row, Tone
from multirt.pages.rendering import render

__all__ = ["Cell", "Heading", "HeatMap", "Reason", "Row", "Tone", "render"]
