"""Check one runtime for a program: pure functions of values."""
