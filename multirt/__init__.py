"""One binary, multiple runtimes: the command, and the choice of a runtime for a program."""

__version__ = "0.1.0"
