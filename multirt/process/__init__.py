"""Start programs: instead of this process, as its child, or next to one that may be killed."""
