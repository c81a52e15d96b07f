"""Tests of `multirt.program`."""
