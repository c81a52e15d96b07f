"""Tests of `multirt.processes`."""
