"""Tests of `multirt.probe`."""
