"""Tests of `multirt.launch`."""
