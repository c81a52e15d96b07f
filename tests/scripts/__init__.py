"""Tests of what people and CI run by hand."""
