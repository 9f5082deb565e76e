# SPDX-License-Identifier: Apache-2.0
"""Our BGP speaker alone (tests/interop/bgp_probe.c, no gateway, no tunnel) against BIRD 2 and FRR over a plain link: routes both
ways with their attributes as the peer's own tools show them, withdrawal, limits, keys, restart, farewell."""
import functools
import os
import signal
import time

from bird import Bird
from cases import expect
from frr import Frr
from lab import Lab, wait_until

OURS, THEIRS = "192.0.2.1", "192.0.2.2"
OURS6, THEIRS6 = "2001:db8::1", "2001:db8::2"


class Probe:
    """bgp_probe in a namespace."""

    def __init__(self, lab, program, *options, local=OURS, peer=THEIRS, asn=65001, peer_asn=65002):
        self.process = lab.start("l", program, local, peer, asn, peer_asn, *options, needs_input=True,
                                 environment={"ASAN_OPTIONS": "detect_leaks=0"})

    def say(self, line):
        """A command; gives its answer."""
        before = len(self.process.output())
        self.process.popen.stdin.write((line + "\n").encode())
        self.process.popen.stdin.flush()
        wait_until(lambda: "\nend\n" in "\n" + self.process.output()[before:], 5)
        return self.process.output()[before:]

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


class BirdPeer:
    """BIRD with a session to us; announces 198.51.100.0/24 and 2001:db8:100::/48 with attributes."""

    name = "bird"

    def __init__(self, lab, passive=False, extra="", limit="", routes=1, asn=65002):
        self.lab = lab
        self.asn = asn
        self.passive = passive
        self.extra = extra
        self.limit = limit
        self.bird = Bird(lab, "r", THEIRS, self._text(routes))

    def _text(self, routes):
        many = "\n".join("route 203.0.113.%d/32 blackhole;" % i for i in range(1, routes))
        return """
protocol static s4 { ipv4; route 198.51.100.0/24 blackhole { bgp_community.add((65002,7));
  bgp_large_community.add((65002,8,9)); bgp_path.prepend(65002); }; %s }
protocol static s6 { ipv6; route 2001:db8:100::/48 blackhole; }
protocol bgp p { local %s as %d; neighbor %s as 65001; hold time 30; connect retry time 2; error wait time 1,2; %s %s
  ipv4 { import all; export filter { if source != RTS_STATIC then reject; if net = 198.51.100.0/24 then bgp_med = 33; accept; }; %s };
  ipv6 { import all; export where source = RTS_STATIC; next hop address %s; }; }
""" % (many, THEIRS, self.asn, OURS, "passive yes;" if self.passive else "", self.extra, self.limit, THEIRS6)

    def established(self):
        """Whether the session is up."""
        return self.bird.established("p")

    def route(self, prefix):
        """BIRD's own words about a route that we announced."""
        return self.lab.run("r", "birdc", "-s", self.bird.socket, "show", "route", prefix, "all", check=False)

    def sees(self, prefix, path, med, community, large):
        """Whether a route is there with these attributes."""
        text = self.route(prefix)
        wanted = ["BGP.as_path: " + path, "BGP.next_hop: " + (OURS if ":" not in prefix else ""), "BGP.origin: IGP"]
        wanted += ["BGP.med: %d" % med] if med else []
        wanted += ["BGP.community: (%s)" % community] if community else []
        wanted += ["BGP.large_community: (%s)" % large] if large else []
        return all(word in text for word in wanted)

    def gone(self, prefix):
        """Whether it is withdrawn."""
        return "BGP.as_path" not in self.route(prefix)

    def withdraw_all(self):
        """Takes its IPv4 routes back."""
        self.bird.birdc("disable", "s4")

    def shut(self, text):
        """An administrative shutdown with a message."""
        self.bird.birdc("disable", "p", '"%s"' % text)

    def saw(self, text):
        """Whether its log holds a text."""
        with open(self.bird.folder + "/bird.log", encoding="utf-8", errors="replace") as file:
            return text in file.read()

    said_limit = "Maximum number of prefixes reached"

    def restart(self):
        """Dies without a word and comes back."""
        self.bird.process.send(signal.SIGKILL)
        wait_until(lambda: not self.bird.process.alive(), 5)
        time.sleep(0.5)
        os.unlink(self.bird.socket)
        self.bird.process = self.lab.start("r", "bird", "-f", "-c", self.bird.path, "-s", self.bird.socket, "-P",
                                           self.bird.folder + "/pid", "-R")
        wait_until(lambda: os.path.exists(self.bird.socket), 5)


class FrrPeer:
    """FRR with the same session and routes."""

    name = "frr"

    def __init__(self, lab, passive=False, extra="", limit="", routes=1, asn=65002):
        many = "\n".join("  network 203.0.113.%d/32" % i for i in range(1, routes))
        self.frr = Frr(lab, "r", """
router bgp %d
 bgp router-id %s
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor %s remote-as 65001
 neighbor %s timers 10 30
 neighbor %s timers connect 2
 %s
 %s
 address-family ipv4 unicast
  network 198.51.100.0/24
%s
  neighbor %s route-map out out
  neighbor %s soft-reconfiguration inbound
  %s
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:100::/48
  neighbor %s activate
  neighbor %s route-map out6 out
 exit-address-family
ip prefix-list marked permit 198.51.100.0/24
route-map out permit 10
 match ip address prefix-list marked
 set metric 33
 set community 65002:7
 set large-community 65002:8:9
 set as-path prepend 65002
route-map out permit 20
route-map out6 permit 10
 set ipv6 next-hop global %s
""" % (asn, THEIRS, OURS, OURS, OURS, "neighbor %s passive" % OURS if passive else "", extra, many, OURS, OURS, limit, OURS, OURS,
            THEIRS6))

    def established(self):
        """Whether the session is up."""
        return self.frr.established(OURS)

    def route(self, prefix):
        """FRR's own words about a route that we announced."""
        return self.frr.show("show bgp %s unicast %s" % ("ipv6" if ":" in prefix else "ipv4", prefix))

    def sees(self, prefix, path, med, community, large):
        """Whether a route is there with these attributes."""
        paths = self.route(prefix).get("paths", [])
        if not paths:
            return False
        first = paths[0]
        return (first["aspath"]["string"] == path and first["origin"] == "IGP" and (not med or first.get("metric") == med)
                and (not community or community.replace(",", ":") in first.get("community", {}).get("string", ""))
                and (not large or large.replace(", ", ":") in first.get("largeCommunity", {}).get("string", "")))

    def gone(self, prefix):
        """Whether it is withdrawn."""
        return not self.route(prefix).get("paths")

    def withdraw_all(self):
        """Takes its IPv4 routes back."""
        self.frr.vtysh("configure", "router bgp", "address-family ipv4 unicast", "no network 198.51.100.0/24")

    def shut(self, text):
        """An administrative shutdown with a message."""
        self.frr.vtysh("configure", "router bgp", "neighbor %s shutdown message %s" % (OURS, text))

    def saw(self, text):
        """Whether its log or its neighbor's state holds a text."""
        return text in self.frr.log() or text in str(self.frr.neighbor(OURS))

    said_limit = "Maximum Number of Prefixes Reached"

    def restart(self):
        """Dies without a word and comes back."""
        self.frr.process.send(signal.SIGKILL)
        wait_until(lambda: not self.frr.process.alive(), 5)
        time.sleep(0.5)
        os.unlink(self.frr.folder + "/bgpd.vty")
        self.frr.start()


def ground(lab):
    """Two namespaces and a cable."""
    lab.namespace("l")
    lab.namespace("r")
    lab.link("l", "eth0", [OURS + "/24", OURS6 + "/64"], "r", "eth0", [THEIRS + "/24", THEIRS6 + "/64"])


def up(probe, peer, seconds=20):
    """Waits for the session."""
    expect(wait_until(lambda: probe.established() and peer.established(), seconds, step=0.2),
           "the session did not come up: " + probe.process.output()[-600:])


def exchange(program, kind, role, folder):
    """Routes with attributes both ways, a policy, withdrawal both ways, refresh, farewell."""
    with Lab("bgp-" + kind.name, folder) as lab:
        ground(lab)
        peer = kind(lab, passive=role == "active")
        probe = Probe(lab, program, "ipv6=" + OURS6, *(["passive"] if role == "passive" else []))
        for prefix in ("10.1.0.0/16", "10.2.0.0/16", "2001:db8:1::/48"):
            probe.say("originate " + prefix)
        up(probe, peer)
        expect(wait_until(lambda: peer.sees("10.1.0.0/16", "65001", 0, "", ""), 5), "our route is not there")
        expect(wait_until(lambda: peer.sees("2001:db8:1::/48", "65001", 0, "", ""), 5), "our IPv6 route is not there")
        line = wait_until(lambda: probe.route("198.51.100.0/24"), 5)
        for word in ("via " + THEIRS, "path [65002 65002]", "med 33", "[65002:7]", "[65002:8:9]", "accepted best"):
            expect(word in line, "no %s in: %s" % (word, line))
        expect(THEIRS6 in wait_until(lambda: probe.route("2001:db8:100::/48"), 5), "the IPv6 route is not here")
        probe.say("policy-out 10.1.0.0/16 77 4259905543 2")  # 65001:7
        expect(wait_until(lambda: peer.sees("10.1.0.0/16", "65001 65001 65001", 77, "65001,7", "65001, 7, 8"), 5),
               "the policy does not show: %s" % peer.route("10.1.0.0/16"))
        probe.say("steer 5 1")
        expect(wait_until(lambda: peer.sees("10.2.0.0/16", "65001 65001", 5, "", ""), 5), "steering does not show")
        expect("refresh 0" in probe.say("refresh"), "no route refresh")
        probe.say("withdraw 10.2.0.0/16")
        expect(wait_until(lambda: peer.gone("10.2.0.0/16"), 5), "our withdrawal was not seen")
        peer.withdraw_all()
        expect(wait_until(lambda: not probe.route("198.51.100.0/24"), 5), "its withdrawal was not seen")
        expect("flaps 0 " in probe.say("status"), "the session flapped")
        probe.say("stop moving to another host")
        expect(wait_until(lambda: peer.saw("moving to another host"), 5), "our shutdown communication was not seen")
        probe.say("start")
        up(probe, peer, 40)
        peer.shut("maintenance-tonight")
        expect(wait_until(lambda: "maintenance-tonight" in probe.say("status"), 5), "its shutdown communication was not seen")
        expect(probe.quit(), "the probe did not end well")


def internal(program, kind, folder):
    """One AS at both ends."""
    with Lab("bgp-ibgp", folder) as lab:
        ground(lab)
        peer = kind(lab, asn=65001) if kind is BirdPeer else kind(lab, asn=65001)
        probe = Probe(lab, program, peer_asn=65001)
        probe.say("originate 10.1.0.0/16")
        up(probe, peer)
        expect(wait_until(lambda: peer.sees("10.1.0.0/16", "" if kind is BirdPeer else "Local", 0, "", "") or
                          peer.sees("10.1.0.0/16", "", 0, "", ""), 5), "our route is not there: %s" % peer.route("10.1.0.0/16"))
        expect(wait_until(lambda: probe.route("198.51.100.0/24"), 5), "its route is not here")


def our_limit(program, kind, folder):
    """More prefixes than we allow: Cease, seen by the peer."""
    with Lab("bgp-limit", folder) as lab:
        ground(lab)
        peer = kind(lab, routes=9)
        probe = Probe(lab, program, "max=5")
        expect(wait_until(lambda: "prefix-limit" in probe.process.output(), 20), "the limit was not seen")
        expect(wait_until(lambda: peer.saw(peer.said_limit), 10), "the peer does not say so")
        expect(not probe.established(), "the session stayed")


def their_limit(program, kind, folder):
    """More prefixes than the peer allows: its Cease, understood."""
    with Lab("bgp-limit2", folder) as lab:
        ground(lab)
        limit = "import limit 2 action disable;" if kind is BirdPeer else "neighbor %s maximum-prefix 2" % OURS
        kind(lab, limit=limit)
        probe = Probe(lab, program)
        for i in range(4):
            probe.say("originate 10.%d.0.0/16" % i)
        expect(wait_until(lambda: "notification-received" in probe.process.output() and "6/1" in probe.process.output(), 20),
               "no Cease: " + probe.process.output()[-400:])


def md5(program, kind, folder):
    """TCP MD5 (RFC 2385): the right key, then a wrong one."""
    with Lab("bgp-md5", folder) as lab:
        ground(lab)
        extra = 'password "right";' if kind is BirdPeer else "neighbor %s password right" % OURS
        peer = kind(lab, extra=extra)
        probe = Probe(lab, program, "md5=right")
        up(probe, peer)
        expect(probe.quit(), "the probe did not end well")
        wrong = Probe(lab, program, "md5=wrong")
        time.sleep(4)
        expect(not wrong.established(), "a wrong key was taken")


def gtsm(program, kind, folder):
    """TTL security (RFC 5082), one hop."""
    with Lab("bgp-gtsm", folder) as lab:
        ground(lab)
        extra = "ttl security on; multihop 1;" if kind is BirdPeer else "neighbor %s ttl-security hops 1" % OURS
        extra = "ttl security on;" if kind is BirdPeer else extra
        peer = kind(lab, extra=extra)
        probe = Probe(lab, program, "gtsm")
        up(probe, peer)


def restart(program, kind, folder):
    """The peer dies and comes back: its routes stay, as stale ones, until it told them again. Then we lose the stream: so do ours there."""
    with Lab("bgp-gr", folder) as lab:
        ground(lab)
        extra = "graceful restart on;" if kind is BirdPeer else "bgp graceful-restart\n bgp graceful-restart preserve-fw-state"
        peer = kind(lab, extra=extra)
        probe = Probe(lab, program, "gr")
        probe.say("originate 10.1.0.0/16")
        up(probe, peer)
        expect("gr 1" in probe.say("status"), "graceful restart was not negotiated: " + probe.say("status"))
        expect(wait_until(lambda: probe.route("198.51.100.0/24"), 5), "its route is not here")
        peer.restart()
        expect("route 198.51.100.0/24 none" not in probe.process.output(), "the route went when the peer restarted")
        expect(wait_until(lambda: " best stale" in probe.route("198.51.100.0/24"), 5), "the route is not stale")
        up(probe, peer, 40)
        expect(wait_until(lambda: "accepted best:" in probe.route("198.51.100.0/24"), 20), "the route is not fresh again")
        if kind is BirdPeer:  # FRR 8.4 without zebra ends its first round before its own routes are in its table
            expect("route 198.51.100.0/24 none" not in probe.process.output(), "the route went in between")
        expect(wait_until(lambda: peer.sees("10.1.0.0/16", "65001", 0, "", ""), 5), "our route is not there again")
        probe.say("drop")
        expect(not peer.gone("10.1.0.0/16"), "our route went with the stream")
        up(probe, peer, 40)
        expect(peer.sees("10.1.0.0/16", "65001", 0, "", ""), "our route is gone")


PEERS = (BirdPeer, FrrPeer)
PLAIN = (internal, our_limit, their_limit, md5, gtsm, restart)


def cases(build):
    """[(name, function of a folder)]."""
    program = os.path.join(build, "tests", "bgp_probe")
    found = []
    for kind in PEERS:
        for role in ("active", "passive"):
            found.append(("bgp_%s_%s" % (kind.name, role), functools.partial(exchange, program, kind, role)))
        found += [("bgp_%s_%s" % (kind.name, case.__name__), functools.partial(case, program, kind)) for case in PLAIN]
    return found
