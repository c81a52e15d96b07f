"""Tests of `abi_probe.loading`."""
