"""Start programs: in place of this process, as its child, or beside one that may be killed."""
