"""Tests of the choice of a runtime."""
