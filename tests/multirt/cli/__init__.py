"""Tests of `multirt.cli`."""
