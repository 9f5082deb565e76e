# SPDX-License-Identifier: Apache-2.0
"""FRR's bgpd in a namespace, steered by vtysh: with any configuration, and as the peer of the BGP cases. Without zebra unless a
route has to reach the kernel."""
import json
import os
import shutil
import subprocess

from bgp_peer import COMMUNITY, LARGE, MED, OURS, PREFIX, PREFIX6, THEIRS, THEIRS6, Peer, Route
from cases import Skipped
from lab import LabError, wait_until

BGPD = "/usr/lib/frr/bgpd"


def need_frr():
    """A skip where FRR is not installed."""
    if not os.path.exists(BGPD) or not shutil.which("vtysh"):
        raise Skipped("FRR is not installed (Debian package frr)")


class Frr:
    """One bgpd. The configuration is FRR's text."""

    def __init__(self, lab, namespace, configuration):
        need_frr()
        self.lab = lab
        self.namespace = namespace
        self.folder = lab.path("frr-" + namespace)
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, "bgpd.conf")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("log file %s/bgpd.log debugging\n%s\n" % (self.folder, configuration))
        self.process = None
        self.start()

    def start(self):
        """Starts bgpd (again)."""
        socket = os.path.join(self.folder, "bgpd.vty")
        if os.path.exists(socket):
            os.unlink(socket)
        self.process = self.lab.start(self.namespace, BGPD, "-S", "-Z", "-f", self.path, "-i", self.folder + "/pid", "-P", "0",
                                      "--vty_socket", self.folder)
        if not wait_until(lambda: os.path.exists(socket) or not self.process.alive(), 10) or not self.process.alive():
            raise LabError("bgpd did not come up: " + self.process.output())

    def vtysh(self, *commands):
        """Commands; gives their output."""
        words = [word for command in commands for word in ("-c", command)]
        return self.lab.run(self.namespace, "vtysh", "--vty_socket", self.folder, "-d", "bgpd", *words, check=False)

    def show(self, command):
        """A show command in JSON."""
        text = self.vtysh(command + " json")
        try:
            return json.loads(text)
        except ValueError:
            return {}

    def log(self):
        """What bgpd wrote into its log."""
        try:
            with open(self.folder + "/bgpd.log", encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def neighbor(self, address):
        """What bgpd knows of a neighbor."""
        return self.show("show bgp neighbors " + address).get(address, {})

    def established(self, address):
        """Whether the session is up."""
        return self.neighbor(address).get("bgpState") == "Established"


CONFIGURATION = """
debug bgp neighbor-events
router bgp %(asn)d
 bgp router-id %(theirs)s
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor %(ours)s remote-as %(our_asn)d
 neighbor %(ours)s timers %(keepalive)d %(hold)d
 neighbor %(ours)s timers connect 2
%(options)s
 address-family ipv4 unicast
  network %(prefix)s
%(many)s
  neighbor %(ours)s route-map out out
%(orf)s
%(limit)s
 exit-address-family
 address-family ipv6 unicast
  network %(prefix6)s
  neighbor %(ours)s activate
  neighbor %(ours)s route-map out6 out
 exit-address-family
ip prefix-list marked permit %(prefix)s
route-map out permit 10
 match ip address prefix-list marked
 set metric %(med)d
 set community %(community)s
 set large-community %(large)s
 set as-path prepend %(asn)d
route-map out permit 20
route-map out6 permit 10
 set ipv6 next-hop global %(theirs6)s
"""


class FrrPeer(Peer):
    """FRR in the BGP cases."""

    name = "frr"
    package = "frr"
    program = BGPD
    only_all = False
    said_limit = "Maximum Number of Prefixes Reached"
    said_hold = "Hold Timer Expired"
    early_end_of_rib = True  # 8.4 without zebra

    def __init__(self, lab, wants):
        super().__init__(lab, wants)
        options = [" neighbor %s passive" % OURS] if wants.passive else []
        options += [" neighbor %s password %s" % (OURS, wants.password)] if wants.password else []
        options += [" neighbor %s ttl-security hops 1" % OURS] if wants.ttl_security else []
        options += [" bgp graceful-restart\n bgp graceful-restart preserve-fw-state"] if wants.restart else []
        self.frr = Frr(lab, "r", CONFIGURATION % {
            "prefix": PREFIX, "prefix6": PREFIX6, "community": COMMUNITY, "large": LARGE, "med": MED, "asn": wants.asn,
            "our_asn": wants.our_asn, "theirs": THEIRS, "ours": OURS, "theirs6": THEIRS6, "hold": wants.hold,
            "keepalive": wants.hold // 3, "options": "\n".join(options + [wants.extra]),
            "orf": "  neighbor %s capability orf prefix-list both" % OURS if wants.orf else "",
            "limit": "  neighbor %s maximum-prefix %d" % (OURS, wants.limit) if wants.limit else "",
            "many": "\n".join("  network 203.0.113.%d/32" % i for i in range(1, wants.routes))})

    @staticmethod
    def version():
        return subprocess.run([BGPD, "--version"], capture_output=True, text=True, check=False).stdout.split()[2]

    def begin(self, again=False):
        self.frr.start()

    @property
    def process(self):
        return self.frr.process

    def established(self):
        return self.frr.established(OURS)

    def learned(self, prefix):
        paths = self.frr.show("show bgp %s unicast %s" % ("ipv6" if ":" in prefix else "ipv4", prefix)).get("paths", [])
        if not paths:
            return None
        path = paths[0]
        return Route([int(word) for word in path["aspath"]["string"].split() if word.isdigit()], path.get("metric", 0),
                     set(path.get("community", {}).get("string", "").split()),
                     set(path.get("largeCommunity", {}).get("string", "").split()), path["nexthops"][0].get("ip", ""))

    def withdraw(self):
        self.frr.vtysh("configure", "router bgp", "address-family ipv4 unicast", "no network " + PREFIX, "exit",
                       "address-family ipv6 unicast", "no network " + PREFIX6)

    def refresh(self):
        self.frr.vtysh("clear bgp ipv4 unicast %s soft in" % OURS)

    def shut(self, text):
        self.frr.vtysh("configure", "router bgp", "neighbor %s shutdown message %s" % (OURS, text))

    def saw(self, text):
        return text in self.frr.log() or text in str(self.frr.neighbor(OURS))
