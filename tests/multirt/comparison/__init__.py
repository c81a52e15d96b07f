"""Tests of `multirt.comparison`, and of the command on it."""
