# SPDX-License-Identifier: Apache-2.0
"""BIRD 2 in a namespace, steered by birdc: with any configuration, and as the peer of the BGP cases."""
import os
import re
import subprocess

from bgp_peer import COMMUNITY, LARGE, MED, OURS, PREFIX, PREFIX6, THEIRS, THEIRS6, Peer, Route
from lab import LabError, wait_until


class Bird:
    """One bird daemon. The configuration is text, as in BIRD's manual; router id and the device protocol are added."""

    def __init__(self, lab, namespace, router_id, configuration):
        self.lab = lab
        self.namespace = namespace
        self.folder = lab.path("bird-" + namespace)
        os.makedirs(self.folder)
        self.socket = os.path.join(self.folder, "ctl")
        self.path = os.path.join(self.folder, "bird.conf")
        self.router_id = router_id
        self._write(configuration)
        self.process = None
        self.start()

    def start(self, *options):
        """Starts it (again); -R tells it that it comes back after a crash."""
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = self.lab.start(self.namespace, "bird", "-f", "-c", self.path, "-s", self.socket, "-P", self.folder + "/pid",
                                      *options)
        if not wait_until(lambda: os.path.exists(self.socket) or not self.process.alive(), 10) or not self.process.alive():
            raise LabError("bird did not come up: " + self.process.output())

    def _write(self, configuration):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write('log "%s/bird.log" all;\nrouter id %s;\nprotocol device { scan time 1; }\n%s\n' %
                       (self.folder, self.router_id, configuration))

    def birdc(self, *words, check=True):
        """One command; gives its output."""
        return self.lab.run(self.namespace, "birdc", "-s", self.socket, *words, check=check)

    def configure(self, configuration):
        """Replaces the configuration."""
        self._write(configuration)
        return self.birdc("configure")

    def established(self, protocol):
        """Whether a BGP session is up."""
        return any(line.split()[0] == protocol and "Established" in line for line in self.birdc("show", "protocols").splitlines()
                   if line.split())

    def routes(self):
        """Prefixes in its table."""
        return {line.split()[0] for line in self.birdc("show", "route").splitlines() if "/" in line.split(" ")[0]}

    def log(self):
        """What it wrote into its log."""
        with open(self.folder + "/bird.log", encoding="utf-8", errors="replace") as file:
            return file.read()


CONFIGURATION = """
protocol static s4 { ipv4; route %(prefix)s blackhole { bgp_community.add((%(community)s));
  bgp_large_community.add((%(large)s)); bgp_path.prepend(%(asn)d); }; %(many)s }
protocol static s6 { ipv6; route %(prefix6)s blackhole; }
protocol bgp p { local %(theirs)s as %(asn)d; neighbor %(ours)s as %(our_asn)d; hold time %(hold)d; connect retry time 2;
  connect delay time 1; error wait time 1,2; %(options)s
  ipv4 { import all; export filter { if source != RTS_STATIC then reject; if net = %(prefix)s then bgp_med = %(med)d; accept; };
    %(limit)s };
  ipv6 { import all; export where source = RTS_STATIC; next hop address %(theirs6)s; }; }
"""


def _pairs(text, name, parts):
    """BIRD's "(65001,7) (65001, 7, 8)" after a name, as colon texts."""
    found = re.search(r"BGP\.%s: (.*)" % name, text)
    numbers = re.findall(r"\(([0-9, ]+)\)", found.group(1)) if found else []
    return {":".join(word.strip() for word in item.split(",")) for item in numbers if item.count(",") == parts - 1}


class BirdPeer(Peer):
    """BIRD in the BGP cases."""

    name = "bird"
    package = "bird2"
    program = "bird"
    only_all = False
    said_limit = "Maximum number of prefixes reached"
    said_hold = "Hold timer expired"

    def __init__(self, lab, wants):
        super().__init__(lab, wants)
        self.bird = Bird(lab, "r", THEIRS, self.text())

    @staticmethod
    def version():
        return subprocess.run(["bird", "--version"], capture_output=True, text=True, check=False).stderr.split()[-1]

    def text(self):
        """Its configuration."""
        wants = self.wants
        options = "passive yes;" if wants.passive else ""
        options += 'password "%s";' % wants.password if wants.password else ""
        options += "ttl security on;" if wants.ttl_security else ""
        options += "graceful restart on;" if wants.restart else ""
        return CONFIGURATION % {
            "prefix": PREFIX, "prefix6": PREFIX6, "community": COMMUNITY.replace(":", ","), "large": LARGE.replace(":", ","),
            "med": MED, "asn": wants.asn, "our_asn": wants.our_asn, "theirs": THEIRS, "ours": OURS, "theirs6": THEIRS6,
            "hold": wants.hold, "options": options + wants.extra,
            "limit": "import limit %d action disable;" % wants.limit if wants.limit else "",
            "many": "\n".join("route 203.0.113.%d/32 blackhole;" % i for i in range(1, wants.routes))}

    def begin(self, again=False):
        self.bird.start(*(["-R"] if again else []))

    @property
    def process(self):
        return self.bird.process

    def established(self):
        return self.bird.established("p")

    def learned(self, prefix):
        text = self.bird.birdc("show", "route", prefix, "all", check=False)
        path = re.search(r"BGP\.as_path:(.*)", text)
        if not path:
            return None
        med, hop = re.search(r"BGP\.med: (\d+)", text), re.search(r"BGP\.next_hop: (\S+)", text)
        return Route([int(word) for word in path.group(1).split()], int(med.group(1)) if med else 0,
                     _pairs(text, "community", 2), _pairs(text, "large_community", 3), hop.group(1) if hop else "")

    def withdraw(self):
        self.bird.birdc("disable", "s4")
        self.bird.birdc("disable", "s6")

    def refresh(self):
        self.bird.birdc("reload", "in", "p")

    def shut(self, text):
        self.bird.birdc("disable", "p", '"%s"' % text)

    def saw(self, text):
        return text in self.bird.log()
