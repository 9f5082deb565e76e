# SPDX-License-Identifier: Apache-2.0
"""GoBGP's gobgpd in a namespace, steered by gobgp (over gRPC, on the namespace's own loopback)."""
import json
import os
import subprocess

from bgp_peer import COMMUNITY, LARGE, MED, OURS, PREFIX, PREFIX6, THEIRS, THEIRS6, Peer, Route
from lab import LabError, wait_until

CONFIGURATION = """
[global.config]
  as = %(asn)d
  router-id = "%(theirs)s"
  local-address-list = ["%(theirs)s"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "%(ours)s"
    peer-as = %(our_asn)d
    %(password)s
  [neighbors.timers.config]
    connect-retry = 2
    hold-time = %(hold)d
    keepalive-interval = %(keepalive)d
  [neighbors.transport.config]
    local-address = "%(theirs)s"
    passive-mode = %(passive)s
%(options)s
"""
FAMILY = """
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "%s-unicast"
"""
FAMILY_RESTART = """
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
"""
LIMIT = """
    [neighbors.afi-safis.prefix-limit.config]
      max-prefixes = %d
"""
RESTART = """
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 60
"""
TTL = """
  [neighbors.ttl-security.config]
    enabled = true
    ttl-min = 255
"""


class GoBgpPeer(Peer):
    """GoBGP in the BGP cases."""

    name = "gobgp"
    package = "gobgpd"
    program = "gobgpd"
    cannot = {"refresh_asked": "GoBGP keeps what it received and never asks"}
    said_limit = "aximum number of prefixes reached"
    said_hold = "hold timer expired"

    def __init__(self, lab, wants):
        super().__init__(lab, wants)
        self.folder = lab.path("gobgp")
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, "gobgpd.toml")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self._text())
        self.begin()

    @staticmethod
    def version():
        return subprocess.run(["gobgpd", "--version"], capture_output=True, text=True, check=False).stdout.split()[-1]

    def _text(self):
        wants = self.wants
        options = (TTL if wants.ttl_security else "") + (RESTART if wants.restart else "") + wants.extra
        for family in ("ipv4", "ipv6"):
            options += FAMILY % family + (FAMILY_RESTART if wants.restart else "")
            options += LIMIT % wants.limit if wants.limit and family == "ipv4" else ""
        return CONFIGURATION % {"asn": wants.asn, "our_asn": wants.our_asn, "theirs": THEIRS, "ours": OURS, "hold": wants.hold,
                                "keepalive": wants.hold // 3, "passive": str(wants.passive).lower(), "options": options,
                                "password": 'auth-password = "%s"' % wants.password if wants.password else ""}

    def begin(self, again=False):
        self.process = self.lab.start("r", "gobgpd", "-f", self.path, "-p", "-l", "debug", "--pprof-disable",
                                      *(["-r"] if again else []))
        if not wait_until(lambda: "neighbor" in self.run("neighbor", "-j").lower() or not self.process.alive(), 15, 0.2) or \
                not self.process.alive():
            raise LabError("gobgpd did not come up: " + self.process.output()[-600:])
        self._announce("add")
        for i in range(1, self.wants.routes):
            self.run("global", "rib", "add", "203.0.113.%d/32" % i)

    def _announce(self, word):
        path = ["aspath", str(self.wants.asn)] if word == "add" else []
        attributes = ["origin", "igp", *path, "med", str(MED), "community", COMMUNITY, "large-community", LARGE]
        self.run("global", "rib", word, PREFIX, *(attributes if word == "add" else []))
        self.run("global", "rib", word, PREFIX6, "-a", "ipv6", *(["origin", "igp", "nexthop", THEIRS6] if word == "add" else []))

    def run(self, *words):
        """One gobgp command; gives its output."""
        return self.lab.run("r", "gobgp", *words, check=False)

    def _json(self, *words):
        try:
            return json.loads(self.run(*words, "-j"))
        except ValueError:
            return {}

    def established(self):
        state = self._json("neighbor", OURS)
        return isinstance(state, dict) and state.get("state", {}).get("session_state") == 6

    def learned(self, prefix):
        answer = self._json("global", "rib", prefix, "-a", "ipv6" if ":" in prefix else "ipv4")
        paths = answer.get(prefix, []) if isinstance(answer, dict) else []
        return _route(paths[0]["attrs"]) if paths else None

    def withdraw(self):
        self._announce("del")

    def refresh(self):
        self.run("neighbor", OURS, "softresetin")

    def shut(self, text):
        self.run("neighbor", OURS, "shutdown", "--reason=" + text)

    def saw(self, text):
        return text in self.process.output() or text in self.run("neighbor", OURS)


def _route(attributes):
    """A Route of GoBGP's attributes in JSON."""
    by_type = {item["type"]: item for item in attributes}
    path = [asn for segment in by_type.get(2, {}).get("as_paths", []) for asn in segment["asns"]]
    communities = {"%d:%d" % (word >> 16, word & 0xFFFF) for word in by_type.get(8, {}).get("communities", [])}
    large = {"%d:%d:%d" % (word["ASN"], word["LocalData1"], word["LocalData2"]) for word in by_type.get(32, {}).get("value", [])}
    hop = by_type.get(3, by_type.get(14, {})).get("nexthop", "")
    return Route(path, by_type.get(4, {}).get("metric", 0), communities, large, hop)
