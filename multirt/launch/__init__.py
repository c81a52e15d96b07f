"""Decisions that were made before, each in a file that counts while what it rests on is as it was.

Nothing is re-exported here: `reader` is on the way of every start and loads nothing more.
"""
