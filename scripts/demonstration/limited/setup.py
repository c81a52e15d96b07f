"""Build the extension against what CPython 3.7 promised to keep."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "limited._counting",
            ["src/limited/_counting.c"],
            define_macros=[("Py_LIMITED_API", "0x03070000")],
            py_limited_api=True,
        )
    ]
)
