"""Tests of `multirt.experiments`."""
