"""Tests of `abi_probe.dynamic_linking`."""
