"""Tests of `multirt.shebang`."""
