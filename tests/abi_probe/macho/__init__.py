"""Tests of `abi_probe.macho`."""
