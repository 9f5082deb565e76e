# SPDX-License-Identifier: Apache-2.0
"""What the BGP cases ask of a peer, whoever it is: the ground, our speaker (bgp_probe.c), and the shape that bird.py, frr.py,
gobgp.py, openbgpd.py and exabgp.py fill. A peer announces 198.51.100.0/24 with attributes, 2001:db8:100::/48, and more
prefixes of 203.0.113.0/24 when asked to; it takes everything."""
import dataclasses
import signal
import time

from cases import expect
from lab import wait_until

OURS, THEIRS = "192.0.2.1", "192.0.2.2"
OURS6, THEIRS6 = "2001:db8::1", "2001:db8::2"
PREFIX, PREFIX6 = "198.51.100.0/24", "2001:db8:100::/48"
# PREFIX as every peer announces it: its own AS once more, MED, communities.
MED, COMMUNITY, LARGE = 33, "65002:7", "65002:8:9"


@dataclasses.dataclass
class Wants:
    """How a peer is to be set up."""

    asn: int = 65002
    our_asn: int = 65001    # as the peer knows it
    true_asn: int = 0       # as we know it, where that is another: the peer counts in two octets
    passive: bool = False
    hold: int = 30
    password: str = ""
    ttl_security: bool = False
    limit: int = 0          # of prefixes from us, then Cease
    restart: bool = False   # graceful restart, forwarding kept
    routes: int = 1         # IPv4 prefixes announced
    six: bool = False       # the session itself over IPv6, where the peer needs that for routes of IPv6
    orf: bool = False       # outbound route filters offered both ways (FRR)
    extra: str = ""         # in the peer's own words, inside its session


@dataclasses.dataclass
class Route:
    """A route of ours as the peer shows it."""

    path: list
    med: int = 0
    communities: set = dataclasses.field(default_factory=set)
    large: set = dataclasses.field(default_factory=set)
    next_hop: str = ""


class Peer:
    """A BGP daemon in namespace "r" with one session to us."""

    name = ""
    package = ""       # Debian's
    program = ""
    cannot = {}        # case: why this peer has no such thing
    only_all = True    # runs by --all alone
    notes = {}         # case: what is done differently, for the matrix
    roles = {}         # case: the roles that it can play, where not all
    six = False        # routes of IPv6 need a session over IPv6

    def __init__(self, lab, wants):
        self.lab = lab
        self.wants = wants

    @staticmethod
    def version():
        """As the program says it."""
        raise NotImplementedError

    def established(self):
        """Whether it says that the session is up."""
        raise NotImplementedError

    def learned(self, prefix):
        """Our route as a Route; None when it is not there."""
        raise NotImplementedError

    def withdraw(self):
        """Takes PREFIX and PREFIX6 back."""
        raise NotImplementedError

    def refresh(self):
        """Asks us for our routes again."""
        raise NotImplementedError

    def shut(self, text):
        """Ends the session by an administrator's word."""
        raise NotImplementedError

    def saw(self, text):
        """Whether its log or status holds a text."""
        raise NotImplementedError

    def begin(self, again=False):
        """Starts it; again: after a crash."""
        raise NotImplementedError

    process = None
    said_limit = ""    # its words for our Cease/1
    said_hold = ""     # its words for a hold timer that expired
    early_end_of_rib = False  # ends its first round after a restart before its own routes are in its table

    def crash(self):
        """kill -9: it goes without a word."""
        self.process.send(signal.SIGKILL)
        wait_until(lambda: not self.process.alive(), 5)

    def restart(self):
        """Dies without a word and comes back."""
        self.crash()
        time.sleep(0.5)
        self.begin(again=True)

    def sees(self, prefix, path, med=0, community="", large=""):
        """Whether a route is there with these attributes."""
        route = self.learned(prefix)
        return bool(route) and route.path == path and (not med or route.med == med) and \
            (not community or community in route.communities) and (not large or large in route.large)


class Probe:
    """Our speaker: bgp_probe in namespace "l"."""

    def __init__(self, lab, program, *options, local=OURS, peer=THEIRS, asn=65001, peer_asn=65002):  # pylint: disable=too-many-arguments
        self.process = lab.start("l", program, local, peer, asn, peer_asn, *options, needs_input=True,
                                 environment={"ASAN_OPTIONS": "detect_leaks=0"})

    def say(self, line, seconds=5):
        """A command; gives its answer."""
        before = len(self.process.output())
        self.process.popen.stdin.write((line + "\n").encode())
        self.process.popen.stdin.flush()
        wait_until(lambda: "\nend\n" in "\n" + self.process.output()[before:], seconds)
        return self.process.output()[before:]

    def output(self):
        """Everything it said."""
        return self.process.output()

    def established(self):
        """Whether the session is up."""
        return "state Established" in self.say("status")

    def route(self, prefix, table="routes"):
        """The line about a prefix, or nothing."""
        return next((line for line in self.say(table).splitlines() if line.startswith(prefix + " ")), "")

    def quit(self):
        """Ends it; gives whether it ended well."""
        self.process.popen.stdin.write(b"quit\n")
        self.process.popen.stdin.flush()
        return wait_until(lambda: not self.process.alive(), 5) and self.process.popen.poll() == 0


def ground(lab):
    """Two namespaces and a cable."""
    lab.namespace("l")
    lab.namespace("r")
    lab.link("l", "eth0", [OURS + "/24", OURS6 + "/64"], "r", "eth0", [THEIRS + "/24", THEIRS6 + "/64"])


def cut(lab, off=True):
    """The cable takes nothing any more, without a word; or takes it again."""
    if off:
        lab.run("l", "nft", "add table ip cut; add chain ip cut i { type filter hook input priority 0; policy drop; }; "
                "add chain ip cut o { type filter hook output priority 0; policy drop; }")
    else:
        lab.run("l", "nft", "delete table ip cut")


def up(probe, peer, seconds=30):
    """Waits for the session."""
    expect(wait_until(lambda: probe.established() and peer.established(), seconds, step=0.2),
           "the session did not come up: " + probe.output()[-600:])
