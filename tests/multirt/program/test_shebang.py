"""What the first lines of scripts start."""

from __future__ import annotations

import pytest

from multirt.program import read_shebang

_EXEC = "#!/bin/sh\n'''exec' {} \"$0\" \"$@\"\n' '''\n"


@pytest.mark.parametrize(
    ("text", "interpreter", "options"),
    [
        pytest.param("x = 1\n", None, (), id="none"),
        pytest.param("#!\n", None, (), id="empty"),
        pytest.param("#!/usr/bin/python3 -I\n", "python3", ("-I",), id="option"),
        pytest.param("#!/usr/bin/env python3.12\n", "python3.12", (), id="env"),
        pytest.param("#!/usr/bin/env -S python3 -X dev\n", "python3", ("-X", "dev"), id="-S"),
        pytest.param("#!/usr/bin/env -Spython3 -u\n", "python3", ("-u",), id="joined -S"),
        pytest.param("#!/usr/bin/env -iS A=b python3 -u\n", "python3", ("-u",), id="cluster"),
        pytest.param("#!/usr/bin/env -u PYTHONPATH python3\n", "python3", (), id="-u of env"),
        pytest.param(
            "#!/usr/bin/env -S python3 -W 'ignore::UserWarning'\n",
            "python3",
            ("-W", "ignore::UserWarning"),
            id="quotes",
        ),
        pytest.param(
            "#!/usr/libexec/platform-python3.6 -s\n", "platform-python3.6", ("-s",), id="RHEL"
        ),
        pytest.param("#!/usr/bin/python3-dbg\n", "python3-dbg", (), id="debug build"),
        pytest.param("#!/usr/bin/pypy3-c -O\n", "pypy3-c", ("-O",), id="PyPy"),
        pytest.param("#!/home/my env/bin/python -I\n", "python", ("-I",), id="blanks"),
        pytest.param("#!/home/python x/bin/python3\n", "python3", (), id="blanks after a name"),
        pytest.param('#!"C:\\Program Files\\python.exe" -u\n', "python", ("-u",), id="Windows"),
        pytest.param("#!/bin/sh\necho\n", "sh", (), id="shell"),
        pytest.param("#!/usr/bin/perl -w\n", "perl", (), id="another language"),
        pytest.param(_EXEC.format('"/a b/bin/python"'), "python", (), id="pip"),
        pytest.param(_EXEC.format("'/a b/bin/python3' -I"), "python3", ("-I",), id="uv"),
        pytest.param(
            _EXEC.format('"$(dirname -- "$(realpath -- "$0")")"/\'python\''),
            "python",
            (),
            id="uv, relocatable",
        ),
        pytest.param('#!/bin/sh\n"exec" "python3" "$0" "$@"\n', "python3", (), id="quoted exec"),
        pytest.param(
            '#!/bin/sh\n"exec" "`which python3`" "-u" "$0" "$@"\n', "python3", ("-u",), id="which"
        ),
        pytest.param(
            "#!/bin/bash\n''':'\nexec /usr/bin/env python2 -E -- \"$0\" \"$@\"\n'''\n",
            "python2",
            ("-E",),
            id="exec on a third line",
        ),
        pytest.param("#!/bin/sh\n'''exec' node \"$0\"\n' '''\n", "sh", (), id="of another program"),
        pytest.param(
            "#!/usr/bin/env -S multirt run --python 3 --python-args='-I -u'\n",
            "multirt",
            ("-I", "-u"),
            id="multirt",
        ),
    ],
)
def test_a_first_line_gives_its_interpreter_and_options(
    text: str, interpreter: str | None, options: tuple[str, ...]
) -> None:
    line = read_shebang(text.encode())
    assert (line.interpreter, line.options) == (interpreter, options)
