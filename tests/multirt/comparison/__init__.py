"""Tests of `multirt.experiments`, and of the command on it."""
