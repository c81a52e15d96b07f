"""`multirt probe`: read artifacts, judge them, check imports, cache the results."""
