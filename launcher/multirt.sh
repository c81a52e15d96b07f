#!/bin/sh
# multirt where its native launcher could not be built: a bare Python looks for a plan (docs/plan-file.md).
case $0 in */*) here=$0 ;; *) here=$(command -v -- "$0") ;; esac
[ ! -h "$here" ] || here=$(readlink -f -- "$here")
bin=${here%/*}
for site in "$bin"/../lib/python3*/site-packages; do
  if [ -x "$bin/python" ] && [ -f "$site/multirt/plans/reader.py" ]; then
    # `-I -S`, for it takes a third of a start to find packages that are not needed.
    exec "$bin/python" -I -S -c 'import posix, sys
command = sys.argv.pop(1)
sys.path.append(sys.argv.pop(1))
from multirt.plans.reader import start_planned
start_planned(sys.argv[1:])
hidden = {(b"MULTIRT_HIDDEN_" if name.startswith((b"PYTHON", b"__PYVENV_")) else b"") + name: value
          for name, value in posix.environ.items()}  # multirt/isolation.py puts them back
posix.execve(command, [command, *sys.argv[1:]], hidden)' "$bin/multirt-python" "$site" "$@"
  fi
done
[ ! -x "$bin/python" ] || exec "$bin/python" -m multirt "$@" # an editable install
exec "$bin/multirt-python" "$@"
