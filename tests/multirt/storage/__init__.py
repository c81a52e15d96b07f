"""Tests of `multirt.storage`."""
