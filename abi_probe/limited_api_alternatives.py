"""What the limited API has in place of names outside of it.

Sources: CPython's documentation of each function and of its removal ("What's New" of 3.9 to
3.15), and the headers that define the macros behind the private names.
"""

from __future__ import annotations

from typing import Final

REPLACEMENTS: Final = {
    "PyCode_NewEmpty": "compile() called from C",
    "PyFrame_GetBack": "the frame's attribute f_back",
    "PyFrame_New": "nothing; tracebacks are made by raising",
    "PyList_Extend": "the method `extend`",
    "PyObject_CallOneArg": "PyObject_CallFunctionObjArgs(function, argument, NULL)",
    "PyObject_Print": "PyObject_Str and the file's method `write`",
    "PyObject_VectorcallDict": "PyObject_Call, or PyObject_Vectorcall (stable since 3.12)",
    "PyRun_SimpleStringFlags": "Py_CompileString and PyEval_EvalCode",
    "PyRun_StringFlags": "Py_CompileString and PyEval_EvalCode",
    "PyTraceMalloc_Track": "nothing",
    "PyType_GetDict": "the attribute `__dict__`",
    "PyUnicode_AsUTF8": "PyUnicode_AsUTF8AndSize (3.10)",
    "PyUnicode_AsUnicode": "PyUnicode_AsWideCharString; removed in 3.12",
    "PyUnicode_CopyCharacters": "PyUnicode_Concat, or PyUnicode_Join",
    "PyUnicode_FromKindAndData": "PyUnicode_DecodeUTF32, or PyUnicode_FromStringAndSize",
    "PyUnicode_FromUnicode": "PyUnicode_FromWideChar; removed in 3.12",
    "PyUnicode_New": "PyUnicode_FromStringAndSize, or PyUnicode_Join",
    "Py_CompileStringExFlags": "Py_CompileString",
    "_PyBytes_Resize": "PyBytes_FromStringAndSize",
    "_PyDict_GetItem_KnownHash": "PyDict_GetItemWithError",
    "_PyDict_NewPresized": "PyDict_New",
    "_PyDict_Pop": "the method `pop`",
    "_PyDict_SetItem_KnownHash": "PyDict_SetItem",
    "_PyErr_ChainExceptions": "PyException_SetContext",
    "_PyErr_FormatFromCause": "PyErr_Format and PyException_SetCause",
    "_PyGen_SetStopIterationValue": "PyErr_SetObject(PyExc_StopIteration, value)",
    "_PyList_Extend": "the method `extend`",
    "_PyLong_AsByteArray": "PyLong_AsNativeBytes (3.14)",
    "_PyLong_FromByteArray": "PyLong_FromNativeBytes (3.14)",
    "_PyLong_NumBits": "the method `bit_length`",
    "_PyLong_Sign": "PyObject_RichCompareBool with 0",
    "_PyObject_CallMethodId": "PyObject_CallMethod",
    "_PyObject_GetAttrId": "PyObject_GetAttrString",
    "_PyObject_GetDictPtr": "PyObject_GenericGetDict (3.10)",
    "_PyObject_GetMethod": "PyObject_GetAttr",
    "_PyObject_LookupAttr": "PyObject_GetOptionalAttr (3.13)",
    "_PyObject_NextNotImplemented": "a slot left out of the type's specification",
    "_PyThreadState_UncheckedGet": "PyThreadState_Get",
    "_PyType_Lookup": "PyObject_GetAttr of the type",
    "_PyUnicode_FastCopyCharacters": "PyUnicode_Concat, or PyUnicode_Join",
    "_PyUnicode_FromASCII": "PyUnicode_DecodeASCII",
    "_PyUnicode_Ready": "nothing: strings are always ready since 3.12",
    "_Py_CheckRecursionLimit": "Py_EnterRecursiveCall (3.9)",
    "_Py_HashDouble": "PyObject_Hash of a float",
    "_Py_HashPointer": "PyObject_Hash",
    "_Py_NewReference": "PyObject_Init",
    "_Py_tracemalloc_config": "nothing",
}
"""By the name that is needed: a name of the limited API, or words."""
