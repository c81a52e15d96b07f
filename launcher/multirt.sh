#!/bin/sh
# multirt without its native launcher: a bare Python looks for a plan (docs/reference/plan-file.md).
case $0 in */*) here=$0 ;; *) here=$(command -v -- "$0") ;; esac
[ ! -h "$here" ] || here=$(readlink -f -- "$here")
bin=${here%/*}
for site in "$bin"/../lib/python3*/site-packages; do
  start=$site/multirt/launch/fast_start.py
  if [ -x "$bin/python" ] && [ -f "$start" ]; then
    # `-I -S`, for it takes a third of a start to find packages that are not needed.
    exec "$bin/python" -I -S "$start" "$bin/multirt-python" "$@"
  fi
done
[ ! -x "$bin/python" ] || exec "$bin/python" -m multirt "$@" # an editable install
exec "$bin/multirt-python" "$@"
