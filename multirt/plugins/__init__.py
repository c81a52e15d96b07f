"""Entry points for other tools, which import them: virtualenv (and with it tox), hatch."""
