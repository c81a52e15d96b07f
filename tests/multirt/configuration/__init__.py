"""Tests of `multirt.config`."""
