#!/bin/sh
# multirt where its native launcher could not be built: a bare Python looks for a plan (docs/plan-file.md).
case $0 in */*) here=$0 ;; *) here=$(command -v -- "$0") ;; esac
[ ! -h "$here" ] || here=$(readlink -f -- "$here")
bin=${here%/*}
for site in "$bin"/../lib/python3*/site-packages; do
  if [ -x "$bin/python" ] && [ -f "$site/multirt/plans/reader.py" ]; then
    # `-I -S`, for it takes a third of a start to find packages that are not needed.
    exec "$bin/python" -I -S -c 'import _signal, posix, sys
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # an interrupt ends this without a word
command = sys.argv.pop(1)
sys.path.append(sys.argv.pop(1))
from multirt.launch.plan_reader import start_planned
start_planned(sys.argv[1:])
hidden = {(b"MULTIRT_HIDDEN_" if name.startswith((b"PYTHON", b"__PYVENV_")) else b"") + name: value
          for name, value in posix.environ.items()}  # multirt/launch/isolation.py puts them back
if not _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGINT]):
    hidden[b"MULTIRT_HELD"] = b"1"  # and keeps an interrupt waiting until Python has started
posix.execve(command, [command, *sys.argv[1:]], hidden)' "$bin/multirt-python" "$site" "$@"
  fi
done
[ ! -x "$bin/python" ] || exec "$bin/python" -m multirt "$@" # an editable install
exec "$bin/multirt-python" "$@"
