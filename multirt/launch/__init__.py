"""Cached decisions, each in a file that is valid until something that it depends on changes.

Nothing is re-exported here: `reader` is on the way of every start and loads nothing more.
"""
