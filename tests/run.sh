#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh [--quick | --all] [--no-install] [RING...]: all tests, in rings.
#
#   house  unit  sim  fuzz  examples  interop  vm  bench  embed
#
# By default each ring runs in a bounded form (about a quarter of an hour on two cores). --quick runs house, unit and sim and
# the corpora in under two minutes; --all runs everything. Ring names choose some.
#
# Each ring is a command that prints "ok NAME", "not ok NAME: why" or "skip NAME: why", one line a case; this file counts
# them. The last line is "N passed, N failed, N skipped". The exit status is 1 when anything failed.
#
# S2S_BUILD     where everything is built (default _build in this tree)
# S2S_VECTORS   third-party test vectors (default ../shared/vectors beside this tree)
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
. tests/tools/packages.sh

S2S_TEST_LEVEL=default
install=yes
rings=
for argument; do
    case $argument in
    --quick) S2S_TEST_LEVEL=quick ;;
    --all) S2S_TEST_LEVEL=all ;;
    --no-install) install=no ;;
    house | unit | sim | fuzz | examples | interop | vm | bench | embed) rings="$rings $argument" ;;
    *)
        sed -n '4,16s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
    esac
done
build=${S2S_BUILD:-$top/_build}
mkdir -p "$build" || exit 1
build=$(cd "$build" && pwd)
S2S_VECTORS=${S2S_VECTORS:-$top/../shared/vectors}
S2S_BUILD=$build
export S2S_TEST_LEVEL S2S_VECTORS S2S_BUILD
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
results=$build/results
: >"$results"
rm -f "$build"/tried-*
. tests/tools/builds.sh

# ring NAME COMMAND...: runs a ring when it is wanted, prints its minutes, keeps its lines.
ring() {
    name=$1
    shift
    case " ${rings:-$name} " in *" $name "*) ;; *) return 0 ;; esac
    log=$build/ring-$name.log
    printf '\n==== %s\n' "$name"
    start=$(date +%s)
    { "$@" </dev/null 2>&1; echo $? >"$build/status"; } | tee "$log"
    seconds=$(($(date +%s) - start))
    grep -E '^(ok|not ok|skip) ' "$log" | sed "s/^\(ok\|not ok\|skip\) /\1 $name: /" >"$build/lines"
    if [ "$(cat "$build/status")" != 0 ] && ! grep -q '^not ok' "$build/lines"; then
        echo "not ok $name: the ring ended with status $(cat "$build/status"): $(tail -n 1 "$log")" >>"$build/lines"
    elif [ ! -s "$build/lines" ]; then
        echo "not ok $name: the ring said nothing" >>"$build/lines"
    fi
    cat "$build/lines" >>"$results"
    printf '==== %s: %s passed, %s failed, %s skipped in %s.%s minutes\n' "$name" "$(grep -c '^ok ' "$build/lines")" \
        "$(grep -c '^not ok ' "$build/lines")" "$(grep -c '^skip ' "$build/lines")" $((seconds / 60)) $((seconds % 60 / 6))
}

# The packages that a ring needs; without them the ring is skipped.
needs() {
    for_ring=$1
    shift
    if [ "$install" = no ]; then
        missing=$(packages_missing "$@")
        [ -z "$missing" ] && return 0
        echo "skip all: packages are missing: $missing"
        return 1
    fi
    packages_ensure "ring $for_ring" "$@" && return 0
    echo "skip all: packages are missing: $(packages_missing "$@")"
    return 1
}

ring_house() {
    needs house $packages_build || return 0
    build_release
    python3 tests/house/run.py --build "$build/release"
}

ring_unit() {
    needs unit $packages_build || return 0
    [ "$install" = no ] || packages_ensure "the CAVP vectors" $packages_vectors || :
    build_gcc
    ctest_ring "$build/gcc" unit
    [ "$S2S_TEST_LEVEL" != quick ] || return 0
    needs unit/constant_time $packages_valgrind && sh tests/tools/constant_time.sh "$build/constant_time"
    build_mbedtls3
    only=^test_crypto_ ctest_ring "$build/mbedtls3" unit mbedtls3/
    [ "$S2S_TEST_LEVEL" = all ] || return 0
    needs unit $packages_clang || return 0
    build_clang
    ctest_ring "$build/clang" unit clang/
    python3 tests/tools/coverage.py "$build/coverage"
}

ring_sim() {
    needs sim $packages_build || return 0
    build_gcc
    ctest_ring "$build/gcc" sim
}

ring_fuzz() {
    needs fuzz $packages_build || return 0
    build_gcc
    ctest_ring "$build/gcc" fuzz replay/
    [ "$S2S_TEST_LEVEL" != quick ] || return 0
    needs fuzz $packages_clang || return 0
    build_clang
    sh tests/fuzz/run.sh "$build/clang"
    [ "$S2S_TEST_LEVEL" != all ] || sh tests/fuzz/coverage.sh "$build/coverage-fuzz"
}

ring_examples() {
    needs examples $packages_build $packages_python $packages_peers || return 0
    build_gcc
    sh tests/examples/run.sh "$build/gcc"
}

ring_interop() {
    needs interop $packages_build $packages_peers $packages_routers || return 0
    [ "$S2S_TEST_LEVEL" != all ] || needs "interop (more BGP peers)" $packages_routers_all || :
    build_gcc
    sh tests/netns/run.sh "$build/gcc"
    python3 tests/interop/run.py --build "$build/gcc"
}

ring_vm() {
    if [ -f tests/vm/run.sh ]; then
        sh tests/vm/run.sh
    else
        echo "skip all: tests/vm does not exist yet: nothing built here needs another kernel"
    fi
}

ring_bench() {
    needs bench $packages_build || return 0
    build_release
    ctest_ring "$build/release" bench "" --show
    needs bench/bgp_vs_bird $packages_peers && sh tests/bench/bgp_vs_bird.sh "$build/release"
    rounds="--seconds 2 --rounds 1"
    [ "$S2S_TEST_LEVEL" != all ] || rounds="--seconds 8 --rounds 3"
    needs bench/throughput $packages_peers iperf3 && python3 tests/bench/throughput.py --build "$build/release" $rounds
    targets="s2svpn-static s2svpn s2svpn-event s2svpn-config" build_tree small -DCMAKE_C_COMPILER=gcc \
        -DCMAKE_BUILD_TYPE=MinSizeRel -DS2S_WITH_TESTS=OFF -DS2S_WITH_EXAMPLES=OFF && sh tests/bench/size.sh "$build/small"
}

ring_embed() {
    needs embed $packages_build || return 0
    build_release && sh tests/embed/run.sh "$build/release"
}

begin=$(date +%s)
ring house ring_house
ring unit ring_unit
ring sim ring_sim
ring fuzz ring_fuzz
if [ "$S2S_TEST_LEVEL" != quick ] || [ -n "$rings" ]; then
    ring examples ring_examples
    ring interop ring_interop
    ring vm ring_vm
    ring bench ring_bench
    ring embed ring_embed
fi

printf '\n'
if grep -q '^skip ' "$results"; then
    echo "**** SKIPPED, which is not passed:"
    grep '^skip ' "$results"
fi
if grep -q '^not ok ' "$results"; then
    echo "**** FAILED:"
    grep '^not ok ' "$results"
fi
seconds=$(($(date +%s) - begin))
printf 'all rings: %s.%s minutes\n' $((seconds / 60)) $((seconds % 60 / 6))
printf '%s passed, %s failed, %s skipped\n' "$(grep -c '^ok ' "$results")" "$(grep -c '^not ok ' "$results")" \
    "$(grep -c '^skip ' "$results")"
! grep -q '^not ok ' "$results"
