# SPDX-License-Identifier: Apache-2.0
# packages.sh: sourced. Names the Debian packages that a part of the tests needs, and installs what is missing when that is
# allowed (root on Debian).

packages_build="gcc g++ make cmake pkg-config libc6-dev libmbedtls-dev libevent-dev libcjson-dev libcmocka-dev libexpat1-dev
    libmnl-dev python3 binutils"
packages_clang="clang llvm libclang-rt-dev"
packages_peers="iproute2 iputils-ping tcpdump nftables strongswan-swanctl charon-systemd libcharon-extra-plugins
    libstrongswan-standard-plugins libstrongswan-extra-plugins bird2"
packages_routers="frr"
packages_routers_all="gobgpd openbgpd exabgp"
packages_vectors="python3-cryptography-vectors"
packages_valgrind="valgrind"
packages_python="python3-cffi python3-dev"
packages_cross="gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user"

# Packages of the list that are not installed, on one line; nothing where there is no dpkg.
packages_missing() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    for package; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
    done
}

# Services that a package starts would run in the machine's own network: keep them from starting while we install.
packages_apt() {
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=$policy
    fi
    status=0
    DEBIAN_FRONTEND=noninteractive apt-get "$@" </dev/null || status=$?
    [ -z "$made" ] || rm -f "$made"
    return $status
}

# packages_ensure WHAT PACKAGE...: 0 when all are there, or were installed.
packages_ensure() {
    what=$1
    shift
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "$what needs these Debian packages, which are missing: $missing"
        return 1
    fi
    echo "$what needs, and installs: $missing"
    log=$(mktemp)
    if packages_apt -q install -y --no-install-recommends $missing >"$log" 2>&1 ||
        { packages_apt -q update >"$log" 2>&1 && packages_apt -q install -y --no-install-recommends $missing >>"$log" 2>&1; }; then
        # The peers' services must not come up with the next boot either.
        if command -v systemctl >/dev/null 2>&1; then
            case " $missing " in *" charon-systemd "*) systemctl -q disable strongswan >/dev/null 2>&1 ;; esac
            case " $missing " in *" bird2 "*) systemctl -q disable bird >/dev/null 2>&1 ;; esac
            for service in frr gobgpd openbgpd exabgp; do # named like their packages
                case " $missing " in *" $service "*) systemctl -q disable "$service" >/dev/null 2>&1 ;; esac
            done
        fi
        rm -f "$log"
        return 0
    fi
    echo "apt-get could not install: $missing"
    tail -n 15 "$log"
    rm -f "$log"
    return 1
}
