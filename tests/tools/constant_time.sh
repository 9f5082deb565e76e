#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/tools/constant_time.sh FOLDER: builds constant_time.c with the library's protocol and crypto code in FOLDER and runs
# it under valgrind: no branch and no address of ours may depend on a secret. Prints a line a case.
set -u
folder=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
mkdir -p "$folder"
if ! command -v valgrind >/dev/null 2>&1; then
    echo "skip constant_time: valgrind is not installed"
    exit 0
fi
cat >"$folder/suppressions" <<'END'
{
   inside_the_crypto_library_branch
   Memcheck:Cond
   obj:*libmbedcrypto*
}
{
   inside_the_crypto_library_address
   Memcheck:Value8
   obj:*libmbedcrypto*
}
END
sources="$(ls lib/base/*.c lib/crypto/*.c lib/ike/common/*.c lib/ike/v2/*.c lib/esp/*.c lib/backend/crypto_*.c)
    tests/sim/ike_pair.c tests/tools/constant_time.c"
flags="-std=gnu11 -O2 -g -I. -Iinclude -DS2S_WITH_MBEDTLS=1"
for source in $sources; do
    echo "$source $folder/$(echo "$source" | tr / _ | sed 's/c$/o/')"
done | xargs -P 2 -n 2 sh -c 'cc '"$flags"' -c "$1" -o "$2"' cc 2>"$folder/build.log"
if ! cc "$folder"/*.o -o "$folder/constant_time" -Wl,--wrap=s2si_equal_secret -lmbedcrypto 2>>"$folder/build.log"; then
    tail -n 5 "$folder/build.log"
    echo "not ok constant_time: does not build, see $folder/build.log"
    exit 1
fi
check() {
    valgrind -q --tool=memcheck --leak-check=no --error-exitcode=9 --suppressions="$folder/suppressions" \
        "$folder/constant_time" "$1" >"$folder/$1.log" 2>&1 </dev/null
}
status=0
for case in auth sk esp cookie kdf; do
    if check $case; then
        echo "ok constant_time/$case ($(tail -n 1 "$folder/$case.log"))"
    else
        head -n 12 "$folder/$case.log"
        echo "not ok constant_time/$case: time depends on a secret, see $folder/$case.log"
        status=1
    fi
done
check leak
if [ $? = 9 ] && grep -q 'depends on uninitialised' "$folder/leak.log"; then
    echo "ok constant_time/leak (a compare by memcmp is caught)"
else
    echo "not ok constant_time/leak: a compare by memcmp was not caught"
    status=1
fi
exit $status
