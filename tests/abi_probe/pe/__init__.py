"""Tests of `abi_probe.pe`."""
