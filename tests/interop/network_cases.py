# SPDX-License-Identifier: Apache-2.0
"""Our gateway against strongSwan when the network or the peer is not kind: a NAT between, a peer that dies and comes back, small
fragments, cookies, a wrong first key exchange. The wire is checked in every case."""
import os

from cases import expect
from gateway import Gateway
from gateway_cases import FIRST, PSK, UP, Pair, check_wire, needs, our_config, peer_config
from lab import wait_until
from strongswan import StrongSwan
from topology import HOST, Ground
from wire import read_pcap

# Behind a NAT the other end knows us by our name alone.
NAMES = {"local": "left.example", "remote": "right.example"}
SOON_DEAD = {"dpd": {"enable": True, "delay": 2, "timeout": 6, "action": "restart"}}


def pinged(ground, source="a", count=10, lost=0):
    """A ping of which every packet (but so many) is answered; gives how many were."""
    sent, received = ground.across(source, count=count).finish()
    expect(received >= sent - lost, "%d of %d pings answered" % (received, sent))
    return received


def masquerade(ground, hidden):
    """The router hides one side behind its address on the other, with ports of its own choice that it soon forgets."""
    shown = "to-b" if hidden == "a" else "to-a"
    ground.run("router", "nft", "add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }; "
               "add rule ip nat out oifname %s meta l4proto udp masquerade to :20000-29999 random; "
               "add chain ip nat own { type filter hook output priority 0; }; add rule ip nat own meta l4proto icmp drop" % shown)
    for name in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
        ground.run("router", "sysctl", "-qw", "net.netfilter.%s=3" % name)


# ---- NAT

def nat_before_us(program, folder):
    """We are behind a NAT: the move to port 4500, keepalives, and both ends survive that the NAT forgets and maps anew."""
    with Ground("nat", folder) as ground:
        masquerade(ground, "a")
        pair = Pair(ground, program, FIRST, "initiator", ours={"encapsulation": "auto", "ike": {
            "local_id": NAMES["local"], "remote_id": NAMES["remote"]}},
                    theirs={"remote_addrs": "%any", "local": {"id": NAMES["remote"]}, "remote": {"id": NAMES["local"]}})
        pair.up()
        tunnel = pair.ours.tunnel("net")["negotiated"]["ike"]
        received = pinged(ground)
        port = pair.peer.established()[0]["remote-port"]
        expect(20000 <= int(port) <= 29999, "strongSwan sees port %s" % port)
        # The NAT forgets after three silent seconds; our keepalive (RFC 3948 section 4) comes each 20 seconds and opens a new way.
        expect(wait_until(lambda: _keepalives(ground.wires["a"].path), 30, 0.5), "no NAT keepalive")
        # strongSwan's first answer may go the old way: kernel-libipsec rekeys the CHILD_SA when the peer's port changes.
        received += pinged(ground, lost=1)
        expect(pair.ours.tunnel("net")["negotiated"]["ike"]["spi_initiator"] == tunnel["spi_initiator"], "the IKE_SA did not last")
        check_wire(ground, received)


def _keepalives(path):
    """Datagrams of one octet 0xff (Ethernet, IPv4, UDP) in a capture that still grows."""
    return sum(1 for _, frame in read_pcap(path) if frame[23:24] == b"\x11" and frame[38:40] == b"\x00\x09" and frame[42:43] == b"\xff")


def nat_before_the_peer(program, folder):
    """strongSwan is behind a NAT and begins; when the NAT maps anew, our answers follow what ESP has proved."""
    with Ground("nat", folder) as ground:
        masquerade(ground, "b")
        ours = our_config(FIRST, "responder", {"encapsulation": "auto", "ike": {"local_id": NAMES["local"],
                                                                                "remote_id": NAMES["remote"]}})
        ours["customer_gateways"][0]["ip_address"] = "any"
        peer = StrongSwan(ground, "gw-b", options="keep_alive = 0")
        peer.load(peer_config(FIRST, {"local": {"id": NAMES["remote"]}, "remote": {"id": NAMES["local"]}}),
                  {"ike-1": {"secret": '"%s"' % PSK}})
        gateway = Gateway(ground, "gw-a", program, ours).start()
        peer.initiate("net", check=False, seconds=8)
        expect(wait_until(lambda: gateway.tunnel("net")["status"] == UP, 10), "our status: " + gateway.tunnel("net")["status"])
        received = pinged(ground, "b")
        first = gateway.tunnel("net")["outside"]["remote"]
        expect(":2" in first, "we see the peer at " + first)
        ping = ground.across("b", interval=4.5, count=4)
        expect(wait_until(lambda: gateway.tunnel("net")["outside"]["remote"] != first, 20, 0.2), "the NAT did not map anew")
        sent, again = ping.finish()
        expect(again == sent, "%d of %d pings answered while the NAT mapped anew" % (again, sent))
        check_wire(ground, received + again)


# ---- a peer that is gone

def we_notice(program, folder):
    """The network is cut: our dead peer detection says so; when it is whole again we come back by ourselves."""
    with Ground("dpd", folder) as ground:
        pair = Pair(ground, program, FIRST, "initiator", ours=SOON_DEAD)
        pair.up()
        received = pinged(ground)
        ground.drop()
        expect(wait_until(lambda: pair.status() != UP, 30, 0.2), "our status stays " + pair.status())
        ping = ground.across("a", interval=0.2)
        ground.restore()
        expect(wait_until(lambda: pair.status() == UP, 40, 0.2), "our status stays " + pair.status())
        expect(wait_until(ping.replies, 10), "no reply after the network is whole again")
        ping.finish()
        check_wire(ground, received)


def they_notice(program, folder):
    """strongSwan asks for our sign of life and gets it; when the network is cut it lets go, and it comes back by itself."""
    with Ground("dpd", folder) as ground:
        pair = Pair(ground, program, FIRST, "responder", theirs={
            "dpd_delay": "1s", "children": {"net": {"dpd_action": "restart", "close_action": "none"}}})
        pair.up()
        expect(wait_until(lambda: pair.peer.log().count("parsed INFORMATIONAL response") >= 3, 15), "no sign of life")
        expect(pair.status() == UP, "our status is " + pair.status())
        before = pair.peer.established()[0]["uniqueid"]
        ground.drop()
        expect(wait_until(lambda: not pair.peer.established(), 40, 0.3), "strongSwan does not let go")
        ground.restore()
        expect(wait_until(lambda: [s for s in pair.peer.established() if s["uniqueid"] != before], 40, 0.3), "strongSwan is not back")
        expect(wait_until(lambda: pair.status() == UP, 10), "our status is " + pair.status())
        check_wire(ground, pinged(ground))


def _inbound(pair):
    """The SPI of our inbound SA, None without one."""
    return pair.ours.tunnel("net")["negotiated"].get("ipsec", {}).get("spi_in")


def peer_killed(program, role, folder):
    """strongSwan dies without a farewell and starts anew: whoever begins again, one IKE_SA and traffic."""
    with Ground("killed", folder) as ground:
        pair = Pair(ground, program, FIRST, role, ours=SOON_DEAD)
        pair.up()
        received = pinged(ground)
        old = _inbound(pair)
        pair.peer.restart(kill=True)
        pair.initiate()
        expect(wait_until(lambda: pair.status() == UP and _inbound(pair) not in (None, old), 60, 0.3),
               "our status is %s, the SA is %s" % (pair.status(), pair.ours.tunnel("net").get("negotiated")))
        received += pinged(ground)
        expect(wait_until(lambda: len(pair.peer.established()) == 1, 10), "%d IKE_SAs" % len(pair.peer.established()))
        check_wire(ground, received)


# ---- small and hostile roads

# name: (our changes, strongSwan's, its options, what its log must show)
ROADS = {
    "small-fragments": ({}, {"fragmentation": "force"}, "fragment_size = 200", "splitting IKE message"),
    "other-group-first": ({"ike": {"dh_group": ["x25519", "modp2048"]}}, {}, "", "N(INVAL_KE)"),
    "encapsulation-auto": ({"encapsulation": "auto"}, {}, "", "faking NAT situation"),
    "no-fragments": ({}, {"fragmentation": "no"}, "", "established"),
    "no-pfs": ({"ipsec": {"pfs": ["none"]}}, {"children": {"net": {"esp_proposals": "aes128-sha256"}}}, "", "established"),
}


def road_case(program, name, role, folder):
    """Up and a ping, whatever the road asks for."""
    ours, theirs, options, word = ROADS[name]
    with Ground("road", folder) as ground:
        pair = Pair(ground, program, FIRST, role, ours=ours, theirs=theirs, options=options)
        pair.up()
        received = pinged(ground)
        if name != "other-group-first" or role == "initiator":
            expect(word in pair.peer.log(), "strongSwan's log does not say: " + word)
        check_wire(ground, received)


def stream(program, role, folder):
    """Megabytes over TCP arrive as they were sent, both ways: our super-packets against a peer without any."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "transfer.py")
    with Ground("stream", folder) as ground:
        pair = Pair(ground, program, "aes256gcm16-prfsha384-ecp256", role)
        pair.up()
        server = ground.start("host-b", "python3", script, "serve", HOST["b"])
        expect(wait_until(lambda: "ready" in server.output(), 10), server.output())
        for count in (1, 1399, 20000000):
            text = ground.run("host-a", "python3", script, "ask", HOST["b"], count, seconds=60)
            expect("%d octets each way" % count in text, text)
        counters = pair.ours.tunnel("net")["counters"]
        expect(min(counters["bytes_in"], counters["bytes_out"]) > 20000000, "the tunnel carried %s" % counters)
        check_wire(ground)


# Bursts of datagrams without DF, so that several wait at once; the other end counts them.
BURSTS = """
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER, IP_PMTUDISC_DONT
for burst in range(5):
    for number in range(40):
        out.sendto(bytes([burst, number]) * 650, (sys.argv[1], 5400))
    time.sleep(0.2)
"""
COUNT = """
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 5400))
print("ready", flush=True)
seen = set()
while True:
    data = server.recv(4096)
    seen.add(data[:2] if len(data) == 1300 and data == data[:2] * 650 else b"wrong")
    print(len(seen), b"wrong" in seen, flush=True)
"""


def small_link(program, folder):
    """Our outer link is smaller than what we send: equal packets in one call, which the kernel refuses to cut for us, still
    arrive, in fragments."""
    with Ground("small", folder) as ground:
        for name, device in (("gw-a", "outer"), ("router", "to-a")):
            ground.run(name, "ip", "link", "set", device, "mtu", "1280")
        pair = Pair(ground, program, FIRST, "initiator")
        pair.up()
        counter = ground.start("host-b", "python3", "-c", COUNT, HOST["b"])
        expect(wait_until(lambda: "ready" in counter.output(), 10), counter.output())
        ground.run("host-a", "python3", "-c", BURSTS, HOST["b"])
        expect(wait_until(lambda: counter.output().endswith("200 False\n"), 5), "arrived: " + counter.output()[-20:])
        wires = ground.check_wire()
        # tcpdump may miss some of a burst, a first fragment too.
        faults = [fault for wire in wires for fault in wire.faults if "a fragment whose first part" not in fault]
        expect(not faults, "the wire: %s" % faults[:3])
        expect(wires[0].counts["fragment"] >= 20, "only %s on the wire" % wires[0].summary())


def cookie(program, folder):
    """strongSwan has a half-open IKE_SA and asks for a cookie; we give it back."""
    with Ground("cookie", folder) as ground:
        # strongSwan's answers get lost, so that the first attempt stays half open there.
        ground.drop("b")
        peer = StrongSwan(ground, "gw-b", options="cookie_threshold = 1\n    half_open_timeout = 60")
        peer.load(peer_config(FIRST), {"ike-1": {"secret": '"%s"' % PSK}})
        gateway = Gateway(ground, "gw-a", program, our_config(FIRST, "initiator")).start()
        expect(wait_until(lambda: "parsed IKE_SA_INIT request" in peer.log(), 10), "strongSwan was not asked")
        gateway.kill()
        ground.restore()
        gateway.start()
        expect(wait_until(lambda: gateway.tunnel("net")["status"] == UP, 10), "our status is " + gateway.tunnel("net")["status"])
        expect("N(COOKIE)" in peer.log(), "strongSwan did not ask for a cookie")
        check_wire(ground, pinged(ground))


def cases(build):
    """(name, function of a folder)."""
    program = os.path.join(build, "examples", "s2s-gateway", "s2s-gateway")
    found = [("network_" + function.__name__, needs(program, function))
             for function in (nat_before_us, nat_before_the_peer, we_notice, they_notice, small_link, cookie)]
    found += [("network_%s_%s" % (function.__name__, role), needs(program, function, role))
              for function in (peer_killed, stream) for role in ("initiator", "responder")]
    found += [("road_%s_%s" % (name, role), needs(program, road_case, name, role))
              for name in ROADS for role in ("initiator", "responder")]
    return found
