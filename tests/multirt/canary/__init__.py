"""Tests of `multirt.canary`, and of the command on it."""
