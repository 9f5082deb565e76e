#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# decrypt.sh DIR CAPTURE [tshark arguments]: shows a capture of `ali-aws --artifacts DIR --key-log` decrypted. Needs tshark.
set -eu
[ $# -ge 2 ] || {
    sed -n '4s/^# //p' "$0"
    exit 2
}
folder=$1
capture=$1/$2
shift 2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir "$home/wireshark"
for table in ikev2_decryption_table esp_sa; do
    cat "$folder"/keys-*.txt | sed -n "s/^$table //p" | sort -u >"$home/wireshark/$table"
done
XDG_CONFIG_HOME=$home tshark -o esp.enable_encryption_decode:TRUE -r "$capture" "$@"
