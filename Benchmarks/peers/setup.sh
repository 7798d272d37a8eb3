#!/bin/sh
# Makes the Python environment for the peer scripts.
# Usage: setup.sh [DIR]       default DIR: .venv beside this script; PYTHON chooses the interpreter
# Where it cannot be made for want of a network or of Python, prints SKIP and exits 0.
set -u
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
dir=${1:-$here/.venv}
python=${PYTHON:-python3}
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

if ! "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "SKIP: peers need Python 3.11 or later with the venv module ($python has not)"
    exit 0
fi
if [ -f "$dir/.requirements" ] && cmp -s "$dir/.requirements" "$here/requirements.txt"; then
    echo "ready: $dir"
    exit 0
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
if ! "$python" -m venv "$dir" >"$log" 2>&1; then
    cat "$log"
    echo "SKIP: $python cannot make a virtual environment (is the venv package installed?)"
    exit 0
fi
start=$(date +%s)
if ! "$dir/bin/python" -m pip install --disable-pip-version-check --retries 2 -r "$here/requirements.txt" >"$log" 2>&1; then
    if grep -Eqi 'name resolution|NewConnectionError|Failed to establish|Connection (refused|reset|aborted)|ConnectTimeout|Read timed out|unreachable|ProxyError|SSLError|Could not fetch URL' "$log"; then
        echo "SKIP: no network, or the package index cannot be reached: peers not installed"
        exit 0
    fi
    tail -n 20 "$log"
    echo "setup.sh: pip failed" >&2
    exit 1
fi
cp "$here/requirements.txt" "$dir/.requirements"
echo "installed in $(( $(date +%s) - start )) s, $(du -sm "$dir" | cut -f1) MB: $dir"
"$dir/bin/python" "$here/_common.py"
