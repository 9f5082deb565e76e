# SPDX-License-Identifier: Apache-2.0
"""Our BGP speaker alone (tests/interop/bgp_probe.c, no gateway, no tunnel) against real daemons over a plain link. Each case of
the table below meets each peer, in each role of the case; its first line of text is what the matrix says. What a peer cannot do
stands in its own file (`cannot`)."""
import functools
import os
import shutil
import time

import bgp_wire
from bgp_peer import COMMUNITY, LARGE, MED, OURS, OURS6, PREFIX, PREFIX6, THEIRS, THEIRS6, Probe, Wants, cut, ground, up
from bird import BirdPeer
from cases import Cannot, Skipped, expect, only_with_all
from exabgp import ExaBgpPeer
from frr import FrrPeer
from gobgp import GoBgpPeer
from lab import Lab, wait_until
from matrix import PeerCase
from openbgpd import OpenBgpdPeer

ROLES = {"active": "we connect", "passive": "peer connects", "both": "either connects"}


class Meeting(Lab):
    """The ground with a peer and our speaker on it."""

    def __init__(self, program, kind, role, folder, options=(), **wants):
        super().__init__("bgp-" + kind.name, folder)
        self.program = program
        self.options = [*options, *(["passive"] if role == "passive" else [])]
        self.kind = kind
        self.wants = Wants(passive=role == "active", **wants)
        self.wants.six = self.wants.six and kind.six
        self.peer = self.probe = None

    def __enter__(self):
        super().__enter__()
        try:
            ground(self)
            self.peer = self.kind(self, self.wants)
            self.probe = self.speaker(*self.options)
        except BaseException:
            self.close()
            raise
        return self

    def speaker(self, *options):
        """Our end."""
        ends = {"local": OURS6, "peer": THEIRS6} if self.wants.six else {}
        return Probe(self, self.program, *options, asn=self.wants.true_asn or self.wants.our_asn, peer_asn=self.wants.asn, **ends)

    def up(self, *originated):
        """Our prefixes, then the session."""
        for prefix in originated:
            self.probe.say("originate " + prefix)
        up(self.probe, self.peer)


def arrives(peer, prefix, path, why, **attributes):
    """Waits for our route at the peer."""
    expect(wait_until(lambda: peer.sees(prefix, path, **attributes), 8, 0.1), "%s: %s" % (why, peer.learned(prefix)))


def comes(probe, prefix, *words):
    """Waits for the peer's route here, with these words."""
    line = wait_until(lambda: probe.route(prefix), 8) or ""
    for word in words:
        expect(word in line, "no %s in: %s" % (word, line))


def goes(probe, prefix):
    """Waits until the peer's route is gone."""
    expect(wait_until(lambda: not probe.route(prefix), 8), "%s was not withdrawn" % prefix)


def routes(meet):
    """routes both ways with path, MED, communities; policy and steering; withdrawal both ways"""
    with meet() as it:
        it.up("10.1.0.0/16", "10.2.0.0/16")
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there")
        expect(it.peer.learned("10.1.0.0/16").next_hop == OURS, "our next hop is another")
        comes(it.probe, PREFIX, "via " + THEIRS, "path [65002 65002]", "med %d" % MED, "[%s]" % COMMUNITY, "[%s]" % LARGE,
              "accepted best")
        it.probe.say("policy-out 10.1.0.0/16 77 4259905543 2")  # 65001:7
        arrives(it.peer, "10.1.0.0/16", [65001] * 3, "the policy does not show", med=77, community="65001:7", large="65001:7:8")
        it.probe.say("steer 5 1")
        arrives(it.peer, "10.2.0.0/16", [65001] * 2, "steering does not show", med=5)
        it.probe.say("withdraw 10.2.0.0/16")
        expect(wait_until(lambda: it.peer.learned("10.2.0.0/16") is None, 8), "our withdrawal was not seen")
        it.peer.withdraw()
        goes(it.probe, PREFIX)
        expect("flaps 0 " in it.probe.say("status"), "the session flapped")
        expect(it.probe.quit(), "the probe did not end well")


def ipv6(meet):
    """IPv6 unicast both ways over an IPv4 session, with next hops of IPv6; withdrawal both ways"""
    with meet(options=["ipv6=" + OURS6], six=True) as it:
        it.up("2001:db8:1::/48")
        arrives(it.peer, "2001:db8:1::/48", [65001], "our IPv6 route is not there")
        expect(it.peer.learned("2001:db8:1::/48").next_hop == OURS6, "our next hop is another")
        comes(it.probe, PREFIX6, "via " + THEIRS6, "path [65002]", "accepted best")
        it.probe.say("withdraw 2001:db8:1::/48")
        expect(wait_until(lambda: it.peer.learned("2001:db8:1::/48") is None, 8), "our withdrawal was not seen")
        it.peer.withdraw()
        goes(it.probe, PREFIX6)


def internal(meet):
    """one AS at both ends (iBGP): routes both ways, no AS in the path"""
    with meet(asn=65001, routes=2) as it:  # PREFIX bears the AS, and is a loop here
        it.up("10.1.0.0/16")
        arrives(it.peer, "10.1.0.0/16", [], "our route is not there")
        comes(it.probe, "203.0.113.1/32", "path []", "accepted best")
        comes(it.probe, PREFIX, "refused: our own AS is in the path")


def wide(meet):
    """AS numbers of four octets at both ends (RFC 6793)"""
    with meet(asn=4200000002, our_asn=4200000001) as it:
        it.up("10.1.0.0/16")
        arrives(it.peer, "10.1.0.0/16", [4200000001], "our route is not there")
        comes(it.probe, PREFIX, "path [4200000002 4200000002]", "accepted best")
        expect("four 1" in it.probe.say("status"), "four octets were not negotiated")


def _refreshed(messages, asker, answerer, prefix):
    """Whether ROUTE-REFRESH (IPv4 unicast, a plain request) was answered by an UPDATE that holds a prefix."""
    asked = False
    for source, kind, body in messages:
        if source == asker and kind == bgp_wire.ROUTE_REFRESH and body == b"\0\1\0\1":
            asked = True
        elif asked and source == answerer and kind == bgp_wire.UPDATE and prefix in body:
            return True
    return False


def refresh(meet):
    """route refresh (RFC 2918) asked by us and by the peer: on the wire each request is answered with the routes"""
    with meet() as it:
        capture = it.capture("r", "eth0")
        it.up("10.1.0.0/16")
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there")
        comes(it.probe, PREFIX, "accepted best")
        expect("refresh 0" in it.probe.say("refresh"), "no route refresh")
        expect("refresh_answered" in it.peer.cannot or
               wait_until(lambda: _refreshed(bgp_wire.messages(capture.path), OURS, THEIRS, bytes([24, 198, 51, 100])), 8, 0.2),
               "the peer did not send its routes again")
        if "refresh_asked" not in it.peer.cannot:
            it.peer.refresh()
            expect(wait_until(lambda: _refreshed(bgp_wire.messages(capture.path), THEIRS, OURS, bytes([16, 10, 1])), 8, 0.2),
                   "we did not send our routes again")
        expect("flaps 0 " in it.probe.say("status"), "the session flapped")


def shutdown(meet):
    """administrative shutdown with a communication (RFC 9003) from us, then from the peer"""
    with meet() as it:
        it.up()
        it.probe.say("stop moving to another host")
        expect(wait_until(lambda: "shutdown_from_us" in it.peer.cannot or it.peer.saw("moving to another host"), 8),
               "our shutdown communication was not seen")
        expect(wait_until(lambda: not it.peer.established(), 8), "the session stayed")
        it.probe.say("start")
        up(it.probe, it.peer, 40)
        it.peer.shut("maintenance-tonight")
        expect(wait_until(lambda: "last 6/" in it.probe.say("status"), 8), "the peer's Cease was not seen")
        if "shutdown_communication" not in it.peer.cannot:
            expect("maintenance-tonight" in it.probe.say("status"), "its shutdown communication was not seen")


def our_limit(meet):
    """more prefixes than we allow: Cease/1 from us, understood by the peer"""
    with meet(options=["max=5"], routes=9) as it:
        expect(wait_until(lambda: "prefix-limit" in it.probe.output(), 30), "the limit was not seen")
        expect(wait_until(lambda: it.peer.saw(it.peer.said_limit), 10), "the peer does not say so")
        expect(not it.probe.established(), "the session stayed")


def their_limit(meet):
    """more prefixes than the peer allows: its Cease/1, understood by us"""
    with meet(limit=2) as it:
        for i in range(4):
            it.probe.say("originate 10.%d.0.0/16" % i)
        expect(wait_until(lambda: "notification-received" in it.probe.output() and "6/1" in it.probe.output(), 30),
               "no Cease: " + it.probe.output()[-400:])


def md5(meet):
    """TCP MD5 (RFC 2385): the right key, then a wrong one"""
    with meet(options=["md5=right"], password="right") as it:
        it.up()
        expect(it.probe.quit(), "the probe did not end well")
        wrong = it.speaker("md5=wrong", *it.options[1:])
        time.sleep(4)
        expect(not wrong.established(), "a wrong key was taken")


def gtsm(meet):
    """TTL security (RFC 5082), one hop: both send 255 and refuse less"""
    with meet(options=["gtsm"], ttl_security=True) as it:
        it.up()


def hold(meet):
    """hold time 3: the cable goes silent, both hold timers expire, the session comes back"""
    with meet(options=["hold=3"], hold=3) as it:
        it.up("10.1.0.0/16")
        expect("hold 3 " in it.probe.say("status"), "another hold time: " + it.probe.say("status"))
        time.sleep(5)
        expect("flaps 0 " in it.probe.say("status"), "keepalives came too late")
        comes(it.probe, PREFIX, "accepted best")
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there")
        cut(it)
        expect(wait_until(lambda: "notification-sent" in it.probe.output() and "4/0" in it.probe.output(), 12),
               "our hold timer did not expire")
        goes(it.probe, PREFIX)
        expect(wait_until(lambda: not it.peer.established(), 12), "the peer's hold timer did not expire")
        expect(wait_until(lambda: it.peer.saw(it.peer.said_hold), 4), "the peer does not say why")
        cut(it, off=False)
        up(it.probe, it.peer, 60)
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there again")


def restart(meet):
    """graceful restart (RFC 4724): the peer dies by -9 and comes back, its routes stay, stale until told again; End-of-RIB"""
    # GoBGP waits for the End-of-RIB of all its families, also of those that were not negotiated: hence IPv6
    with meet(options=["gr", "ipv6=" + OURS6], restart=True) as it:
        capture = it.capture("r", "eth0")
        it.up("10.1.0.0/16")
        expect("gr 1" in it.probe.say("status"), "graceful restart was not negotiated: " + it.probe.say("status"))
        comes(it.probe, PREFIX)
        it.peer.crash()
        time.sleep(0.5)
        expect("route %s none" % PREFIX not in it.probe.output(), "the route went when the peer restarted")
        expect(wait_until(lambda: " best stale" in it.probe.route(PREFIX), 5), "the route is not stale")
        it.peer.begin(again=True)
        up(it.probe, it.peer, 60)
        expect(wait_until(lambda: "accepted best:" in it.probe.route(PREFIX), 20), "the route is not fresh again")
        if not it.peer.early_end_of_rib:
            expect("route %s none" % PREFIX not in it.probe.output(), "the route went in between")
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there again")
        ends = {source for source, kind, body in bgp_wire.messages(capture.path) if kind == bgp_wire.UPDATE and body == b"\0" * 4}
        expect(ends == {OURS, THEIRS}, "End-of-RIB came from %s only" % ends)


def stream_lost(meet):
    """graceful restart, seen from the peer: our stream is reset, our routes stay there and are the same afterwards"""
    with meet(options=["gr"], restart=True) as it:
        it.up("10.1.0.0/16")
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there")
        it.probe.say("drop")
        expect(it.peer.learned("10.1.0.0/16") is not None, "our route went with the stream")
        up(it.probe, it.peer, 60)
        expect(it.peer.sees("10.1.0.0/16", [65001]), "our route is gone")


PEERS = (BirdPeer, FrrPeer, GoBgpPeer, OpenBgpdPeer, ExaBgpPeer)
CASES = ((routes, ("active", "passive", "both")), (ipv6, ("both",)), (internal, ("active",)), (wide, ("passive",)), (refresh, ("both",)),
         (shutdown, ("both",)), (our_limit, ("active",)), (their_limit, ("active",)), (md5, ("active",)), (gtsm, ("both",)),
         (hold, ("both",)), (restart, ("both",)), (stream_lost, ("active",)))


def meeting(program, kind, case, role, folder):
    """One case with one peer."""
    if case.__name__ in kind.cannot:
        raise Cannot(kind.cannot[case.__name__])
    if not shutil.which(kind.program):
        raise Skipped("%s is not there (Debian package %s)" % (kind.program, kind.package))
    case(functools.partial(Meeting, program, kind, role, folder))


def what(kind, case):
    """What a case exercises with a peer, less what the peer has not."""
    text = case.__doc__.strip()
    missing = ["less: " + why for part, why in kind.cannot.items() if part.startswith(case.__name__ + "_")]
    missing += [kind.notes[case.__name__]] if case.__name__ in kind.notes else []
    return text + "".join(" (%s)" % why for why in missing)


def cases(build):
    """[(name, function of a folder)]."""
    program = os.path.join(build, "tests", "bgp_probe")
    found = []
    for kind in PEERS:
        if kind.only_all and os.environ.get("S2S_TEST_LEVEL") != "all":
            found.append(("bgp_" + kind.name, lambda folder: only_with_all()))
            continue
        for case, roles in CASES:
            for role in kind.roles.get(case.__name__, roles):
                name = "bgp_%s_%s" % (kind.name, case.__name__) + ("_" + role if len(roles) > 1 else "")
                found.append((name, PeerCase(functools.partial(meeting, program, kind, case, role), kind.name, kind.version,
                                             ROLES[role], what(kind, case))))
    return found
