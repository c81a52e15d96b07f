"""Choose a runtime for a program: facts, verdicts, the choice, and its explanation."""
