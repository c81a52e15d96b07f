"""Hold predictions against real imports: the parts of `scripts/truth` and of its tests."""
