# SPDX-License-Identifier: Apache-2.0
"""OpenBGPD in a namespace, steered by bgpctl. It installs nothing in the kernel here."""
import json
import os
import subprocess

from bgp_peer import COMMUNITY, LARGE, MED, OURS, OURS6, PREFIX, PREFIX6, THEIRS, THEIRS6, Peer, Route
from lab import LabError, wait_until

BGPD = "/usr/sbin/bgpd"
EMPTY = "/run/openbgpd"  # where its processes are locked in (the home of its user); its service would make it
CONFIGURATION = """
AS %(asn)d%(short)s
router-id %(theirs)s
listen on %(them)s
fib-update no
connect-retry 2
holdtime %(hold)d
holdtime min 3
log updates
socket "%(socket)s"
network %(prefix)s set { metric %(med)d community %(community)s large-community %(large)s }
network %(prefix6)s
%(many)s
neighbor %(us)s {
    remote-as %(our_asn)d
    descr "us"
    local-address %(them)s
    announce IPv4 unicast
    announce IPv6 unicast
    %(options)s
}
allow from any
allow to any
match to any prefix %(prefix)s set prepend-self 1
"""


class OpenBgpdPeer(Peer):
    """OpenBGPD in the BGP cases."""

    name = "openbgpd"
    package = "openbgpd"
    program = BGPD
    cannot = {"refresh_answered": "it refuses each request as not negotiated, BIRD's too",
              "restart": "OpenBGPD announces graceful restart for no family: it helps, but does not restart so"}
    roles = {"md5": ("passive",)}
    notes = {"md5": "on Linux its listening socket takes no keys", "ipv6": "over a session of IPv6: it announces ::1 otherwise"}
    six = True
    said_limit = "prefix"
    said_hold = "HoldTimer expired"

    def __init__(self, lab, wants):
        super().__init__(lab, wants)
        self.us = OURS6 if wants.six else OURS
        self.folder = lab.path("openbgpd")
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, "bgpd.conf")
        self.socket = os.path.join(self.folder, "ctl")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self._text())
        os.chmod(self.path, 0o600)
        self.begin()

    @staticmethod
    def version():
        text = subprocess.run([BGPD, "-V"], capture_output=True, text=True, check=False)
        return (text.stdout + text.stderr).split()[-1]

    def _text(self):
        wants = self.wants
        options = ["passive"] if wants.passive else []
        options += ['tcp md5sig password "%s"' % wants.password] if wants.password else []
        options += ["ttl-security yes"] if wants.ttl_security else []
        options += ["max-prefix %d" % wants.limit] if wants.limit else []
        options += ["announce restart yes"] if wants.restart else ["announce restart no"]
        return CONFIGURATION % {
            "prefix": PREFIX, "prefix6": PREFIX6, "community": COMMUNITY, "large": LARGE, "med": MED, "asn": wants.asn,
            "us": self.us, "them": THEIRS6 if wants.six else THEIRS, "short": " 65002" if wants.asn > 65535 else "", "our_asn": wants.our_asn, "theirs": THEIRS, "ours": OURS,
            "theirs6": THEIRS6, "hold": wants.hold, "options": "\n    ".join(options + [wants.extra]), "socket": self.socket,
            "many": "\n".join("network 203.0.113.%d/32" % i for i in range(1, wants.routes))}

    def begin(self, again=False):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        os.makedirs(EMPTY, exist_ok=True)
        self.process = self.lab.start("r", BGPD, "-d", "-v", "-f", self.path)
        if not wait_until(lambda: os.path.exists(self.socket) or not self.process.alive(), 10) or not self.process.alive():
            raise LabError("bgpd did not come up: " + self.process.output()[-600:])

    def bgpctl(self, *words):
        """One command; gives its output."""
        return self.lab.run("r", "bgpctl", "-s", self.socket, *words, check=False)

    def _json(self, *words):
        try:
            return json.loads(self.bgpctl("-j", *words))
        except ValueError:
            return {}

    def established(self):
        return any(item.get("state") == "Established" for item in self._json("show", "neighbor", self.us).get("neighbors", []))

    def learned(self, prefix):
        rib = [item for item in self._json("show", "rib", "inet6" if ":" in prefix else "inet", "detail").get("rib", [])
               if item.get("prefix") == prefix]
        if not rib:
            return None
        path = rib[0]
        return Route([int(word) for word in path.get("aspath", "").split()], path.get("metric", 0),
                     set(path.get("communities", [])), set(path.get("large_communities", [])),
                     path.get("exit_nexthop", ""))

    def withdraw(self):
        self.bgpctl("network", "delete", PREFIX)
        self.bgpctl("network", "delete", PREFIX6)

    def refresh(self):
        self.bgpctl("neighbor", self.us, "refresh")

    def shut(self, text):
        self.bgpctl("neighbor", self.us, "down", text)

    def saw(self, text):
        return text in self.process.output() or text in self.bgpctl("show", "neighbor", self.us)
