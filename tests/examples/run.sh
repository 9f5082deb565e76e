#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/examples/run.sh TREE: the programs of a built tree, run as a user runs them.
set -u
tree=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$tree/../examples-run
rm -rf "$work"
mkdir -p "$work" || exit 1
failed=0

# check NAME COMMAND...: one line; the output only when it fails.
check() {
    name=$1
    shift
    if "$@" >"$work/$name.log" 2>&1 </dev/null; then
        echo "ok $name: $(tail -n 1 "$work/$name.log")"
    else
        tail -n 30 "$work/$name.log"
        echo "not ok $name: see $work/$name.log"
        failed=1
    fi
}

program=$tree/examples/ali-aws/ali-aws
if [ -x "$program" ]; then
    check ali-aws-sim "$program" --net sim --report "$work/sim.json"
    check ali-aws-sim-bgp "$program" --net sim --routing bgp --report "$work/sim-bgp.json"
    if [ "$(id -u)" = 0 ]; then
        check ali-aws-netns "$program" --net netns --report "$work/netns.json" --artifacts "$work/netns"
        check ali-aws-netns-bgp "$program" --net netns --routing bgp --report "$work/netns-bgp.json" \
            --artifacts "$work/netns-bgp"
    else
        echo "skip ali-aws-netns: namespaces need root"
    fi
elif [ -d "$top/examples/ali-aws" ]; then
    echo "not ok ali-aws: was not built"
    failed=1
else
    echo "skip ali-aws: examples/ali-aws does not exist yet"
fi
for script in "$top"/examples/*/test.sh "$top"/examples/*/*-test.sh "$top"/bindings/*/test.sh; do
    [ -f "$script" ] || continue
    folder=$(basename "$(dirname "$script")")
    part=$(basename "$script" test.sh)
    check "$folder${part:+-${part%-}}" sh "$script" "$tree"
done
exit $failed
