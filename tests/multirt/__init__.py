"""Tests of `multirt`."""
