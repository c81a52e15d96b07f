"""Resolve what a binary needs as the dynamic loader of a runtime would."""
