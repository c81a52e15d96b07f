"""Tests of the command as a user starts it."""
