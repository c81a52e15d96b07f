"""Tests of `multirt.probe` and of the command `probe`."""
