"""Tests of `multirt.probing` and of the command `probe`."""
