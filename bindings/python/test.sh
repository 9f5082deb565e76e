#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bindings/python/test.sh TREE: builds the module against a built tree and runs the scenario: the planned failover loses
# nothing, and its events reach Python.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$1" && pwd)
work=$tree/python
python=/usr/bin/python3
mkdir -p "$work" || exit 1
"$python" -c 'import cffi' 2>/dev/null || {
    echo "python3-cffi is missing"
    exit 1
}
# A library with sanitizers wants their runtime to be loaded first.
runtime=$(ldd "$tree/libs2svpn.so" | sed -n 's/.*=> \(.*\(libasan\|libclang_rt.asan\)[^ ]*\).*/\1/p')
cd "$here" && "$python" build_s2svpn.py --lib "$tree" --out "$work" >"$work/build.log" 2>&1 || {
    cat "$work/build.log"
    exit 1
}
LD_PRELOAD=$runtime ASAN_OPTIONS=detect_leaks=0 PYTHONPATH="$work:$here" PYTHONDONTWRITEBYTECODE=1 \
    "$python" scenario.py >"$work/scenario.log" || {
    cat "$work/scenario.log"
    exit 1
}
LD_PRELOAD=$runtime ASAN_OPTIONS=detect_leaks=0 PYTHONPATH="$work:$here" PYTHONDONTWRITEBYTECODE=1 \
    "$python" test_reach.py || exit 1
cat "$work/scenario.log"
grep -q 'path_switched .* (psk_change)' "$work/scenario.log" && grep -q 'authentication_failed' "$work/scenario.log" &&
    tail -n 1 "$work/scenario.log" | grep -qx 'sent 500 received 500, active tunnel 2'
