"""Tests of `multirt.configuration`."""
