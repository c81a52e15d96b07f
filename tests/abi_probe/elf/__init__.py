"""Tests of `abi_probe.elf`."""
