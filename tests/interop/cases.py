# SPDX-License-Identifier: Apache-2.0
"""What a case is made of."""
import os
import subprocess
import threading


class Failed(AssertionError):
    """A case saw what it must not, or did not see what it must."""


class Skipped(Exception):
    """A case cannot run here; the text says why."""


class Cannot(Exception):
    """The peer has no such thing; the text says so. Neither passed nor skipped: there is nothing to test."""


def expect(condition, message):
    """Fails the case with a message."""
    if not condition:
        raise Failed(message)


def only_with_all():
    """Skips the case unless everything is wanted."""
    if os.environ.get("S2S_TEST_LEVEL") != "all":
        raise Skipped("only with --all")


_one_at_a_time = threading.Lock()


def debian13_strongswan():
    """The folder of a root with Debian 13's strongSwan (6.0), made once; a skip where it cannot be made."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools", "trixie.sh")
    base = os.environ.get("S2S_BUILD") or os.path.join("/tmp", "s2s-%d" % os.getuid())
    root = os.path.join(base, "trixie-root")
    packages = ["charon-systemd", "libcharon-extra-plugins", "libstrongswan-standard-plugins", "libstrongswan-extra-plugins",
                "iproute2"]
    with _one_at_a_time:
        result = subprocess.run(["sh", script, "root", root] + packages, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        raise Skipped("Debian 13's strongSwan could not be unpacked: " + result.stdout.strip()[-300:].replace("\n", " | "))
    return root
