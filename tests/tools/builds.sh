# SPDX-License-Identifier: Apache-2.0
# builds.sh: sourced by tests/run.sh. The builds that the rings share, each made once; a build that fails is a failed case.

# build_tree NAME OPTION...: configures and builds $build/NAME (or only $targets of it) once. A tree that was tried already is
# not tried again.
build_tree() {
    tree=$build/$1
    mark=$build/tried-$1
    title=$1
    shift
    if [ -f "$mark" ]; then
        [ "$(cat "$mark")" = 0 ] || echo "build $title failed before, see $tree.log"
        return "$(cat "$mark")"
    fi
    # A folder that was configured for another tree is of no use.
    if [ -f "$tree/CMakeCache.txt" ] && ! grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$top" "$tree/CMakeCache.txt"; then
        rm -rf "$tree"
    fi
    generator=
    command -v ninja >/dev/null 2>&1 && generator="-G Ninja"
    began=$(date +%s)
    status=0
    # shellcheck disable=SC2086
    cmake -S "$top" -B "$tree" $generator -DS2S_WERROR=ON "$@" >"$tree.log" 2>&1 &&
        cmake --build "$tree" --parallel "$jobs" --target ${targets:-all} >>"$tree.log" 2>&1 || status=1
    grep -E '^--   not built' "$tree.log"
    if [ $status = 0 ]; then
        echo "ok build $title ($(($(date +%s) - began)) s)"
    else
        grep -nE 'warning|error|Error|FAILED|undefined' "$tree.log" | head -n 40
        # Go on past the first error, so that the tests that can be built still run.
        cmake --build "$tree" --parallel "$jobs" --target ${targets:-all} $(keep_going) >>"$tree.log" 2>&1
        echo "not ok build $title: see $tree.log"
    fi
    echo $status >"$mark"
    return $status
}

keep_going() {
    if command -v ninja >/dev/null 2>&1; then echo "-- -k 0"; else echo "-- -k"; fi
}

build_gcc() {
    build_tree gcc -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DS2S_SANITIZE=ON
}

build_clang() {
    build_tree clang -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DS2S_SANITIZE=ON -DS2S_FUZZ=ON \
        -DCMAKE_C_FLAGS_DEBUG="-O1 -g"
}

# The tests of the provider against Debian 13's mbedTLS 3.6, with the legacy algorithms.
build_mbedtls3() {
    if ! sh tests/tools/trixie.sh unpack "$build/mbedtls3-files" libmbedtls-dev libmbedcrypto16 >"$build/mbedtls3-files.log" 2>&1; then
        echo "skip mbedtls3/all: Debian 13's mbedTLS could not be unpacked: $(tail -n 1 "$build/mbedtls3-files.log")"
        return 1
    fi
    targets=$(cd tests/unit && ls test_crypto_*.c | sed 's/\.c$//') \
        build_tree mbedtls3 -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DS2S_SANITIZE=ON -DS2S_WITH_LEGACY=ON \
        -DS2S_WITH_EXAMPLES=OFF -DS2SVPN_mbedtls_INCLUDE_DIR="$build/mbedtls3-files/usr/include" \
        -DS2SVPN_mbedtls_mbedcrypto_LIBRARY="$(find "$build/mbedtls3-files" -name libmbedcrypto.so)"
}

build_release() {
    build_tree release -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$build/installed"
}

# ctest_ring TREE LABEL [PREFIX [--show]]: runs the tests with the label (and a name that matches $only) and prints a line a
# case.
ctest_ring() {
    if [ ! -f "$1/CTestTestfile.cmake" ]; then
        echo "not ok ${3:-}all: $1 could not be configured"
        return 1
    fi
    junit=$build/junit-$2.xml
    rm -f "$junit"
    # ctest cuts the output of a test after 1024 bytes, in the middle of a case's name.
    UBSAN_OPTIONS=print_stacktrace=1 ctest --test-dir "$1" -L "^$2\$" -R "${only:-.}" -j "$jobs" --output-junit "$junit" \
        --test-output-size-passed 1000000 --test-output-size-failed 1000000 >"$build/ctest-$2.log" 2>&1
    if ! grep -q '<testcase' "$junit" 2>/dev/null; then
        echo "skip ${3:-}all: there is no test in tests/$2"
        return 0
    fi
    python3 tests/tools/ctest_lines.py "$junit" ${4:-} | sed "s#^\(ok\|not ok\|skip\) #\1 ${3:-}#"
}
