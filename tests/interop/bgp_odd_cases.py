# SPDX-License-Identifier: Apache-2.0
"""Our BGP speaker against peers with settings that are allowed and rare: each case is a row of the matrix."""
import functools
import os
import shutil
import time

import bgp_wire
from bgp_cases import Meeting, arrives, comes
from bgp_peer import OURS, PREFIX, THEIRS, up
from bird import BirdPeer
from cases import Skipped, expect, only_with_all
from exabgp import ExaBgpPeer
from frr import FrrPeer
from lab import wait_until
from matrix import PeerCase
from openbgpd import OpenBgpdPeer


def _opened(capture, codes):
    """Waits until the peer's OPEN on the wire has these capabilities: else the case proves nothing."""
    def there():
        opens = [body for source, kind, body in bgp_wire.messages(capture.path) if source == THEIRS and kind == bgp_wire.OPEN]
        return opens and set(codes) <= set(bgp_wire.capabilities(opens[-1]))
    expect(wait_until(there, 8, 0.2), "the peer did not offer capabilities %s" % (codes,))


def hold_zero(meet):
    """hold time 0: no keepalives, the session stays over a silence"""
    with meet(options=["hold=30"], hold=0) as it:
        capture = it.capture("r", "eth0")
        it.up("10.1.0.0/16")
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there")
        comes(it.probe, PREFIX, "accepted best")
        expect("hold 0 keepalive 0 flaps 0 " in it.probe.say("status"), it.probe.say("status"))
        time.sleep(12)
        sent = [kind for source, kind, _ in bgp_wire.messages(capture.path) if source == OURS and kind == bgp_wire.KEEPALIVE]
        expect(len(sent) <= 1, "%d keepalives with hold time 0" % len(sent))
        expect(it.probe.established() and it.peer.established(), "the session did not stay")


def as_trans(meet):
    """a peer without four-octet AS numbers: our AS 4200000001 is AS_TRANS in OPEN and AS_PATH, whole in AS4_PATH (RFC 6793)"""
    with meet(our_asn=23456, true_asn=4200000001, extra="asn4 disable;") as it:
        capture = it.capture("r", "eth0")
        it.up("10.1.0.0/16")
        expect("four 0" in it.probe.say("status"), "four octets were negotiated: " + it.probe.say("status"))
        comes(it.probe, PREFIX, "accepted best", "path [65002 65002]")
        wanted = bytes.fromhex("02015ba0"), bytes.fromhex("c0110602" + "01fa56ea01")  # AS_PATH, AS4_PATH
        expect(wait_until(lambda: any(source == OURS and kind == bgp_wire.UPDATE and all(word in body for word in wanted)
                                      for source, kind, body in bgp_wire.messages(capture.path)), 8, 0.2),
               "no AS_TRANS with AS4_PATH on the wire")


MANY_CAPABILITIES = {"bird": "enable extended messages on; ", "exabgp": "add-path send/receive; extended-message enable; nexthop enable;",
                     "openbgpd": "announce add-path recv yes\n    announce enhanced refresh yes"}
OFFERED = {"bird": [6, 70], "exabgp": [6, 69, 70], "openbgpd": [69, 70]}


def capabilities(meet):
    """a peer that offers add-path, extended messages, enhanced refresh: what we do not offer is not used, routes pass"""
    name = meet.args[1].name
    with meet(extra=MANY_CAPABILITIES[name]) as it:
        capture = it.capture("r", "eth0")
        it.up("10.1.0.0/16")
        it.probe.say("drop")
        up(it.probe, it.peer, 40)
        _opened(capture, OFFERED[name])
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there")
        comes(it.probe, PREFIX, "accepted best")


def orf(meet):
    """a peer that wants outbound route filters both ways (RFC 5291): not offered by us, not used, routes pass"""
    with meet(orf=True) as it:
        capture = it.capture("r", "eth0")
        it.up("10.1.0.0/16")
        it.probe.say("drop")
        up(it.probe, it.peer, 40)
        _opened(capture, [3])
        arrives(it.peer, "10.1.0.0/16", [65001], "our route is not there")
        comes(it.probe, PREFIX, "accepted best")


def long_lived(meet):
    """graceful and long-lived graceful restart (RFC 9494) offered: the first alone is used"""
    with meet(options=["gr"], restart=True, extra="long lived graceful restart on; long lived stale time 60; ") as it:
        capture = it.capture("r", "eth0")
        it.up("10.1.0.0/16")
        it.probe.say("drop")
        expect(it.peer.learned("10.1.0.0/16") is not None, "our route went with the stream")
        up(it.probe, it.peer, 40)
        _opened(capture, [64, 71])
        expect("gr 1" in it.probe.say("status"), "graceful restart was not negotiated")
        comes(it.probe, PREFIX, "accepted best:")


def lost_forwarding(meet):
    """a peer that comes back from -9 without its forwarding state (F=0): stale routes go at once, then come anew (RFC 4724 4.2)"""
    with meet(options=["gr"], restart=True) as it:
        it.up("10.1.0.0/16")
        comes(it.probe, PREFIX)
        it.peer.crash()
        expect(wait_until(lambda: " best stale" in it.probe.route(PREFIX), 5), "the route is not stale")
        it.peer.bird.start()  # without -R: BIRD then says R=0 and F=0
        up(it.probe, it.peer, 60)
        expect(wait_until(lambda: "route %s none" % PREFIX in it.probe.output(), 8), "stale routes were kept though F=0")
        comes(it.probe, PREFIX, "accepted best:")


def table(meet):
    """100,000 routes and a limit of 100,000: all accepted; one more: Cease/1"""
    with meet(options=["max=100000", "quiet"]) as it:
        it.up("10.1.0.0/16")
        bird, many = it.peer.bird, _many(100000 - 1)
        bird.configure(it.peer.text() + many)
        expect(wait_until(lambda: "received 100000 accepted 100000" in it.probe.say("status", 30), 90, 0.5),
               "not all came: " + it.probe.say("status", 30))
        expect("flaps 0 " in it.probe.say("status", 30), "the session flapped")
        bird.configure(it.peer.text() + many + _many(1, "one_more", 99))
        expect(wait_until(lambda: it.peer.saw(it.peer.said_limit), 30, 0.5), "no Cease above the limit")
        expect(not it.probe.established(), "the session stayed")


def _many(count, name="many", first=20):
    lines = "\n".join("route %d.%d.%d.0/24 blackhole;" % (first + (i >> 16), i >> 8 & 255, i & 255) for i in range(count))
    return "\nprotocol static %s { ipv4; %s }\n" % (name, lines)


CASES = ((hold_zero, (BirdPeer, FrrPeer)), (as_trans, (ExaBgpPeer,)), (capabilities, (BirdPeer, OpenBgpdPeer, ExaBgpPeer)),
         (orf, (FrrPeer,)), (long_lived, (BirdPeer,)), (lost_forwarding, (BirdPeer,)), (table, (BirdPeer,)))
ONLY_ALL = (table,)


def odd(program, kind, case, folder):
    """One case with one peer."""
    if case in ONLY_ALL:
        only_with_all()
    if not shutil.which(kind.program):
        raise Skipped("%s is not there (Debian package %s)" % (kind.program, kind.package))
    case(functools.partial(Meeting, program, kind, "both", folder))


def cases(build):
    """[(name, function of a folder)]."""
    program = os.path.join(build, "tests", "bgp_probe")
    return [("bgp_%s_odd_%s" % (kind.name, case.__name__),
             PeerCase(functools.partial(odd, program, kind, case), kind.name, kind.version, "either connects", case.__doc__.strip()))
            for case, kinds in CASES for kind in kinds if not kind.only_all or os.environ.get("S2S_TEST_LEVEL") == "all"]
