/* Count bytes, with nothing but the limited API of CPython 3.7. */

#include <Python.h>

typedef struct {
    PyObject_HEAD
    Py_ssize_t count;
} Counter;

static PyObject *
counter_add(PyObject *self, PyObject *argument)
{
    Py_ssize_t more = PyNumber_AsSsize_t(argument, PyExc_OverflowError);
    if (more == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (more < 0) {
        PyErr_SetString(PyExc_ValueError, "a count only grows");
        return NULL;
    }
    ((Counter *)self)->count += more;
    return PyLong_FromSsize_t(((Counter *)self)->count);
}

static PyMethodDef counter_methods[] = {
    {"add", counter_add, METH_O, "Add to the count and return it."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_doc, "A count that only grows."},
    {Py_tp_methods, counter_methods},
    {0, NULL},
};

static PyType_Spec counter_spec = {
    .name = "limited._counting.Counter",
    .basicsize = sizeof(Counter),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = counter_slots,
};

static PyObject *
tally(PyObject *module, PyObject *argument)
{
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(argument, &bytes, &length) < 0) {
        return NULL;
    }
    PyObject *counts = PyDict_New();
    for (Py_ssize_t place = 0; counts != NULL && place < length; place++) {
        PyObject *key = PyLong_FromLong((unsigned char)bytes[place]);
        PyObject *known = key == NULL ? NULL : PyDict_GetItemWithError(counts, key);
        PyObject *count = PyErr_Occurred()
            ? NULL
            : PyLong_FromLong(known == NULL ? 1 : PyLong_AsLong(known) + 1);
        if (count == NULL || PyDict_SetItem(counts, key, count) < 0) {
            Py_CLEAR(counts);
        }
        Py_XDECREF(count);
        Py_XDECREF(key);
    }
    return counts;
}

static PyMethodDef module_methods[] = {
    {"tally", tally, METH_O, "Return how often each byte occurs."},
    {NULL, NULL, 0, NULL},
};

static int
execute(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&counter_spec);
    if (type == NULL || PyModule_AddObject(module, "Counter", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, execute},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "limited._counting",
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit__counting(void)
{
    return PyModuleDef_Init(&definition);
}
