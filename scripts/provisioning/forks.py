"""Two forks of CPython that the tests need: the edits that make them from its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioning.model import LackingError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A text in one file of the source that another takes the place of.

    Attributes:
        file: below the root of the source.
        old: the text, which is there once.
        new: the text in its place.
    """

    file: str
    old: str
    new: str

    def apply(self, tree: Path) -> None:
        """Edit the file in a tree whose files may be links to those of another tree.

        Raises:
            LackingError: the source has no such text.
        """
        path = tree / self.file
        text, mode = path.read_text(encoding="utf-8"), path.stat().st_mode
        if text.count(self.old) != 1:
            message = f"a source whose {self.file} has {self.old!r} once"
            raise LackingError(message)
        path.unlink()
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        path.chmod(mode)


_FIELDS = ("PyLong_FromLong(4)", "PyLong_FromLong(2)", "PyLong_FromLong(1)")
_VERSION = "".join(
    f"    PyStructSequence_SetItem(own, {place}, {value});\n"
    for place, value in enumerate([*_FIELDS, 'PyUnicode_FromString("final")', "PyLong_FromLong(0)"])
)

RENAMED = (
    Edit(file="configure", old="\nSOABI='cpython-'", new="\nSOABI='alder-'"),
    Edit(file="Python/sysmodule.c", old='#define NAME "cpython"', new='#define NAME "alder"'),
    Edit(
        file="Python/sysmodule.c",
        old='    res = PyDict_SetItemString(impl_info, "version", version_info);\n',
        new=(
            "    PyObject *own = PyStructSequence_New(&VersionInfoType);\n"
            f"    if (own == NULL)\n        goto error;\n{_VERSION}"
            '    res = PyDict_SetItemString(impl_info, "version", own);\n    Py_DECREF(own);\n'
        ),
    ),
)
"""A fork with a name, SOABI, cache tag and version (4.2.1) of its own, laid out as CPython."""

ENLARGED = (
    Edit(
        file="Include/cpython/listobject.h",
        old="    PyObject_VAR_HEAD\n    /* Vector of pointers",
        new="    PyObject_VAR_HEAD\n    void *extra;\n    /* Vector of pointers",
    ),
)
"""A fork that claims to be CPython and has a field more in its lists."""
