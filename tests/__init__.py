"""The tests, in folders that mirror the three packages."""
