#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/fuzz/run.sh TREE: replays the corpora through the libFuzzer targets of a clang build and fuzzes each for a bounded
# time. What is found stays in TREE/fuzz; inputs worth keeping go into tests/fuzz/corpus by hand (see `-merge=1`).
set -u
tree=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$tree/fuzz"
found=$(ls "$top"/tests/fuzz/fuzz_*.c 2>/dev/null)
if [ -z "$found" ]; then
    echo "skip all: there is no fuzz target in tests/fuzz"
    exit 0
fi
count=$(echo "$found" | wc -l)
case ${S2S_TEST_LEVEL:-default} in
all) seconds=${S2S_FUZZ_SECONDS:-120} ;;
*) seconds=${S2S_FUZZ_SECONDS:-$((240 / count))} ;;
esac
[ "$seconds" -ge 3 ] || seconds=3

# One target: exit status and a line.
fuzz_one() {
    name=$1
    program=$tree/tests/$name
    corpus=$top/tests/fuzz/corpus/${name#fuzz_}
    work=$tree/fuzz/$name
    mkdir -p "$work"
    if [ ! -x "$program" ]; then
        echo "not ok $name: was not built"
        return 1
    fi
    seeds=
    [ -d "$corpus" ] && seeds=$corpus
    if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$work/" "$work" $seeds >"$work.log" 2>&1 </dev/null; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log")
        edges=$(sed -n 's/.*cov: \([0-9]*\) .*/\1/p' "$work.log" | tail -n 1)
        echo "ok fuzz/$name ($seconds s, $runs runs, $edges edges$([ -n "$seeds" ] || echo ', no seed corpus'))"
    else
        tail -n 40 "$work.log"
        echo "not ok fuzz/$name: $(grep -m1 -E 'ERROR|runtime error|SUMMARY' "$work.log"); input kept in $work"
        return 1
    fi
}

# Two at a time.
status=0
set -- $(echo "$found" | sed 's|.*/||; s|\.c$||')
while [ $# -gt 0 ]; do
    fuzz_one "$1" >"$tree/fuzz/first" &
    first=$!
    shift
    if [ $# -gt 0 ]; then
        fuzz_one "$1" >"$tree/fuzz/second" || status=1
        cat "$tree/fuzz/second"
        shift
    fi
    wait $first || status=1
    cat "$tree/fuzz/first"
done
exit $status
