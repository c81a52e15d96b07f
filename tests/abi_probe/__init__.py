"""Tests of `abi_probe`."""
