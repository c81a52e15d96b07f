"""What `multirt matrix` shows: a run while it goes on, and what came of it."""
