"""How real Python runtimes get onto a Debian 12 or 13 machine, for `scripts/provision_runtimes`.

Standard library only: this runs before anything is installed.
"""
