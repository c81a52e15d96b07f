"""Tests of `multirt.process`."""
