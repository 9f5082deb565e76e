#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/bench/size.sh TREE: text size of each library as built in TREE (-Os), by module for the core.
set -u
tree=$1
for library in s2svpn s2svpn-event s2svpn-config; do
    [ -f "$tree/lib$library.so" ] || continue
    size "$tree/lib$library.so" | awk -v name="$library" 'NR == 2 { printf "text %-14s %7d bytes (data %d, bss %d)\n", name, $1, $2, $3 }'
done
[ -f "$tree/libs2svpn.a" ] || exit 1
size -t "$tree/libs2svpn.a" >/dev/null || exit 1
for object in $(find "$tree" -path '*s2s_s2svpn_objects*' -name '*.o'); do
    module=$(echo "$object" | sed 's,.*objects.dir/lib/,,; s,/[^/]*$,,')
    size "$object" | awk -v module="$module" 'NR == 2 { print module, $1 }'
done | awk '{ sum[$1] += $2 } END { for (m in sum) printf "text   %-12s %7d bytes\n", m, sum[m] }' | sort
