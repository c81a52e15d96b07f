"""Tests of `multirt.selection`."""
