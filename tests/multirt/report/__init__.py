"""Tests of `multirt.report`."""
