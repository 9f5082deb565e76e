#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# examples/run.sh [--no-install] [--net sim|netns]: the source scenario, from nothing. On a fresh Debian 12 it installs what it needs
# (as root), builds, plays "Alibaba Cloud VPC <-> AWS VPC" in a simulated internet, then on real packets in network
# namespaces where those can be made, and shows the four steps, the tunnels, the ping, and each failover.
#
# S2S_BUILD   the folder to build in (default _build/examples in this tree)
# The exit status is 0 when everything that could be run held.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${S2S_BUILD:-$top/_build/examples}
install=yes
nets="sim netns"
while [ $# -gt 0 ]; do
    case $1 in
    --no-install) install=no ;;
    --net)
        nets=${2:-}
        shift
        ;;
    *)
        sed -n '4,10s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
    esac
    shift
done

say() {
    printf '\n==== %s\n' "$*"
}

# What is missing of the packages to build and to run with.
missing_packages() {
    for package in gcc libc6-dev cmake make libmbedtls-dev libevent-dev libcjson-dev libmnl-dev \
        iproute2 nftables tcpdump iputils-ping; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
    done
}

install_packages() {
    command -v dpkg-query >/dev/null || return 0 # not Debian: the build names what it lacks
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$install" = no ] || [ "$(id -u)" != 0 ]; then
        echo "missing packages: $missing"
        echo "  apt-get install $missing   (as root; this script does it when root runs it)"
        return 0 # perhaps they are there in another way; the build will tell
    fi
    say "installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    apt-get -q update && apt-get -q -y --no-install-recommends install $missing
}

build_programs() {
    say "building in $build"
    mkdir -p "$build" &&
        cmake -S "$top" -B "$build" -DCMAKE_BUILD_TYPE=Release -DS2S_WITH_TESTS=OFF >"$build/configure.log" 2>&1 &&
        cmake --build "$build" --parallel "$(getconf _NPROCESSORS_ONLN)" --target ali-aws --target s2s-gateway \
            >"$build/build.log" 2>&1 && return 0
    tail -n 20 "$build/configure.log"
    [ ! -f "$build/build.log" ] || tail -n 40 "$build/build.log"
    echo "the build failed"
    return 1
}

# Why the scenario cannot be run on real packets here; nothing when it can.
why_no_namespaces() {
    if [ "$(id -u)" != 0 ]; then
        echo "network namespaces and TUN devices need root"
    elif ! unshare -n true 2>/dev/null; then
        echo "network namespaces cannot be made here (unshare -n fails)"
    elif [ ! -c /dev/net/tun ] && ! { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; } 2>/dev/null; then
        echo "there is no /dev/net/tun"
    fi
}

play() {
    say "the scenario on $1"
    "$build/examples/ali-aws/ali-aws" --net "$1" --report "$build/report-$1.json" --artifacts "$build/artifacts-$1"
}

install_packages || exit 1
build_programs || exit 1
result=0
for net in $nets; do
    why=
    [ "$net" != netns ] || why=$(why_no_namespaces)
    if [ -n "$why" ]; then
        say "the scenario on netns is SKIPPED: $why"
    else
        play "$net" || result=1
    fi
done
say "reports and raw results: $build/report-*.json, $build/artifacts-*"
exit $result
