# SPDX-License-Identifier: Apache-2.0
"""The harness proves itself: strongSwan against strongSwan, a leak that must be found, BIRD against BIRD."""
from bird import Bird
from cases import debian13_strongswan, expect, only_with_all
from lab import wait_until
from strongswan import StrongSwan
from topology import GATEWAY, INNER, OUTER, Ground

PSK = "correct horse battery staple"


def _connection(side, other, **changes):
    """One tunnel of strongSwan as swanctl.conf has it."""
    child = {"local_ts": INNER[side], "remote_ts": INNER[other], "esp_proposals": "aes128gcm16-modp2048", "start_action": "none"}
    return {"net": {"version": 2, "encap": "yes", "local_addrs": OUTER[side], "remote_addrs": OUTER[other],
                    "proposals": "aes128-sha256-modp2048", "local": {"auth": "psk", "id": OUTER[side]},
                    "remote": {"auth": "psk", "id": OUTER[other]}, "children": {"net": child}, **changes}}


def _pair(ground):
    peers = {side: StrongSwan(ground, "gw-" + side) for side in "ab"}
    for side, other in ("ab", "ba"):
        peers[side].load(_connection(side, other), {"ike-1": {"secret": '"%s"' % PSK}})
    return peers


def strongswan_pair(folder):
    """Ping through strongSwan's tunnel, a rekey of both SAs under it, and a clean wire."""
    with Ground("pair", folder) as ground:
        peers = _pair(ground)
        peers["a"].initiate("net")
        expect(len(peers["b"].children()) == 1, "no CHILD_SA at the responder")
        ping = ground.across("a")
        expect(wait_until(lambda: len(ping.replies()) >= 10, 10), "no reply through the tunnel")
        before = peers["b"].children()[0]["uniqueid"]
        peers["a"].rekey_child("net")
        expect(wait_until(lambda: [c for c in peers["b"].children() if c["uniqueid"] != before], 5), "no rekey of the CHILD_SA")
        ike = peers["b"].established()[0]["uniqueid"]
        peers["b"].rekey_ike("net")
        expect(wait_until(lambda: [s for s in peers["a"].established() if s["uniqueid"] != ike], 5), "no rekey of the IKE_SA")
        sent, received = ping.finish()
        expect(received >= sent - 2, "%d of %d pings answered" % (received, sent))
        for wire in ground.check_wire():
            expect(not wire.faults, "the wire: " + "; ".join(wire.faults[:3]))
            expect(wire.protected() >= received, "only %s on the wire" % wire.summary())


def leak_is_found(folder):
    """A ping before the tunnel leaves in clear: the wire check must say so."""
    with Ground("leak", folder) as ground:
        peers = _pair(ground)
        ground.across("a", count=3, interval=0.2).finish()
        peers["a"].initiate("net")
        ground.across("a", count=3, interval=0.2).finish()
        wire = ground.check_wire()[0]
        expect(wire.cleartext >= 3, "the leak was not found: " + wire.summary())
        expect(any("marker" in fault for fault in wire.faults), "the marker was not found")
        expect(any("inner address" in fault for fault in wire.faults), "the inner address was not found")


def other_traffic_is_found(folder):
    """ICMP between the gateways themselves is a fault on the wire, though no inner address shows."""
    with Ground("other", folder) as ground:
        ground.run("gw-a", "ping", "-c1", "-W1", OUTER["b"])
        wire = ground.check_wire()[0]
        expect(any("IP protocol 1" in fault for fault in wire.faults), "ICMP was not found: " + wire.summary())
        expect(wire.cleartext == 0, "there was nothing in clear")


def drop_is_silent(folder):
    """A router that drops one direction: nothing comes back, no carrier loss, and it ends with restore."""
    with Ground("drop", folder) as ground:
        ground.drop("a")
        output = ground.run("gw-a", "ping", "-c2", "-i0.2", "-W1", OUTER["b"], check=False)
        expect(" 0 received" in output and "nreachable" not in output, "not silent: " + output)
        ground.restore()
        expect(" 1 received" in ground.run("gw-a", "ping", "-c1", "-W1", OUTER["b"]), "restore did not restore")


def bird_pair(folder):
    """BIRD in two namespaces: the session comes up and a route arrives."""
    with Ground("bird", folder) as ground:
        text = ("ipv4 table master4;\nprotocol static { ipv4; route %s blackhole; }\n"
                "protocol bgp peer { local %s as %d; neighbor %s as %d; multihop; ipv4 { import all; export all; }; }\n")
        birds = {}
        for side, other, asn, remote in (("a", "b", 65001, 65002), ("b", "a", 65002, 65001)):
            prefix = "192.0.2.%d/32" % (1 if side == "a" else 2)
            birds[side] = Bird(ground, "gw-" + side, GATEWAY[side], text % (prefix, OUTER[side], asn, OUTER[other], remote))
        expect(wait_until(lambda: birds["a"].established("peer"), 20, 0.2), "no session: " + birds["a"].birdc("show", "protocols"))
        expect(wait_until(lambda: "192.0.2.2/32" in birds["a"].routes(), 5, 0.1), "no route: %s" % birds["a"].routes())


def raw_esp_pair(folder):
    """Two strongSwan 6.0 of Debian 13 with ESP as IP protocol 50: no packet of it goes by UDP."""
    only_with_all()
    root = debian13_strongswan()
    with Ground("raw", folder) as ground:
        peers = {side: StrongSwan(ground, "gw-" + side, libipsec="raw_esp = yes", root=root) for side in "ab"}
        for side, other in ("ab", "ba"):
            peers[side].load(_connection(side, other, encap="no"), {"ike-1": {"secret": '"%s"' % PSK}})
        peers["a"].initiate("net")
        sent, received = ground.across("a", count=10).finish()
        expect(received == sent, "%d of %d pings answered" % (received, sent))
        wire = ground.check_wire()[0]
        expect(not wire.faults, "the wire: " + "; ".join(wire.faults[:3]))
        expect(wire.counts["esp"] >= 20 and not wire.counts["esp_in_udp"], "on the wire: " + wire.summary())


CASES = (strongswan_pair, raw_esp_pair, leak_is_found, other_traffic_is_found, drop_is_silent, bird_pair)
