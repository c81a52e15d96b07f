"""Tests of `multirt.history`."""
