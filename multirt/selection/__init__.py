"""Choose a runtime for a program: facts, candidates, the choice."""
