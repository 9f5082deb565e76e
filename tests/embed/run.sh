#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/embed/run.sh TREE: the library as others use it. TREE is a built tree of this project.
#   installed: a foreign CMake project, a pkg-config one-liner (shared and static), a C++ includer
#   by its lists of sources: a foreign build without our CMake; with S2S_TEST_LEVEL=all also for another processor
#   with parts left out: each S2S_WITH_ option off (all of them with S2S_TEST_LEVEL=all)
set -u
tree=$1
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$tree/../embed
rm -rf "$work"
mkdir -p "$work" || exit 1
work=$(cd "$work" && pwd)
prefix=$work/installed
failed=0
. "$top/tests/tools/packages.sh"

# check NAME COMMAND...: one line; the output only when it fails.
check() {
    name=$1
    shift
    if "$@" >"$work/$name.log" 2>&1; then
        echo "ok $name"
    else
        tail -n 15 "$work/$name.log"
        echo "not ok $name: see $work/$name.log"
        failed=1
        return 1
    fi
}

foreign_cmake() {
    cmake -S "$here/package" -B "$work/package" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release &&
        cmake --build "$work/package" && ctest --test-dir "$work/package" --output-on-failure --no-tests=error
}

pkg() {
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name s2svpn.pc)") pkg-config "$@"
}

embed_example() {
    cmake -S "$top/examples/embed" -B "$work/example" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release &&
        cmake --build "$work/example" && ! "$work/example/embed" /nonexistent
}

one_liner() {
    cc -Wall -Werror "$here/use.c" $(pkg --cflags --libs s2svpn) -o "$work/use-pc" &&
        LD_LIBRARY_PATH=$(pkg --variable=libdir s2svpn) "$work/use-pc"
}

one_liner_static() {
    cc "$here/use.c" $(pkg --cflags s2svpn) "$(pkg --variable=libdir s2svpn)/libs2svpn.a" \
        $(pkg --static --libs-only-l s2svpn | sed 's,-ls2svpn\( \|$\),,') -o "$work/use-pc-static" && "$work/use-pc-static"
}

cxx() {
    g++ -std=c++11 -Wall -Wextra -Werror -x c++ "$here/use.c" -x none $(pkg --cflags --libs s2svpn) -o "$work/use-cxx" &&
        LD_LIBRARY_PATH=$(pkg --variable=libdir s2svpn) "$work/use-cxx"
}

moved() {
    cp -R "$prefix" "$work/moved" &&
        cmake -S "$here/package" -B "$work/package-moved" -DCMAKE_PREFIX_PATH="$work/moved" &&
        cmake --build "$work/package-moved" && ctest --test-dir "$work/package-moved" --output-on-failure
}

lists() {
    cmake -S "$here/lists" -B "$work/lists" -DFOREIGN_TOP="$top" && cmake --build "$work/lists" --parallel 2 &&
        "$work/lists/firmware" && size "$work/lists/firmware"
}

cross() {
    cmake -S "$here/lists" -B "$work/cross" -DFOREIGN_TOP="$top" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=arm \
        -DCMAKE_C_COMPILER=arm-linux-gnueabihf-gcc -DCMAKE_EXE_LINKER_FLAGS=-static &&
        cmake --build "$work/cross" --parallel 2 && arm-linux-gnueabihf-size "$work/cross/firmware" &&
        qemu-arm "$work/cross/firmware"
}

# A configuration that builds the libraries alone. No compiler launcher or generator of ours is assumed.
variant() {
    folder=$work/variant
    rm -rf "$folder"
    cmake -S "$top" -B "$folder" -DCMAKE_BUILD_TYPE=MinSizeRel -DS2S_WERROR=ON -DS2S_WITH_TESTS=OFF -DS2S_WITH_EXAMPLES=OFF "$@" &&
        cmake --build "$folder" --parallel 2 && cmake --install "$folder" --prefix "$folder/installed" &&
        cmake -S "$here/package" -B "$folder/package" -DCMAKE_PREFIX_PATH="$folder/installed" &&
        cmake --build "$folder/package" && ctest --test-dir "$folder/package" --output-on-failure
}

if check install cmake --install "$tree" --prefix "$prefix"; then
    check foreign-cmake-project foreign_cmake
    check example-embed-as-a-foreign-project embed_example
    check pkg-config-one-liner one_liner
    check pkg-config-static one_liner_static
    check cxx-includer cxx
    check moved-package moved
fi
check lists-of-sources lists
check variant-static-only-without-options variant -DS2S_SHARED=OFF -DS2S_WITH_BGP=OFF -DS2S_WITH_CONFIG=OFF -DS2S_WITH_LIBEVENT=OFF \
    -DS2S_WITH_TUN=OFF -DS2S_WITH_XFRM=OFF -DS2S_WITH_IKEV1=OFF
if [ "${S2S_TEST_LEVEL:-default}" = all ]; then
    check variant-shared-only variant -DS2S_STATIC=OFF
    for option in MBEDTLS BGP IKEV1 CLOUD CONFIG TUN XFRM LIBEVENT; do
        check "variant-without-$option" variant -DS2S_WITH_$option=OFF
    done
    check variant-legacy variant -DS2S_WITH_LEGACY=ON
    if packages_ensure "the cross build" $packages_cross; then
        check cross-build-arm cross
    else
        echo "skip cross-build-arm: packages are missing: $packages_cross"
    fi
else
    echo "skip cross-build-arm: only with --all"
fi
exit $failed
