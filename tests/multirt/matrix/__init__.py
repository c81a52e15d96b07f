"""Tests of `multirt matrix`."""
