"""Small real projects, made in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PURE = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "demo"
version = "1.0"
requires-python = ">=3.7"
dependencies = [{dependencies}]
[dependency-groups]
test = ["pytest"]
[tool.hatch.build.targets.wheel]
packages = ["src/demo"]
[tool.multirt.matrix]
runtimes = [{runtimes}]
groups = ["test"]
{more}
"""
NATIVE = """\
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"
[project]
name = "native"
version = "1.0"
[tool.setuptools.packages.find]
where = ["src"]
[tool.multirt.matrix]
runtimes = [{runtimes}]
deps = []
commands = [["python", "-c", "import native._c as c; assert c.answer() == 42; print(c.__file__)"]]
{more}
"""
SETUP = """\
from setuptools import Extension, setup
abi3 = {abi3}
setup(
    ext_modules=[
        Extension(
            "native._c",
            ["src/native/_c.c"],
            py_limited_api=abi3,
            define_macros={macros},
        )
    ],
    options={{"bdist_wheel": {{"py_limited_api": "{tag}"}}}} if abi3 else {{}},
)
"""
C = """\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) {{ {body} }}
static PyMethodDef methods[] = {{{{"answer", answer, METH_NOARGS, NULL}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "_c", NULL, 0, methods}};
PyMODINIT_FUNC PyInit__c(void) {{ return PyModuleDef_Init(&module); }}
"""
HONEST = "return PyLong_FromLong(42);"
# Stable since 3.9, and a macro or inlined nowhere: a wheel tagged for 3.7 breaks its promise.
NEWER = (
    "PyErr_Clear(); return PyObject_CallNoArgs((PyObject *)&PyLong_Type) ? PyLong_FromLong(42) : 0;"
)


def content(values: tuple[str, ...]) -> str:
    """Return strings as TOML writes them in a list."""
    return ", ".join(f'"{each}"' for each in values)


def pure(
    folder: Path,
    *runtimes: str,
    tests: str = "import demo\n\ndef test_value():\n    assert demo.VALUE == 1\n",
    more: str = "",
    dependencies: tuple[str, ...] = (),
) -> Path:
    """Make a pure project with tests, and return its folder."""
    root = folder / "demo"
    (root / "src/demo").mkdir(parents=True)
    (root / "tests").mkdir()
    text = PURE.format(runtimes=content(runtimes), more=more, dependencies=content(dependencies))
    (root / "pyproject.toml").write_text(text)
    (root / "src/demo/__init__.py").write_text("VALUE = 1\n")
    (root / "tests/test_demo.py").write_text(tests)
    return root


def native(
    folder: Path,
    *runtimes: str,
    tag: str | None = None,
    body: str = HONEST,
    macro: str = "0x03070000",
    more: str = "",
) -> Path:
    """Make a project with a C extension, tied to one version or with a stable-ABI tag."""
    root = folder / "native"
    (root / "src/native").mkdir(parents=True)
    macros = f'[("Py_LIMITED_API", "{macro}")]' if tag else "[]"
    (root / "pyproject.toml").write_text(NATIVE.format(runtimes=content(runtimes), more=more))
    (root / "setup.py").write_text(SETUP.format(abi3=bool(tag), macros=macros, tag=tag))
    (root / "src/native/__init__.py").touch()
    (root / "src/native/_c.c").write_text(C.format(body=body))
    return root
