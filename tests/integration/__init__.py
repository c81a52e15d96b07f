"""Tests of the whole on real runtimes and real wheels."""
