"""Run one program on several runtimes: `compare`, `bench`, canaries, and their history."""
