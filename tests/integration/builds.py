"""Small extensions of every kind that decides something, to be compiled and tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tests.abi_probe.compiler import compile_c

if TYPE_CHECKING:
    from pathlib import Path

_MODULE = """
%(before)s
#include <Python.h>
%(declaration)s
static PyObject *value(PyObject *self, PyObject *unused) { %(statement)s; Py_RETURN_NONE; }
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, ""}, {0}};
"""
_MULTI_PHASE = """
static int run(PyObject *module) { return 0; }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, run}, %(slots)s {0, 0}};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "%(title)s", "", %(size)s, methods, slots};
PyMODINIT_FUNC PyInit_probe(void) { return PyModuleDef_Init(&module); }
"""
_SINGLE_PHASE = """
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "probe", "", -1, methods};
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&module); }
"""
_FILLED_IN = """
static struct PyModuleDef module;
PyMODINIT_FUNC PyInit_probe(void) {
    struct PyModuleDef filled = {PyModuleDef_HEAD_INIT, "probe", "", -1, methods};
    module = filled;
    return PyModule_Create(&module);
}
"""
_PYTHON_2 = """
PyMODINIT_FUNC initprobe(void) { Py_InitModule("probe", methods); }
"""
_EXPORT = """
static int run(PyObject *module) { return 0; }
PyABIInfo_VAR(abi_info);
static PySlot slots[] = {
    PySlot_DATA(Py_mod_abi, &abi_info), PySlot_FUNC(Py_mod_exec, run), PySlot_END};
PyMODEXPORT_FUNC PyModExport_probe(void) { return slots; }
"""
_WEAK = "extern int PyDict_GetItemRef(PyObject *, PyObject *, PyObject **) __attribute__((weak));"
_CALL = "PyObject *out; if (self == 0) PyDict_GetItemRef(self, self, &out)"
_DROP = "Py_INCREF(self); Py_DECREF(self)"
_NO_GIL = "{4, (void *)1},"
_OWN_GIL = "{3, (void *)2},"
_PROCESSOR = r"""
__asm__(".section .note.gnu.property, \"a\"\n.p2align 3\n.long 4, 16, 5\n.asciz \"GNU\"\n"
    ".long 0xc0008002, 4, 16, 0\n.text");
"""
_LINUX = "x86_64-linux-gnu.so"


class Build(Struct, frozen=True, kw_only=True):
    """A small extension to compile.

    Attributes:
        name: what tests call it.
        file: its name, which claims an ABI.
        headers: the interpreter whose headers are used.
        limited: the value of `Py_LIMITED_API`; None for the whole API.
        before: C text ahead of the headers.
        declaration, statement: C text outside and inside of a function.
        module: C text that makes the module.
        slots: of a multi-phase module, after its own.
        title, size: the name and the bytes of state in its definition.
        options: for the compiler.
        library: text of a library next to the file that it is linked to through `$ORIGIN`; empty
            for one that is removed again.
        soname: of that library.
        glibc: it needs a version of the C library that does not exist.
        siblings: another file of the same module.
        sources: empty Python files next to it.
    """

    name: str
    file: str
    headers: str
    limited: str | None = None
    before: str = ""
    declaration: str = ""
    statement: str = ""
    module: str = _MULTI_PHASE
    slots: str = ""
    title: str = "probe"
    size: int = 0
    options: tuple[str, ...] = ()
    library: str | None = None
    soname: str = "libbeside.so.1"
    glibc: bool = False
    siblings: Build | None = None
    sources: tuple[str, ...] = ()

    def make(self, folder: Path, work: Path, include: tuple[Path, ...]) -> None:
        """Compile the extension into a folder, with another folder for what it is made from."""
        options = [*self.options, *(f"-I{path}" for path in include)]
        if self.library is not None:
            home = folder if self.library else work
            text = self.library or "int absent(void) { return 0; }"
            made = compile_c(home / self.soname, text, f"-Wl,-soname,{self.soname}")
            options += [str(made), "-Wl,-rpath,$ORIGIN"]
        if self.glibc:
            options.append(str(_future_libc(work)))
        before = self.before
        if self.limited is not None:
            before += f"\n#define Py_LIMITED_API {self.limited}"
        source = (_MODULE + self.module) % {
            "before": before,
            "declaration": self.declaration,
            "statement": self.statement,
            "slots": self.slots,
            "title": self.title,
            "size": str(self.size),
        }
        compile_c(folder / self.file, source, *options)
        if self.siblings is not None:
            self.siblings.make(folder, work, include)
        for name in self.sources:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()


def _future_libc(work: Path) -> Path:
    """Return a C library that defines a version which no real one has."""
    work.mkdir(exist_ok=True)
    script = work / "versions"
    script.write_text("GLIBC_2.99 { global: future; };")
    named = ["-nostdlib", "-Wl,-soname,libc.so.6", f"-Wl,--version-script={script}"]
    return compile_c(work / "libc_future.so", "int future(void){return 0;}", *named)


_OLD = Build(name="abi3-since-3.6", file="probe.abi3.so", headers="3.11", limited="0x03060000")
_BARE = Build(name="bare", file="probe.so", headers="3.11")
BUILDS = (
    _OLD,
    replace(
        _OLD,
        name="abi3-since-3.10",
        limited="0x030a0000",
        statement="Py_XNewRef(self); Py_IsTrue(self); PyModule_AddType(self, 0)",
    ),
    replace(_OLD, name="abi3-since-3.13", headers="3.13", limited="0x030d0000", statement=_CALL),
    replace(_OLD, name="abi3-single-phase", module=_SINGLE_PHASE),
    replace(
        _OLD,
        name="weak-symbol",
        declaration=_WEAK,
        statement=f"if (PyDict_GetItemRef) {{ {_CALL}; }}",
    ),
    replace(_OLD, name="abi3-by-name-only", limited=None, statement="_PyObject_GC_Malloc(8)"),
    replace(
        _OLD,
        name="missing-library",
        declaration="int absent(void);",
        statement="absent()",
        library="",
    ),
    replace(
        _OLD,
        name="library-beside",
        declaration="int PyBeside_Value(void);",
        statement="PyBeside_Value()",
        library="int PyBeside_Value(void) { return 7; }",
    ),
    replace(
        _OLD,
        name="library-beside-that-needs-python",
        declaration="int PyBeside_Value(void);",
        statement="PyBeside_Value()",
        library="void PyDict_GetItemRef(); void PyBeside_Value(void) { PyDict_GetItemRef(); }",
    ),
    replace(
        _OLD,
        name="newer-glibc",
        declaration="int future(void);",
        statement="future()",
        glibc=True,
    ),
    replace(_OLD, name="slot-of-3.12", slots=_OWN_GIL),
    replace(_OLD, name="slot-of-3.13", slots=_NO_GIL),
    replace(_OLD, name="slot-of-no-version", slots="{4000, 0},"),
    replace(_OLD, name="slot-of-3.13-strict-relocations", slots=_NO_GIL, options=("-Wl,-z,now",)),
    replace(
        _OLD,
        name="slot-of-3.13-packed-relocations",
        slots=_NO_GIL,
        options=("-Wl,-z,pack-relative-relocs",),
    ),
    replace(
        _OLD,
        name="slot-of-3.13-under-another-name",
        slots=_NO_GIL,
        title="another",
        statement="static PyObject object = {PyObject_HEAD_INIT(0)}; Py_INCREF(&object)",
    ),
    replace(_OLD, name="abi3-since-3.12", headers="3.13", limited="0x030c0000", statement=_DROP),
    replace(_OLD, name="abi3-since-3.14", headers="3.14d", limited="0x030e0000", statement=_DROP),
    replace(
        _OLD,
        name="abi3-since-3.14-under-another-name",
        headers="3.14d",
        limited="0x030e0000",
        title="another",
    ),
    replace(_OLD, name="abi3-since-3.15", headers="3.15d", limited="0x030f0000", statement=_DROP),
    replace(_OLD, name="slots-and-a-negative-size", size=-1),
    replace(_OLD, name="executable-stack", options=("-Wl,-z,execstack",)),
    replace(
        _OLD,
        name="executable-stack-of-a-library",
        declaration="int beside(void);",
        statement="beside()",
        library="""int twice(int (*f)(int)) { return f(f(1)); }
        int beside(void) { int by = 2; int add(int i) { return i + by; } return twice(add); }""",
    ),
    replace(_OLD, name="undefined", declaration="int absent(void);", statement="absent()"),
    replace(
        _OLD,
        name="undefined-data",
        declaration="extern int absent;",
        statement="if (absent) return 0",
    ),
    replace(
        _OLD,
        name="undefined-weak",
        declaration="int absent(void) __attribute__((weak));",
        statement="if (absent) absent()",
    ),
    replace(
        _OLD,
        name="undefined-in-a-library",
        declaration="int beside(void);",
        statement="beside()",
        library="int absent(void); int beside(void) { return absent(); }",
    ),
    replace(
        _OLD,
        name="defined-by-a-library",
        declaration="int beside(void);",
        statement="beside()",
        library="int beside(void) { return 7; }",
    ),
    replace(
        _OLD,
        name="defined-by-a-library-with-the-old-table",
        declaration="int beside(void);",
        statement="beside()",
        library="int beside(void) { return 7; }",
        options=("-Wl,--hash-style=sysv",),
    ),
    replace(
        _OLD,
        name="chosen-while-loading",
        declaration="""static int one(void) { return 1; }
        static void *choose(void) { return one; }
        int chosen(void) __attribute__((ifunc("choose")));""",
        statement="chosen()",
    ),
    replace(
        _OLD,
        name="memory-of-threads",
        declaration="""static __thread char memory[5000]
            __attribute__((tls_model("initial-exec")));""",
        statement="memory[1]++",
    ),
    replace(_OLD, name="processor-of-the-future", before=_PROCESSOR),
    replace(_OLD, name="not-to-be-opened", options=("-Wl,-z,nodlopen",)),
    replace(_OLD, name="old-hash-table", options=("-Wl,--hash-style=sysv",)),
    replace(_OLD, name="without-names", options=("-Wl,-s",)),
    replace(
        _OLD,
        name="libpython-of-no-version",
        declaration="int absent(void);",
        statement="absent()",
        library="",
        soname="libpython3.99.so.1.0",
    ),
    replace(_OLD, name="beside-a-package", sources=("probe/__init__.py",)),
    replace(_OLD, name="beside-a-folder", sources=("probe/other.txt",)),
    replace(_OLD, name="beside-a-source", sources=("probe.py",)),
    replace(_OLD, name="program", options=("-Wl,-pie",)),
    _BARE,
    replace(_BARE, name="bare-single-phase", module=_SINGLE_PHASE),
    replace(_BARE, name="bare-filled-in", module=_FILLED_IN),
    replace(_BARE, name="bare-abi3", limited="0x03060000"),
    replace(_BARE, name="bare-debug", headers="3.11d", statement="Py_DECREF(self)"),
    replace(_BARE, name="bare-newer-debug", headers="3.14d", statement="Py_DECREF(self)"),
    replace(_BARE, name="bare-free-threaded", headers="3.13t"),
    replace(_BARE, name="bare-free-threaded-under-another-name", headers="3.13t", title="another"),
    replace(_BARE, name="bare-free-threaded-single", headers="3.13t", module=_SINGLE_PHASE),
    replace(_BARE, name="bare-free-threaded-slot", headers="3.13t", slots=_NO_GIL),
    replace(_BARE, name="bare-2.7", headers="2.7", module=_PYTHON_2),
    replace(
        _BARE,
        name="bare-trace-refs",
        before="#define Py_TRACE_REFS",
        module=_SINGLE_PHASE,
        headers="3.11",
    ),
    replace(_BARE, name="bare-pypy", headers="pypy3.11"),
    Build(name="one-version", file=f"probe.cpython-311-{_LINUX}", headers="3.11"),
    Build(name="free-threaded", file=f"probe.cpython-313t-{_LINUX}", headers="3.13t"),
    Build(name="debug", file=f"probe.cpython-311d-{_LINUX}", headers="3.11d"),
    Build(name="pypy", file=f"probe.pypy311-pp73-{_LINUX}", headers="pypy3.11"),
    Build(name="pypy-next", file=f"probe.pypy311-pp80-{_LINUX}", headers="pypy3.11-next"),
    Build(
        name="pypy-slot-of-3.12",
        file=f"probe.pypy311-pp73-{_LINUX}",
        headers="pypy3.11",
        slots=_OWN_GIL,
    ),
    Build(
        name="pypy-slot-of-3.13",
        file=f"probe.pypy311-pp73-{_LINUX}",
        headers="pypy3.11",
        slots=_NO_GIL,
    ),
    Build(name="suffix-of-python-2", file="probemodule.so", headers="2.7", module=_PYTHON_2),
    Build(name="suffix-of-python-2-hook-of-3", file="probemodule.so", headers="3.11"),
    Build(
        name="shadowed",
        file=f"probe.cpython-311-{_LINUX}",
        headers="3.11",
        statement="PyBeside_Value()",
        declaration="int PyBeside_Value(void);",
        siblings=_OLD,
    ),
    Build(
        name="modexport",
        file="probe.abi3t.so",
        headers="3.15d",
        limited="0x030f0000",
        module=_EXPORT,
        before="#define Py_TARGET_ABI3T 0x030f0000\n#undef Py_DEBUG",
    ),
)
