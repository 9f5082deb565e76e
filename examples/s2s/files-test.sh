#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# files-test.sh TREE: s2s import and s2s export as a user runs them, on files as the clouds lay them out. Every
# configuration that import writes passes s2s-gateway --check. The last line is "N passed, N failed, N skipped".
set -u
s2s=$1/examples/s2s/s2s
gateway=$1/examples/s2s-gateway/s2s-gateway
samples=$(cd "$(dirname "$0")" && pwd)/../../tests/unit/device_samples
work=$(mktemp -d /tmp/s2s-files-test.XXXXXX) || exit 1
passed=0
failed=0
trap 'rm -rf "$work"' EXIT
umask 022

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

# import NAME ARGUMENTS...: as the shell's redirection does it.
import() {
    to=$1
    shift
    "$s2s" import "$@" >"$work/$to.json" 2>"$work/$to.err"
}

# ---- what a user tries first: import FILE > gateway.json && s2s-gateway --check gateway.json ----
for sample in "$samples"/*; do
    one=$(basename "$sample")
    more=
    [ "$one" = alibaba-create.json ] && more="--asn 65000"
    expect "import $one" 0 "" import "$one" $more "$sample"
    expect "$one says what was left out" 0 "fields carried" cat "$work/$one.err"
    expect "$one passes the check" 0 ": 0 errors" "$gateway" --check "$work/$one.json"
    expect "$one is its owner's alone" 0 "^600$" stat -c %a "$work/$one.json"
    expect "no key is told" 1 "" grep -e "pK1.vQ8" -e "first~key" "$work/$one.err"
done
expect "as AWS" 0 "" import aws "$samples/aws-describe.json" --profile aws --local-networks 192.168.0.0/16
expect "as AWS passes the check" 0 ": 0 errors" "$gateway" --check "$work/aws.json"
expect "as Alibaba" 0 "" import alibaba --profile alibaba "$samples/alibaba-describe.json" --local-networks 10.0.0.0/16
expect "as Alibaba passes the check" 0 ": 0 errors" "$gateway" --check "$work/alibaba.json"

# ---- one of several, several for one, standard input, --out ----
expect "one by its id" 0 "" import chosen --connection vpn-0c0ffee0c0ffee0c0 "$samples/aws-describe.json"
expect "it is that one" 0 "pK3.vQ8xYzLm_2aB7cD9" cat "$work/chosen.json"
expect "not the other" 1 "" grep "pK1.vQ8xYzLm_2aB7cD9" "$work/chosen.json"
expect "an id that is not there" 2 "is not there" "$s2s" import --connection vpn-0 "$samples/aws-describe.json"
sed 's/203.0.113.12/203.0.113.13/; s/198.51.100/198.51.101/; s/169.254.44/169.254.46/; s/169.254.121/169.254.123/' \
    "$samples/aws-generic-bgp.txt" >"$work/second.txt"
expect "two files of AWS become Alibaba's two tunnels" 0 "" import pair --profile alibaba \
    --local-networks 10.0.0.0/16 --remote-networks 192.168.0.0/16 "$samples/aws-generic-bgp.txt" "$work/second.txt"
expect "which pass the check" 0 ": 0 errors" "$gateway" --check "$work/pair.json"
expect "standard input" 0 "198.51.100.77" sh -c '"$0" import --quiet - <"$1"' "$s2s" "$samples/aws.xml"
expect "into a file" 0 "carried" "$s2s" import --out "$work/made.json" "$samples/aws.xml"
expect "with a mode of its own" 0 "^600$" stat -c %a "$work/made.json"

# ---- what is refused, and how ----
printf '\377\376{\000"\000' >"$work/utf16.json"
expect "UTF-16 of PowerShell" 2 "UTF-16.*save it as UTF-8" "$s2s" import "$work/utf16.json"
printf '{"Name": "B\374ro"}' >"$work/latin.json"
expect "Latin-1" 2 "line 1: is not UTF-8" "$s2s" import "$work/latin.json"
printf '<!DOCTYPE a [<!ENTITY b "c">]><vpn_connection>&b;</vpn_connection>' >"$work/bomb.xml"
expect "entities" 2 "document type" "$s2s" import "$work/bomb.xml"
head -c 3000000 /dev/zero | tr '\0' x >"$work/large.txt"
expect "too large" 1 "large.txt" "$s2s" import "$work/large.txt"
expect "too large, by a pipe" 2 "too large" sh -c '"$0" import - <"$1"' "$s2s" "$work/large.txt"
expect "no device file" 2 "no device file" "$s2s" import "$0"
expect "no file" 1 "No such file" "$s2s" import "$work/none.xml"
expect "no word" 64 "which file" "$s2s" import
expect "no profile" 64 "generic, alibaba or aws" "$s2s" import --profile cisco "$samples/aws.xml"
expect "help" 0 "usage: s2s import" "$s2s" import --help
expect "an ASN that the file lacks" 2 "customer_asn: is required" "$s2s" import "$samples/alibaba-create.json"

# ---- out again, and in on the other side ----
for kind in generic aws-xml; do
    expect "export $kind" 0 "" sh -c '"$0" export --config "$1" vpn-0f3a9c2b7d1e4a681 "$2" >"$3"' "$s2s" \
        "$work/aws.json" "$kind" "$work/device.$kind"
    expect "$kind back" 0 "" import "back-$kind" "$work/device.$kind"
    expect "$kind back passes the check" 0 ": 0 errors" "$gateway" --check "$work/back-$kind.json"
    expect "$kind has the key" 0 "rT5_wE3nHjUk.8sF6gP1" cat "$work/back-$kind.json"
done
expect "export alibaba" 0 "VpnConnectionConfig" "$s2s" export --config "$work/alibaba.json" to-office alibaba
expect "export swanctl" 0 "remote_addrs" "$s2s" export --config "$work/aws.json" vpn-0f3a9c2b7d1e4a681 swanctl
expect "no such connection" 2 "it has: vpn-0f3a9c2b7d1e4a681 vpn-0c0ffee" "$s2s" export --config "$work/aws.json" other
sed '/"psk"/d' "$work/aws.json" >"$work/no-psk.json"
expect "keys that each start makes anew" 2 "gives no psk" "$s2s" export --config "$work/no-psk.json" vpn-0f3a9c2b7d1e4a681
expect "no configuration" 64 "config is needed" "$s2s" export vpn

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
