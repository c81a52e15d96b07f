# /// script
# dependencies = ["pydantic==2.6.0"]
# ///
import sys

import pydantic

print("pydantic", pydantic.VERSION, "on Python", sys.version.split()[0])
