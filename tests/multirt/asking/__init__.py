"""Tests of what runtimes say of programs."""
