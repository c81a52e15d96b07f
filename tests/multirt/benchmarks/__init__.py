"""Tests of `multirt.benchmarks`, and of the command on it."""
