#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/netns/run.sh BUILD [CASE...]: kernel tun in network namespaces of this run's own. BUILD is a build folder; the probe is
# tests/tun_probe in it. Needs root, ip, ss, ping, python3. The last line is "N passed, N failed, N skipped".
here=$(cd "$(dirname "$0")" && pwd)
build=${1:?tests/netns/run.sh BUILD [CASE...]}
shift
probe=$(cd "$build" && pwd)/tests/tun_probe
if [ ! -x "$probe" ]; then
    echo "not ok netns: $probe was not built (needs libevent and libmnl)"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
exec python3 "$here/run.py" "$probe" "$@"
