#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/fuzz/coverage.sh FOLDER: what the corpora reach of the IKE and ESP code: builds their targets with clang's coverage in
# FOLDER, replays the corpus of each, and prints lines and branches of each file.
set -u
folder=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
mkdir -p "$folder"
if ! command -v llvm-cov >/dev/null 2>&1 || ! command -v clang >/dev/null 2>&1; then
    echo "skip fuzz/coverage: clang and llvm are not installed"
    exit 0
fi
sources="$(ls lib/base/*.c lib/crypto/*.c lib/ike/common/*.c lib/ike/v2/*.c lib/esp/*.c lib/backend/crypto_*.c)"
flags="-std=gnu11 -O1 -g -I. -Iinclude -Itests/fuzz -DS2S_WITH_MBEDTLS=1 -fprofile-instr-generate -fcoverage-mapping"
for source in $sources; do
    echo "$source $folder/$(echo "$source" | tr / _ | sed 's/c$/o/')"
done | xargs -P 2 -n 2 sh -c 'clang '"$flags"' -c "$1" -o "$2"' cc 2>"$folder/build.log"
profiles=
objects=
for target in ike_message ike_sa_payload ike_ts ike_sk ike_fragment ike_state ike_edit esp_open; do
    if ! clang $flags tests/fuzz/fuzz_$target.c tests/fuzz/replay_main.c "$folder"/lib_*.o -o "$folder/fuzz_$target" \
        -lmbedcrypto 2>>"$folder/build.log"; then
        tail -n 3 "$folder/build.log"
        echo "not ok fuzz/coverage: fuzz_$target does not build, see $folder/build.log"
        exit 1
    fi
    LLVM_PROFILE_FILE="$folder/$target.raw" "$folder/fuzz_$target" "tests/fuzz/corpus/$target" >/dev/null || exit 1
    profiles="$profiles $folder/$target.raw"
    objects="$objects -object $folder/fuzz_$target"
done
llvm-profdata merge -o "$folder/all.data" $profiles || exit 1
llvm-cov report "$folder/fuzz_ike_state" $objects -instr-profile="$folder/all.data" lib/ike lib/esp >"$folder/report" 2>/dev/null
awk 'NR > 2 && NF >= 13 { printf "%-34s lines %-8s branches %s\n", $1, $10, $13 }' "$folder/report"
total=$(awk '$1 == "TOTAL" { print "lines " $10 ", branches " $13 }' "$folder/report")
[ -n "$total" ] && echo "ok fuzz/coverage of lib/ike and lib/esp by the corpora ($total)" || echo "not ok fuzz/coverage: no report"
