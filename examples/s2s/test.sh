#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test.sh TREE: "s2s bgp" against running daemons: two gateways, each in a network namespace without a name (unshare), with
# a cable between them, so that nothing of this host is touched. The last line is "N passed, N failed, N skipped".
set -u
gateway=$1/examples/s2s-gateway/s2s-gateway
s2s=$1/examples/s2s/s2s
work=$(mktemp -d /tmp/s2s-bgp-test.XXXXXX) || exit 1
passed=0
failed=0
left=
right=

finish() {
    for one in $left $right; do
        kill -KILL "$one" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# expect NAME STATUS TEXT COMMAND...: exit status and a text of the output.
expect() {
    name=$1
    wanted=$2
    text=$3
    shift 3
    "$@" >"$work/out" 2>&1 </dev/null
    status=$?
    if [ "$status" = "$wanted" ] && { [ -z "$text" ] || grep -q -e "$text" "$work/out"; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $name: exit status $status (wanted $wanted), wanted '$text' in:"
        head -n 20 "$work/out"
    fi
}

# eventually TEXT COMMAND...: until the output has the text.
eventually() {
    text=$1
    shift
    tries=0
    while [ $tries -lt 150 ]; do
        "$@" >"$work/out" 2>&1 </dev/null
        grep -q -e "$text" "$work/out" && return 0
        sleep 0.1
        tries=$((tries + 1))
    done
    return 1
}

# end NAME NUMBER OTHER NETWORK...: one gateway's file, and its daemon.
config() {
    name=$1
    number=$2
    other=$3
    shift 3
    networks=$(printf '"%s", ' "$@")
    cat >"$work/$name.json" <<END
{
  "gateway": { "name": "$name", "profile": "generic", "addresses": ["10.99.0.$number"], "asn": 6500$number,
               "vpc": { "cidr": [${networks%, }] } },
  "customer_gateways": [ { "name": "far", "ip_address": "10.99.0.$other", "asn": 6500$other } ],
  "connections": [ {
    "name": "to-far", "customer_gateway": "far", "route_mode": "destination", "enable_bgp": true,
    "tunnels": [
      { "psk": "one-good-key-for-both", "startup_action": "start",
        "bgp": { "tunnel_cidr": "169.254.9.0/30", "local_ip": "169.254.9.$number", "peer_ip": "169.254.9.$other",
                 "graceful_restart": true, "export": "permit",
                 "import": [ { "action": "deny", "prefix": "10.2.66.0/24" }, { "prefix": "10.0.0.0/8", "le": 24 } ] } }
    ] } ]
}
END
    chmod 600 "$work/$name.json"
}

if ! unshare -n true 2>/dev/null || [ "$(id -u)" != 0 ]; then
    echo "skip s2s bgp: no network namespace can be made (needs root)"
    echo "$passed passed, $failed failed, 1 skipped"
    exit 0
fi

# start NAME: sets daemon. It waits for its cable.
start() {
    unshare -n sh -c 'tries=0; while ! ip link set wire up 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); [ $tries = 50 ] && exit 1; done
        ip link set lo up; ip address add "$1" dev wire; shift; exec "$@"' sh "$2/24" \
        "$gateway" --config "$work/$1.json" --control "$work/$1.ctl" --log-level info >"$work/$1.log" 2>&1 </dev/null &
    daemon=$!
    tries=0 # until it is in its own namespace
    while [ "$(readlink /proc/$daemon/ns/net)" = "$(readlink /proc/self/ns/net)" ] && [ $tries -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
}

config left 1 2 10.1.0.0/16 10.1.66.0/24
config right 2 1 10.2.0.0/16 10.2.66.0/24 172.16.0.0/12
start left 10.99.0.1
left=$daemon
start right 10.99.0.2
right=$daemon
# the cable is made inside the first namespace: this host never sees it
nsenter -t "$left" -n ip link add wire type veth peer name wire netns "$right"
export S2S_CONTROL="$work/left.ctl"
eventually Established "$s2s" bgp neighbors || tail -n 5 "$work/left.log" "$work/right.log"
eventually '10.2.0.0/16' "$s2s" bgp routes

expect "neighbors" 0 "to-far/1 *169.254.9.2 *65002 *Established" "$s2s" bgp neighbors
expect "one neighbor" 0 "169.254.9.1 AS 65001  ->  169.254.9.2 AS 65002, router id 10.99.0.2" "$s2s" bgp neighbors to-far/1
expect "by its connection" 0 "3 received, 1 accepted, 2 advertised" "$s2s" bgp neighbors to-far
expect "by its address" 0 "hold time .* graceful restart, route refresh, four-octet AS" "$s2s" bgp neighbors 169.254.9.2
expect "for programs" 0 '"routes_accepted":1' "$s2s" --json bgp neighbors
expect "no such neighbor" 1 "no such BGP neighbor" "$s2s" bgp neighbors to-nowhere
expect "best routes" 0 "^\* 10.2.0.0/16 *169.254.9.2 .*\[65002\] *the only path" "$s2s" bgp routes
expect "received routes" 0 "^- 10.2.66.0/24 .*denied by rule 1 of the import policy (bgp.import)" "$s2s" bgp routes to-far/1 received
expect "no rule permits it" 0 "^- 172.16.0.0/12 .*no rule of the import policy (bgp.import) permits it" "$s2s" bgp routes to-far/1
expect "advertised routes" 0 "^\* 10.1.66.0/24 *169.254.9.1" "$s2s" bgp routes to-far/1 advertised
expect "inside a prefix" 0 "^1 routes" "$s2s" bgp routes to-far/1 received 172.16.0.0/12
expect "routes for programs" 0 '"neighbor":"to-far/1","routes":\[{"prefix":"10.2' "$s2s" --json bgp routes to-far/1
expect "why" 0 "^\* to-far/1 (169.254.9.2): best: the only path; local-pref 200, path \[65002\], MED" "$s2s" bgp why 10.2.0.0/16
expect "why of an address" 0 "^10.2.0.0/16" "$s2s" bgp why 10.2.3.4
expect "why is it not told" 0 "to to-far/1: not announced: the best path is the peer's own" "$s2s" bgp why 10.2.0.0/16
expect "why of our own" 0 "^\* originated here: best: the only path" "$s2s" bgp why 10.1.0.0/16
expect "whom it is told" 0 "to to-far/1: announced" "$s2s" bgp why 10.1.0.0/16
expect "why for programs" 0 '"candidates":\[{"neighbor":"to-far/1","prefix":"10.2.0.0/16"' "$s2s" --json bgp why 10.2.0.0/16
expect "why of nothing" 1 "BGP knows no route to it" "$s2s" bgp why 192.0.2.0/24
expect "why of nonsense" 1 "prefix is a prefix" "$s2s" bgp why here
expect "bgp alone" 64 "neighbors|routes|why|refresh|reset" "$s2s" bgp
expect "refresh both ways" 0 "Established" "$s2s" bgp refresh to-far/1
expect "refresh in" 0 "Established" "$s2s" bgp refresh to-far in
expect "refresh out" 0 "Established" "$s2s" bgp refresh 169.254.9.2 out
expect "refresh sideways" 1 "direction is in or out" "$s2s" bgp refresh to-far/1 both
expect "it was no reset" 0 "flaps 0" "$s2s" bgp neighbors to-far/1
expect "events say why" 124 "announced 10.1.0.0/16: again, because it was asked for" timeout 1 "$s2s" events --since 0
expect "refusals say why" 124 "refused 10.2.66.0/24: denied by rule 1 of the import policy (bgp.import)" timeout 1 "$s2s" events --since 0
expect "reset" 0 "to-far/1" "$s2s" bgp reset to-far/1
eventually Established "$s2s" bgp neighbors
expect "it was a reset" 0 "flaps 1" "$s2s" bgp neighbors to-far/1
expect "and the far end was told" 0 "last NOTIFICATION: received, code 6 subcode 4" "$s2s" --control "$work/right.ctl" bgp neighbors to-far/1

kill -TERM "$right"
wait "$right"
right=
eventually "not connected\|Idle\|Active\|Connect" "$s2s" bgp neighbors
expect "reset of a session that is down" 1 "not established" "$s2s" bgp reset to-far/1
expect "refresh of a session that is down" 1 "not established" "$s2s" bgp refresh to-far/1
expect "what was learned fell" 0 "^0 routes" "$s2s" bgp routes to-far/1
expect "refused words" 64 "too many words" "$s2s" bgp why 10.2.0.0/16 10.3.0.0/16

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
