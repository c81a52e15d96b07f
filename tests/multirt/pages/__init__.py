"""Tests of `multirt.pages`."""
