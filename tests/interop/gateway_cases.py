# SPDX-License-Identifier: Apache-2.0
"""Our gateway (side a) against strongSwan (side b), as tables: suites by roles with rekeys from both sides under a ping,
identities, and what must fail, with the status that a person then reads. The wire is checked in every case."""
import copy
import functools
import os

from cases import Skipped, debian13_strongswan, expect, only_with_all
from gateway import Gateway
from lab import wait_until
from strongswan import StrongSwan
from topology import INNER, OUTER, Ground

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "s2s-gateway")
PSK = "Uneasy-lies-the-head-2"

# name: (our ike, our ipsec, strongSwan's IKE proposal, its ESP proposal, its words for what was negotiated)
SUITES = {
    "aes128-sha256-modp2048": (
        {"encryption": ["aes128"], "integrity": ["sha256"], "dh_group": ["modp2048"]},
        {"encryption": ["aes128"], "integrity": ["sha256"], "pfs": ["modp2048"]},
        "aes128-sha256-modp2048", "aes128-sha256-modp2048", {"encr-alg": "AES_CBC", "encr-keysize": "128", "dh-group": "MODP_2048"}),
    "aes256-sha512-ecp384": (
        {"encryption": ["aes256"], "integrity": ["sha512"], "dh_group": ["ecp384"]},
        {"encryption": ["aes256"], "integrity": ["sha512"], "pfs": ["ecp384"]},
        "aes256-sha512-ecp384", "aes256-sha512-ecp384", {"encr-alg": "AES_CBC", "encr-keysize": "256", "dh-group": "ECP_384"}),
    "aes256gcm16-prfsha384-ecp256": (
        {"encryption": ["aes256gcm16"], "prf": ["sha384"], "dh_group": ["ecp256"]},
        {"encryption": ["aes256gcm16"], "pfs": ["ecp256"]},
        "aes256gcm16-prfsha384-ecp256", "aes256gcm16-ecp256",
        {"encr-alg": "AES_GCM_16", "prf-alg": "PRF_HMAC_SHA2_384", "dh-group": "ECP_256"}),
    "chacha20poly1305-prfsha256-x25519": (
        {"encryption": ["chacha20poly1305"], "prf": ["sha256"], "dh_group": ["x25519"]},
        {"encryption": ["chacha20poly1305"], "pfs": ["x25519"]},
        "chacha20poly1305-prfsha256-x25519", "chacha20poly1305-x25519",
        {"encr-alg": "CHACHA20_POLY1305", "prf-alg": "PRF_HMAC_SHA2_256", "dh-group": "CURVE_25519"}),
}
FIRST = "aes128-sha256-modp2048"

# The words of the profile for a tunnel without IKE_SA, with IKE_SA alone, and up.
NO_IKE, NO_CHILD, UP = "ike_sa_not_established", "ipsec_sa_not_established", "ipsec_sa_established"

# name: (changes of our tunnel, changes of strongSwan's connection, its PSK, our status, IKE_SAs at both ends,
#        a notify that one of them must have received or None)
REFUSED = {
    "wrong-psk": ({"psk": "Some-other-key-9"}, {}, PSK, NO_IKE, 0, "AUTH_FAILED"),
    "wrong-identity": ({"ike": {"local_id": "nobody.example"}}, {}, PSK, NO_IKE, 0, "AUTH_FAILED"),
    "no-common-ike-proposal": ({"ike": {"encryption": ["aes256"], "dh_group": ["ecp384"]}}, {}, PSK, NO_IKE, 0, "NO_PROP"),
    "no-common-esp-proposal": ({"ipsec": {"encryption": ["aes256"], "integrity": ["sha512"]}}, {}, PSK, NO_CHILD, 1, "NO_PROP"),
    "selectors-do-not-meet": ({}, {"children": {"net": {"local_ts": "10.77.0.0/24", "remote_ts": "10.78.0.0/24"}}}, PSK,
                              NO_CHILD, 1, "TS_UNACCEPT"),
}

# name: (our local_id, our remote_id, strongSwan's local id, its remote id)
IDENTITIES = {
    "ip": (None, None, OUTER["b"], OUTER["a"]),
    "fqdn": ("left.example", "right.example", "right.example", "left.example"),
    "key-id": ("keyid:gw-a", "right.example", "right.example", "keyid:gw-a"),
}


def merge(base, changes):
    """A copy of base with changes put in, sections by section."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        result[key] = merge(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


def our_config(suite, role, changes=None):
    """One generic gateway, one connection, one tunnel."""
    ike, ipsec = copy.deepcopy(SUITES[suite][:2])
    tunnel = merge({"psk": PSK, "startup_action": "start" if role == "initiator" else "add", "encapsulation": "always",
                    "ike": {"version": "ikev2", **ike}, "ipsec": ipsec}, changes or {})
    return {
        "gateway": {"name": "left", "profile": "generic", "addresses": [OUTER["a"]], "vpc": {"cidr": [INNER["a"]]}},
        "customer_gateways": [{"name": "right", "ip_address": OUTER["b"]}],
        "connections": [{"name": "net", "customer_gateway": "right", "route_mode": "policy", "local_subnets": [INNER["a"]],
                         "remote_subnets": [INNER["b"]], "tunnels": [tunnel]}]}


def peer_config(suite, changes=None):
    """strongSwan's side of it."""
    return {"net": merge({
        "version": 2, "encap": "yes", "local_addrs": OUTER["b"], "remote_addrs": OUTER["a"], "proposals": SUITES[suite][2],
        "local": {"auth": "psk", "id": OUTER["b"]}, "remote": {"auth": "psk", "id": OUTER["a"]},
        "children": {"net": {"local_ts": INNER["b"], "remote_ts": INNER["a"], "esp_proposals": SUITES[suite][3],
                             "start_action": "none", "rekey_time": "0"}}, "rekey_time": "0"}, changes or {})}


class Pair:
    """Both ends, started: who has the role of the responder first."""

    def __init__(self, ground, program, suite, role, ours=None, theirs=None, psk=PSK, connection=None, **peer_options):
        self.ground = ground
        self.role = role
        self.peer = StrongSwan(ground, "gw-b", **peer_options)
        self.peer.load(peer_config(suite, theirs), {"ike-1": {"secret": '"%s"' % psk}})
        config = our_config(suite, role, ours)
        config["connections"][0].update(connection or {})
        self.ours = Gateway(ground, "gw-a", program, config).start()

    def initiate(self):
        """The initiator begins (ours does so by itself)."""
        if self.role == "responder":
            self.peer.initiate("net", check=False, seconds=8)

    def status(self):
        """Our tunnel's status in the profile's words."""
        return self.ours.tunnel("net")["status"]

    def up(self):
        """Waits until both ends have a CHILD_SA."""
        self.initiate()
        expect(wait_until(lambda: self.status() == UP, 10), "our status is %s; %s" % (self.status(), self.ours.log()[-400:]))
        expect(wait_until(self.peer.children, 3), "strongSwan has no CHILD_SA")

    def requests(self, kind):
        """CREATE_CHILD_SA requests of ours that strongSwan read: kind is "child" or "ike"."""
        lines = [line for line in self.peer.log().splitlines() if "parsed CREATE_CHILD_SA request" in line]
        return sum(1 for line in lines if ("TSi" in line) == (kind == "child"))


def check_wire(ground, at_least=0):
    """The wire of both outer links."""
    for wire in ground.check_wire():
        expect(not wire.faults, "the wire: " + "; ".join(wire.faults[:3]))
        expect(wire.protected() >= at_least, "only %s on the wire" % wire.summary())


def _rekeys_of_peer(pair):
    child = pair.peer.children()[0]["uniqueid"]
    pair.peer.rekey_child("net")
    expect(wait_until(lambda: [c for c in pair.peer.children() if c["uniqueid"] != child], 5), "strongSwan's rekey of the CHILD_SA")
    ike = pair.peer.established()[0]["uniqueid"]
    pair.peer.rekey_ike("net")
    expect(wait_until(lambda: [s for s in pair.peer.established() if s["uniqueid"] != ike], 5), "strongSwan's rekey of the IKE_SA")


def suite_case(program, suite, role, folder):
    """Up, ping, four rekeys under the ping, nothing lost, a clean wire, a polite end."""
    # As soon as the rules allow: at lifetime - margin, without fuzz, and a margin is at most half of the lifetime.
    soon = {"ike": {"lifetime": 60}, "ipsec": {"lifetime": 54}, "rekey": {"margin": 27, "fuzz": 0}}
    with Ground("suite", folder) as ground:
        pair = Pair(ground, program, suite, role, ours=soon)
        pair.up()
        established = pair.peer.established()[0]
        for key, value in SUITES[suite][4].items():
            expect(established.get(key) == value, "%s is %s, not %s" % (key, established.get(key), value))
        ping = ground.across("a" if role == "initiator" else "b", interval=0.05)
        expect(wait_until(lambda: len(ping.replies()) >= 10, 10), "no reply through the tunnel")
        _rekeys_of_peer(pair)
        for kind in ("child", "ike"):
            expect(wait_until(lambda kind=kind: pair.requests(kind) >= 1, 60, 0.2), "our rekey of the %s SA did not come" % kind)
        replies = len(ping.replies())
        expect(wait_until(lambda: len(ping.replies()) >= replies + 10, 5), "no reply after the rekeys")
        expect(wait_until(lambda: len(pair.peer.children()) == 1, 5), "%d CHILD_SAs are left" % len(pair.peer.children()))
        sent, received = ping.finish()
        expect(received >= sent - 1, "%d of %d pings answered under rekeys" % (received, sent))
        expect(pair.ours.stop() == 0, "s2s-gateway did not end well: " + pair.ours.log()[-400:])
        expect(wait_until(lambda: not pair.peer.sas(), 3), "strongSwan was not told of the end")
        check_wire(ground, received)


def identity_case(program, name, role, folder):
    """An identity of each kind, both ways, and a ping."""
    local, remote, their_local, their_remote = IDENTITIES[name]
    ids = {key: value for key, value in (("local_id", local), ("remote_id", remote)) if value}
    with Ground("identity", folder) as ground:
        pair = Pair(ground, program, FIRST, role, ours={"ike": ids},
                    theirs={"local": {"id": their_local}, "remote": {"id": their_remote}})
        pair.up()
        sent, received = ground.across("a", count=10).finish()
        expect(received == sent, "%d of %d pings answered" % (received, sent))
        check_wire(ground, received)


def raw_esp_case(program, suite, role, folder):
    """ESP as IP protocol 50, with strongSwan 6.0, which alone does that in userspace."""
    only_with_all()
    with Ground("raw", folder) as ground:
        pair = Pair(ground, program, suite, role, ours={"encapsulation": "never"}, theirs={"encap": "no"},
                    libipsec="raw_esp = yes", root=debian13_strongswan())
        pair.up()
        sent, received = ground.across("a", count=10).finish()
        expect(received == sent, "%d of %d pings answered" % (received, sent))
        for wire in ground.check_wire():
            expect(not wire.faults, "the wire: " + "; ".join(wire.faults[:3]))
            expect(wire.counts["esp"] >= 2 * received and not wire.counts["esp_in_udp"], "on the wire: " + wire.summary())


def refused_case(program, name, role, folder):
    """What must not come up does not, our status says so, and nothing leaks."""
    ours, theirs, psk, status, ikes, notify = REFUSED[name]
    with Ground("refused", folder) as ground:
        pair = Pair(ground, program, FIRST, role, ours=ours, theirs=theirs, psk=psk)
        # No waiting: the daemon answers when its networks are guarded, so a ping from here on must not leave in clear.
        pair.initiate()
        ping = ground.across("a", interval=0.2)
        seen = wait_until(lambda: pair.peer.received(notify) or _sent(pair.peer, notify), 10)
        expect(seen, "no %s in strongSwan's log" % notify)
        expect(wait_until(lambda: pair.status() == status, 10), "our status is %s, not %s" % (pair.status(), status))
        expect(not pair.peer.children(), "strongSwan has a CHILD_SA")
        expect(len(pair.peer.established()) == ikes, "strongSwan has %d IKE_SAs, not %d" % (len(pair.peer.established()), ikes))
        expect(pair.ours.tunnel("net").get("last_error") or pair.ours.diagnosis("net"), "no word about the reason")
        expect(ping.finish()[1] == 0, "a ping got through")
        check_wire(ground)


def _sent(peer, notify):
    return any("N(%s)" % notify in line for line in peer.log().splitlines() if "generating" in line)


def needs(program, function, *arguments):
    """The case, or a skip when our program is not built yet."""
    def case(folder):
        if not os.path.isdir(SOURCES):
            raise Skipped("examples/s2s-gateway does not exist yet")
        expect(os.access(program, os.X_OK), "s2s-gateway was not built: " + program)
        function(program, *arguments, folder)
    return functools.wraps(function)(case)


def cases(build):
    """(name, function of a folder) of each row and role."""
    program = os.path.join(build, "examples", "s2s-gateway", "s2s-gateway")
    found = []
    for kind, table, function in (("suite", SUITES, suite_case), ("identity", IDENTITIES, identity_case),
                                  ("refused", REFUSED, refused_case), ("raw_esp", SUITES, raw_esp_case)):
        for name in table:
            for role in ("initiator", "responder"):
                found.append(("%s_%s_%s" % (kind, name, role), needs(program, function, name, role)))
    return found
