#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test.sh TREE: s2s-gateway and s2s as a user runs them. The daemon runs in a network namespace of its own (unshare), so that
# it touches nothing of this host; where none can be made those cases are skipped. The last line is
# "N passed, N failed, N skipped".
set -u
gateway=$1/examples/s2s-gateway/s2s-gateway
s2s=$1/examples/s2s/s2s
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/s2s-gateway-test.XXXXXX) || exit 1
passed=0
failed=0
skipped=0
daemon=

finish() {
    [ -n "$daemon" ] && kill -KILL "$daemon" 2>/dev/null
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

# file NAME MODE: a configuration from standard input.
file() {
    cat >"$work/$1"
    chmod "$2" "$work/$1"
}

config() {
    sed "s/PSK/$1/; s/LIFETIME/$2/; s/KERNEL/$3/" "$here/test.json"
}

config a-good-key 28800 tun | file good.json 0600
config a-good-key 28800 tun | file open.json 0644
config a-good-key 28800 xfrm | file xfrm.json 0600
config 'a bad key' 90000 tun | file bad.json 0600
config a-good-key 3600 tun | file changed.json 0600
echo '{"gateway": {' | file broken.json 0600
printf '{"gateway": {"name": "a", "when_down": "\\u001b[2J"}}' | file escape.json 0600

# ---- --check reads the file alone ----
expect "check: good" 0 ": 0 errors" "$gateway" --config "$work/good.json" --check
expect "check: every error" 2 ": 2 errors" "$gateway" --config "$work/bad.json" --check
expect "check: path and rule" 2 "connections\[0\].tunnels\[0\].ike.lifetime: 90000: must be 0 to 86400" "$gateway" --config "$work/bad.json" --check
expect "check: no secret" 1 "" sh -c '"$0" --config "$1" --check | grep "a bad key"' "$gateway" "$work/bad.json"
expect "check: file that others can read" 2 "0644: .*0600 or 0400" "$gateway" --config "$work/open.json" --check
expect "check: xfrm" 2 "xfrm: not built" "$gateway" --config "$work/xfrm.json" --check
expect "check: no JSON" 2 "line 2, column 1: is not JSON" "$gateway" --config "$work/broken.json" --check
expect "check: no control character" 1 "" sh -c '"$0" --config "$1" --check | tr -d "\n" | grep "[[:cntrl:]]"' "$gateway" "$work/escape.json"
expect "check: no file" 2 "No such file" "$gateway" --config "$work/none.json" --check
expect "check: as JSON" 2 '"path":"connections\[0\].tunnels\[0\].psk"' "$gateway" --config "$work/bad.json" --check --log json
expect "check: every value" 0 "rekey.margin  *360 s  *computed: a tenth of the shorter lifetime" "$gateway" --config "$work/good.json" --check
expect "check: every value as JSON" 0 '"path":"connections\[0\].tunnels\[0\].dpd.timeout","value":30,"unit":"s","origin":"default","from":"alibaba"' "$gateway" --config "$work/good.json" --check --json
expect "check: one JSON object" 0 "^11$" sh -c '"$0" --config "$1" --check --json | python3 -c "import json, sys; print(len(json.load(sys.stdin)[\"warnings\"]))"' "$gateway" "$work/good.json"
expect "check: warnings have codes" 0 "\[short_psk\]$" "$gateway" --config "$work/good.json" --check
expect "check: extension" 0 "warning: connections\[0\].tunnels\[0\].probe.enable: true: extension" "$gateway" --config "$work/good.json" --check
expect "usage" 64 "usage:" "$gateway"
expect "help" 0 "usage:" "$gateway" --help
expect "version" 0 "s2s-gateway [0-9]" "$gateway" --version
expect "start with a bad file" 2 "ike.lifetime" "$gateway" --config "$work/bad.json"
expect "s2s without a gateway" 2 "No such file" "$s2s" --control "$work/ctl" status
expect "bgp without a gateway" 2 "No such file" "$s2s" --control "$work/ctl" bgp neighbors

# ---- the daemon ----
if ! unshare -n true 2>/dev/null || [ "$(id -u)" != 0 ]; then
    echo "skip s2s-gateway's control socket: no network namespace can be made (needs root)"
    echo "$passed passed, $failed failed, 1 skipped"
    [ "$failed" = 0 ]
    exit
fi

cp -p "$work/good.json" "$work/live.json"
unshare -n sh -c 'ip link set lo up; exec "$@"' sh "$gateway" --config "$work/live.json" --control "$work/ctl" --log json \
    --log-level info >"$work/log" 2>&1 </dev/null &
daemon=$!
tries=0
while [ ! -S "$work/ctl" ] && [ $tries -lt 100 ] && kill -0 "$daemon" 2>/dev/null; do
    sleep 0.1
    tries=$((tries + 1))
done
export S2S_CONTROL="$work/ctl"
expect "socket mode" 0 "^600$" stat -c %a "$work/ctl"
expect "a second daemon" 1 "Address already in use" unshare -n "$gateway" --config "$work/live.json" --control "$work/ctl"
expect "status" 0 "connection vco: ike_sa_not_established" "$s2s" status
expect "status as JSON" 0 '"role":"master"' "$s2s" --json status
expect "status has no secret" 1 "" sh -c '"$0" --json status | grep a-good-key' "$s2s"
expect "metrics" 0 's2s_tunnel_up{gateway="vpn",connection="vco",tunnel="2"} 0' "$s2s" metrics
expect "AWS's TunnelState" 0 's2s_tunnel_state{gateway="vpn",connection="vco",tunnel="1"} 0' "$s2s" metrics
# The format as Prometheus itself reads it.
. "$here/../../tests/tools/packages.sh"
if command -v promtool >/dev/null || packages_ensure promtool prometheus; then
    "$s2s" metrics >"$work/metrics"
    expect "promtool" 0 "" sh -c 'promtool check metrics <"$1"' sh "$work/metrics"
else
    echo "SKIPPED: promtool is not installed (package prometheus): the metrics were not checked by it"
    skipped=$((skipped + 1))
fi
expect "set" 0 "1 (master)" "$s2s" set vco 1 '{"ike": {"lifetime": 7200}}'
expect "set holds" 0 '"lifetime":7200' "$s2s" --json status
expect "set another" 0 "1 (master)" "$s2s" set vco 1 '{"ipsec": {"lifetime": 1234}}'
expect "set refused" 1 "connections\[0\].tunnels\[0\].psk: holds a character" "$s2s" set vco 1 '{"psk": "a bad key"}'
expect "set refused as JSON" 1 '"rule":"is not a key here; did you mean lifetime?"' "$s2s" --json set vco 1 '{"ike": {"lifetimes": 1}}'
expect "set of no tunnel" 1 "no such connection or tunnel" "$s2s" set vco 3 '{}'
expect "disable" 0 "disabled" "$s2s" disable vco 2
expect "restart of a disabled tunnel" 1 "the tunnel is disabled" "$s2s" restart vco 2
expect "enable" 0 "2 (slave)" "$s2s" enable vco 2
expect "explain" 0 "no live tunnel" "$s2s" explain 10.0.0.1 192.168.0.1
expect "explain nonsense" 1 "are IP addresses" "$s2s" explain here there
expect "diagnose" 0 "Tunnel vco/1" "$s2s" diagnose vco
expect "diagnose for programs" 0 "\"code\"" "$s2s" --json diagnose vco
expect "unknown command" 64 "dance is not known; see s2s help" "$s2s" dance
expect "nearest command" 64 "statsu is not known; did you mean status?" "$s2s" statsu
expect "help of all" 0 "exit status: 0 done, 1 the gateway refused" "$s2s" help
expect "help of one" 0 "usage: s2s rekey TUNNEL|CONNECTION \[--ike\]" "$s2s" help rekey
expect "misuse shows the usage of the command" 64 "usage: s2s explain SOURCE DESTINATION" "$s2s" explain 10.0.0.1
expect "status of a tunnel" 0 "2 (slave)" "$s2s" status vco/2
expect "status of a connection" 0 "connection vco: ike_sa_not_established" "$s2s" status vco
expect "status of none" 1 "no such connection" "$s2s" status vc0
expect "sa" 0 "vco/1 .* 127.0.1.1 -> 203.0.113.1" "$s2s" sa
expect "sa for programs" 0 '^{"connection":"vco","tunnel":2,"sas":{' "$s2s" --json sa vco/2
expect "routes" 0 "policy *10.0.0.0/16 *192.168.0.0/16 *vco" "$s2s" routes
expect "routes for programs" 0 '"destination":"192.168.0.0/16"' "$s2s" --json routes
expect "down" 0 "disabled" "$s2s" down vco/2 --wait=5
expect "up waits in vain" 3 "still" "$s2s" up vco/2 --wait=1
expect "rekey of what is down" 1 "" "$s2s" rekey vco/2
expect "rekey of the IKE_SA" 1 "" "$s2s" rekey vco 2 --ike
expect "all tunnels of a connection" 0 "1 (master)" "$s2s" restart vco
expect "completion" 0 "complete -F _s2s s2s" "$s2s" completion bash
expect "completion is a script" 0 "neighbors routes why" bash -c 'eval "$("$0" completion bash)"; COMP_WORDS=(s2s bgp ""); COMP_CWORD=2; _s2s; echo ${COMPREPLY[*]}' "$s2s"
expect "completion knows tunnels" 0 "vco vco/1 vco vco/2" bash -c 'PATH=$(dirname "$0"):$PATH; eval "$(s2s completion bash)"; COMP_WORDS=(s2s status ""); COMP_CWORD=2; _s2s; echo ${COMPREPLY[*]}' "$s2s"
python3 "$here/test_watch.py" "$s2s" vco >"$work/out" 2>&1
grep -v "^ok" "$work/out"
passed=$((passed + $(grep -c "^ok" "$work/out")))
failed=$((failed + $(grep -c -v "^ok" "$work/out")))
expect "events" 124 "tunnel_status" timeout 2 "$s2s" events --since 0
expect "events as JSON" 124 '^{"type":"' timeout 2 "$s2s" --json events --since 0

# A reader that reads nothing must not stop the others.
(sleep 30 | "$s2s" --json events --since 0 | sleep 30) >/dev/null 2>&1 &
reader=$!
expect "beside a slow reader" 0 "vco" "$s2s" status
kill "$reader" 2>/dev/null

# The stream of events, case by case.
python3 "$here/test_events.py" "$work/ctl" vco >"$work/out" 2>&1
cat "$work/out" | grep -v "^ok"
passed=$((passed + $(grep -c "^ok" "$work/out")))
failed=$((failed + $(grep -c -v "^ok" "$work/out")))
"$s2s" enable vco 2 >/dev/null

cp -p "$work/changed.json" "$work/live.json"
kill -HUP "$daemon"
sleep 1
expect "reload" 0 "was read again" cat "$work/log"
expect "a patch holds over it" 0 '"lifetime":1234' "$s2s" --json status
expect "a value that the file changed comes" 1 "" sh -c '"$0" --json status | grep "\"lifetime\":7200"' "$s2s"
cp -p "$work/bad.json" "$work/live.json"
kill -HUP "$daemon"
sleep 1
expect "a bad file is not taken" 0 "was not taken" cat "$work/log"
expect "no secret in the log" 1 "" grep -e a-good-key -e "a bad key" "$work/log"

kill -TERM "$daemon"
wait "$daemon"
status=$?
daemon=
expect "SIGTERM" 0 "^0$" echo $status
expect "the socket is gone" 2 "" ls "$work/ctl"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
