# SPDX-License-Identifier: Apache-2.0
"""ExaBGP in a namespace. It has no table: what it heard is told to a program of ours as JSON, and kept here."""
import json
import os
import subprocess

from bgp_peer import COMMUNITY, LARGE, MED, OURS, PREFIX, PREFIX6, THEIRS, THEIRS6, Peer, Route
from lab import LabError, wait_until

CONFIGURATION = """
process ear {
    run /bin/sh %(folder)s/ear.sh;
    encoder json;
}
neighbor %(ours)s {
    router-id %(theirs)s;
    local-address %(theirs)s;
    local-as %(asn)d;
    peer-as %(our_asn)d;
    hold-time %(hold)d;
    %(options)s
    capability {
        %(asn4)s
        route-refresh enable;
        %(capabilities)s
    }
    family {
        ipv4 unicast;
        ipv6 unicast;
    }
    api {
        processes [ ear ];
        neighbor-changes;
        receive { parsed; update; notification; open; refresh; }
    }
    announce {
        ipv4 {
            unicast %(prefix)s next-hop self origin igp as-path [ %(path)s ] med %(med)d community [%(community)s] large-community [%(large)s];
%(many)s
        }
        ipv6 {
            unicast %(prefix6)s next-hop %(theirs6)s origin igp;
        }
    }
}
"""
EAR = """tail -n +1 -f %(folder)s/commands &
exec cat >>%(folder)s/heard
"""


class ExaBgpPeer(Peer):
    """ExaBGP in the BGP cases."""

    name = "exabgp"
    package = "exabgp"
    program = "exabgp"
    cannot = {"their_limit": "ExaBGP has no limit of prefixes received",
              "stream_lost": "ExaBGP has no table in which our routes could stay",
              "shutdown_from_us": "it cannot decode a NOTIFICATION with a text (TypeError), and answers 1/0",
              "shutdown_communication": "it sends none"}
    said_limit = "aximum"
    said_hold = "Hold timer expired"

    def __init__(self, lab, wants):
        super().__init__(lab, wants)
        self.folder = lab.path("exabgp")
        os.makedirs(self.folder)
        for name, text in (("exabgp.conf", self._text()), ("ear.sh", EAR % {"folder": self.folder}), ("commands", ""), ("heard", "")):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.begin()

    @staticmethod
    def version():
        text = subprocess.run(["exabgp", "--version"], capture_output=True, text=True, check=False).stdout
        return next(line.split()[-1] for line in text.splitlines() if "ExaBGP" in line)

    def _text(self):
        wants = self.wants
        options = ["passive true;"] if wants.passive else []
        options += ['md5-password "%s";' % wants.password] if wants.password else []
        options += ["outgoing-ttl 255; incoming-ttl 255;"] if wants.ttl_security else []
        extra = wants.extra
        capabilities = "graceful-restart 60;" if wants.restart else ""
        many = "\n".join("            unicast 203.0.113.%d/32 next-hop self;" % i for i in range(1, wants.routes))
        return CONFIGURATION % {
            "folder": self.folder, "ours": OURS, "theirs": THEIRS, "theirs6": THEIRS6, "asn": wants.asn, "our_asn": wants.our_asn,
            "hold": wants.hold, "options": "\n    ".join(options), "asn4": "" if "asn4" in extra else "asn4 enable;", "capabilities": capabilities + extra, "prefix": PREFIX,
            "prefix6": PREFIX6, "med": MED, "community": COMMUNITY, "large": LARGE, "path": "%d %d" % (wants.asn, wants.asn),
            "many": many}

    def begin(self, again=False):
        # Commands are told again to a new process: it starts from an empty file.
        with open(self.folder + "/commands", "w", encoding="utf-8"):
            pass
        self.process = self.lab.start("r", "env", "exabgp.tcp.bind=" + THEIRS, "exabgp.daemon.user=root", "exabgp.api.cli=false",
                                      "exabgp.log.level=DEBUG", "exabgp.log.all=true", "exabgp.daemon.drop=false",
                                      "exabgp", self.folder + "/exabgp.conf")
        if not wait_until(lambda: "ear" in self.process.output() or not self.process.alive(), 15, 0.2) or not self.process.alive():
            raise LabError("exabgp did not come up: " + self.process.output()[-600:])

    def say(self, line):
        """A command of ExaBGP's API."""
        with open(self.folder + "/commands", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def heard(self):
        """What it told us, a dict each."""
        found = []
        with open(self.folder + "/heard", encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return [item for item in found if isinstance(item, dict)]

    def established(self):
        states = [item["neighbor"]["state"] for item in self.heard() if item.get("type") == "state"]
        return bool(states) and states[-1] == "up"

    def learned(self, prefix):
        found = None
        for item in self.heard():
            if item.get("type") == "state" and item["neighbor"]["state"] == "down":
                found = None
            update = item.get("neighbor", {}).get("message", {}).get("update", {}) if item.get("type") == "update" else {}
            if any(entry["nlri"] == prefix for entries in update.get("withdraw", {}).values() for entry in entries):
                found = None
            for hops in update.get("announce", {}).values():
                for hop, entries in hops.items():
                    if any(entry["nlri"] == prefix for entry in entries):
                        found = _route(update["attribute"], hop)
        return found

    def withdraw(self):
        self.say("withdraw route %s next-hop self" % PREFIX)
        self.say("withdraw route %s next-hop %s" % (PREFIX6, THEIRS6))

    def refresh(self):
        self.say("announce route-refresh ipv4 unicast")

    def shut(self, text):
        self.say("neighbor %s teardown 2" % OURS)

    def saw(self, text):
        return text in self.process.output() or text in str(self.heard())


def _route(attributes, hop):
    """A Route of ExaBGP's attributes in JSON."""
    return Route(attributes.get("as-path", []), attributes.get("med", 0),
                 {"%d:%d" % tuple(word) for word in attributes.get("community", [])},
                 {"%d:%d:%d" % tuple(word) for word in attributes.get("large-community", [])}, hop)
