"""Greet people."""


def greet(name: str) -> str:
    """Return a greeting, without a title in front of the name."""
    return "Hello " + name.removeprefix("Dr. ")
