#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Packages of Debian 13 on a Debian 12 machine, unpacked into a folder and never installed. apt works on a state of its own,
# so the machine's package lists stay as they are.
#
#   trixie.sh unpack FOLDER PACKAGE...   these packages alone
#   trixie.sh root FOLDER PACKAGE...     with all that they depend on: a root to chroot into
#
# A FOLDER that is there already is left alone.
set -eu
mode=$1
folder=$2
shift 2
[ ! -f "$folder/.complete" ] || exit 0
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
state=${S2S_BUILD:-${TMPDIR:-/tmp}}/trixie-apt
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/debs" "$state/parts"
state=$(cd "$state" && pwd)

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep '/debian/*$' | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} trixie main" \
    >"$state/sources.list"
: >"$state/status"
apt() {
    apt-get -q -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts="$state/parts" -o Dir::State="$state" \
        -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o APT::Sandbox::User=root -o APT::Install-Recommends=false "$@" </dev/null
}

ls "$state"/lists/*Packages* >/dev/null 2>&1 || apt update
case $mode in
unpack)
    work=$(mktemp -d)
    (cd "$work" && apt download "$@")
    packages=$work
    ;;
root)
    rm -f "$state"/cache/archives/*.deb
    apt install -y --download-only "$@"
    packages=$state/cache/archives
    # A merged /usr, as Debian 13 has it.
    for link in bin sbin lib lib64; do
        mkdir -p "$folder/usr/$link"
        [ -e "$folder/$link" ] || ln -s "usr/$link" "$folder/$link"
    done
    ;;
esac
for package in "$packages"/*.deb; do
    if [ "$mode" = root ]; then
        # Through the links, where dpkg -x would put folders in their place.
        dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -f - -C "$folder"
    else
        dpkg -x "$package" "$folder"
    fi
done
[ "$mode" = root ] || rm -rf "$work"
touch "$folder/.complete"
