#!/bin/sh
# Make the virtual environment and install bluecarbon with everything that demo and tests need.
# Usage: scripts/install.sh VENV        (PYTHON=python3.13 chooses an interpreter)
set -eu

venv=$1
here=$(cd "$(dirname "$0")/.." && pwd)

newest_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "bluecarbon needs Python 3.11 or newer; none was found (set PYTHON=...)" >&2
    exit 1
}

python=$(newest_python)
uv=$(command -v uv || true)

if [ ! -x "$venv/bin/python" ]; then
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --python "$python" "$venv"
    else
        "$python" -m venv "$venv"
    fi
fi
if [ -z "$uv" ]; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv
    uv="$venv/bin/uv"
fi

# Uncompiled packages cost every new process seconds, hence --compile-bytecode.
"$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" \
    --constraint "$here/constraints.txt" --editable "$here[registry,ml,rasters,cluster,excel,documents,dev]"
echo "installed into $venv with $("$venv/bin/python" --version)"
