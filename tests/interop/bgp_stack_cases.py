# SPDX-License-Identifier: Apache-2.0
"""The full stack with BGP: our s2s-gateway as Alibaba's VPN gateway; as AWS strongSwan for the tunnels, BIRD for the routes.

    host-a --- gw-a ===== router ===== end-1 --- vgw --- host-b
    10.1.0.10  .1, .2            \\==== end-2 ---/        10.2.0.10

AWS is two endpoints, each a strongSwan in a namespace of its own (libipsec cannot hold two CHILD_SAs with the selectors
0.0.0.0/0), and a third namespace with BIRD, which holds AWS's inside address of each tunnel. The hosts reach each other by
routes that only BGP told; gw-a's default route leads to the router, so that what no tunnel takes shows up in clear.
"""
import os

from bird import Bird
from cases import expect
from gateway import Gateway
from gateway_cases import PSK, UP, check_wire, needs
from lab import wait_until
from strongswan import StrongSwan
from topology import GATEWAY, HOST, INNER, Ground

ADDRESSES = ["198.51.100.1", "198.51.100.2"]          # Alibaba's two
ENDS = ["203.0.113.1", "192.0.2.1"]                    # AWS's two
END_ROUTERS = ["203.0.113.254", "192.0.2.254"]
CIDRS = ["169.254.11.0/30", "169.254.12.0/30"]
AWS_INSIDE = ["169.254.11.1", "169.254.12.1"]
OUR_INSIDE = ["169.254.11.2", "169.254.12.2"]
ALIBABA_ASN, AWS_ASN = 65001, 64512
BEHIND = ["172.31.1.%d", "172.31.2.%d"]                # between endpoint and vgw: .1 and .2
HIDDEN = list(INNER.values()) + ["169.254.0.0/16", "172.31.0.0/16"]

BIRD_TUNNEL = """
protocol bgp tunnel%(number)d {
    local %(inside)s as %(aws)d;
    neighbor %(ours)s as %(alibaba)d;
    multihop 2;
    hold time 30; keepalive time 10;
    connect retry time 2; connect delay time 1; error wait time 1, 4;
    ipv4 {
        import all;
        export where net = %(prefix)s;
        next hop self;
    };
}
"""


def bird_config():
    """Both sessions, the VPC's prefix, and the way to the inside addresses of the other end."""
    inside = "".join(" route %s/32 via %s;" % (OUR_INSIDE[i], BEHIND[i] % 1) for i in range(2))
    text = "protocol static { ipv4;%s route %s unreachable; }\n" % (inside, INNER["b"])
    text += "protocol kernel { ipv4 { export where source = RTS_BGP; }; }\n"
    for i in range(2):
        text += BIRD_TUNNEL % {"number": i + 1, "inside": AWS_INSIDE[i], "ours": OUR_INSIDE[i], "aws": AWS_ASN,
                               "alibaba": ALIBABA_ASN, "prefix": INNER["b"]}
    return text


PING = 0.05       # seconds between pings
LIVENESS = 4.5    # a tunnel without probes: 1 s of silence, three questions 0.5 s apart, 3 s between two doubts (gateway/health)
PROBE = {"enable": True, "interval_ms": 100, "retry": 3}


def detection(probe):
    """The longest time that the configuration lets a silent death go unseen, in pings."""
    return (probe["interval_ms"] * probe["retry"] / 1000 if probe else LIVENESS) / PING


def our_config(bgp, probe=None):
    """Alibaba in destination mode; BGP is switched on after the connection exists, as the document does."""
    tunnels = [{"customer_gateway": "aws-%d" % (i + 1), "psk": PSK, "encapsulation": "always",
                "ike": {"lifetime": 28800}, "ipsec": {"lifetime": 3600},
                "bgp": {"tunnel_cidr": CIDRS[i], "local_ip": OUR_INSIDE[i]}, **({"probe": probe} if probe else {})} for i in range(2)]
    connection = {"name": "vco", "route_mode": "destination", "effect_immediately": True, "enable_bgp": bgp, "tunnels": tunnels}
    if bgp:
        connection["local_asn"] = ALIBABA_ASN
    return {
        "gateway": {"name": "vpn-gateway", "profile": "alibaba", "addresses": ADDRESSES, "auto_propagate": True,
                    "vpc": {"cidr": [INNER["a"]]}},
        "customer_gateways": [{"name": "aws-%d" % (i + 1), "profile": "aws", "ip_address": ENDS[i], "asn": AWS_ASN}
                              for i in range(2)],
        "connections": [connection]}


def end_config(i):
    """One AWS endpoint: answers, 0.0.0.0/0 on both sides."""
    return {"net": {
        "version": 2, "encap": "yes", "local_addrs": ENDS[i], "remote_addrs": ADDRESSES[i], "dpd_delay": "10",
        "proposals": "aes128-sha1-modp1024,aes128-sha256-modp2048,aes128-sha1-modp2048,aes256-sha256-modp2048",
        "local": {"auth": "psk", "id": ENDS[i]}, "remote": {"auth": "psk", "id": ADDRESSES[i]},
        "children": {"net": {"local_ts": "0.0.0.0/0", "remote_ts": "0.0.0.0/0", "start_action": "none", "rekey_time": "0",
                             "esp_proposals": "aes128-sha1-modp1024,aes128-sha256-modp2048,aes128-sha1-modp2048,"
                                              "aes128-sha1,aes128-sha256"}},
        "rekey_time": "0"}}


class Clouds(Ground):
    """The ground of this file, with AWS's side on it."""

    def _build(self):
        self.namespace("router", forward=True)
        for name in ("gw-a", "end-1", "end-2", "vgw"):
            self.namespace(name, forward=True)
        for name in ("host-a", "host-b"):
            self.namespace(name)
        self.link("gw-a", "outer", [address + "/24" for address in ADDRESSES], "router", "to-a", ["198.51.100.254/24"])
        self.link("gw-a", "inner", [GATEWAY["a"] + "/24"], "host-a", "eth0", [HOST["a"] + "/24"])
        self.link("vgw", "inner", [GATEWAY["b"] + "/24"], "host-b", "eth0", [HOST["b"] + "/24"])
        self.route("gw-a", "default", "198.51.100.254")
        self.route("host-a", "default", GATEWAY["a"])
        self.route("host-b", "default", GATEWAY["b"])
        for i in range(2):
            self._build_end(i)
        self.wires = {device: self.capture("router", device) for device in ("to-a", "to-1", "to-2")}
        self.ends, self.bird = [], None

    def _build_end(self, i):
        end = "end-%d" % (i + 1)
        self.link(end, "outer", [ENDS[i] + "/24"], "router", "to-%d" % (i + 1), [END_ROUTERS[i] + "/24"])
        self.link(end, "behind", [BEHIND[i] % 1 + "/24"], "vgw", "to-%d" % (i + 1), [BEHIND[i] % 2 + "/24"])
        self.route(end, "default", END_ROUTERS[i])
        for behind in (AWS_INSIDE[i] + "/32", INNER["b"]):
            self.route(end, behind, BEHIND[i] % 2)
        self.run("vgw", "ip", "address", "add", AWS_INSIDE[i] + "/32", "dev", "lo")
        self.run("vgw", "ip", "route", "add", OUR_INSIDE[i] + "/32", "via", BEHIND[i] % 1, "src", AWS_INSIDE[i])

    def start_aws(self):
        """The endpoints and BIRD. charon's own routes (0.0.0.0/0) come after the main table: that says what the TUN takes."""
        for i in range(2):
            end = StrongSwan(self, "end-%d" % (i + 1), options="routing_table_prio = 40000")
            end.load(end_config(i), {"ike-1": {"secret": '"%s"' % PSK}})
            self.ends.append(end)
            for inside in (OUR_INSIDE[i] + "/32", INNER["a"]):
                self.run("end-%d" % (i + 1), "ip", "route", "add", inside, "dev", "ipsec0")
        self.bird = Bird(self, "vgw", "10.2.0.1", bird_config())

    def cut(self, number):
        """The router drops all of one tunnel, both ways: no carrier loss, no ICMP."""
        self.run("router", "nft", "add table ip cut; add chain ip cut f { type filter hook forward priority 0; }; "
                 "add rule ip cut f iifname to-%d drop; add rule ip cut f oifname to-%d drop" % (number, number))

    def restore(self):
        """The router forwards again."""
        self.run("router", "nft", "delete table ip cut")

    def check_wire(self, inner=None):
        return super().check_wire(inner or HIDDEN)


class Stack:
    """Everything up, BGP last."""

    def __init__(self, ground, program, probe=None):
        self.ground = ground
        ground.start_aws()
        self.ours = Gateway(ground, "gw-a", program, our_config(False, probe)).start()
        for number in (1, 2):
            expect(wait_until(lambda number=number: self.ours.tunnel("vco", number)["status"] == UP, 20, 0.2),
                   "tunnel %d is not up: %s" % (number, self.ours.log()[-400:]))
        expect(not ground.bird.established("tunnel1"), "a session before BGP was enabled")
        self.ours.reload(our_config(True, probe))
        for number in (1, 2):
            expect(wait_until(lambda number=number: self.established(number), 30, 0.2),
                   "session %d is not up: %s" % (number, self.ours.log()[-400:]))
        expect(wait_until(lambda: INNER["a"] in ground.bird.routes(), 10, 0.2), "BIRD did not learn the route")
        self.ping = ground.ping("host-a", HOST["b"], interval=PING)
        self.flows("by the learned routes")

    def established(self, number):
        """Whether both ends say so."""
        return self.ground.bird.established("tunnel%d" % number) and \
            self.ours.tunnel("vco", number).get("bgp", {}).get("state", "").lower() == "established"

    def by(self):
        """The tunnel by which BIRD's own host reaches ours: 1 or 2, None without a route."""
        route = self.ground.run("vgw", "ip", "route", "show", INNER["a"])
        return next((i + 1 for i in range(2) if "dev to-%d" % (i + 1) in route), None)

    def flows(self, when, seconds=10):
        """Waits for ten more replies."""
        before = len(self.ping.replies())
        expect(wait_until(lambda: len(self.ping.replies()) >= before + 10, seconds), "no replies " + when)

    def newest(self):
        """The number of the last ping that was answered."""
        return max(self.ping.replies())

    def lost(self, since):
        """How many pings after this one, and before the last that was answered, were not."""
        answered = {number for number in self.ping.replies() if number > since}
        return max(answered) - since - len(answered)

    def back(self, why):
        """Waits until both ends use the first tunnel again: its session first, then our hold-down; nothing is lost."""
        before, said = self.newest(), len(self.ours.log())
        expect(wait_until(lambda: self.established(1), 120, 0.2), "the first session did not come back " + why)
        expect(wait_until(lambda: "path switched from vco/2 to vco/1" in self.ours.log()[said:], 60, 0.2), "we did not move back " + why)
        expect(wait_until(lambda: self.by() == 1, 30, 0.2), "BIRD did not move back " + why)
        self.flows("after the way back")
        expect(self.lost(before) == 0, "%d pings lost on the way back" % self.lost(before))

    def moved(self, seconds):
        """Waits until both ends have moved from the first tunnel to the second."""
        expect(wait_until(lambda: "path switched from vco/1 to vco/2" in self.ours.log(), seconds, 0.2), "we did not move")
        expect(wait_until(lambda: self.by() == 2, seconds, 0.2), "BIRD did not move to the second tunnel")

    def end(self):
        """Our polite end, of which BIRD hears by a NOTIFICATION; the wire."""
        _, received = self.ping.finish()
        expect(self.ours.stop() == 0, "s2s-gateway did not end well: " + self.ours.log()[-400:])
        with open(self.ground.bird.folder + "/bird.log", encoding="utf-8", errors="replace") as file:
            expect("tunnel2: Received: Administrative shutdown" in file.read(), "BIRD did not hear of our end")
        check_wire(self.ground)
        expect(received >= 20, "only %d replies" % received)


def session_shut(program, folder):
    """BIRD's primary session is shut with a message: the other tunnel takes over, nothing leaks; then all goes back."""
    with Clouds("stack-shut", folder) as ground:
        stack = Stack(ground, program)
        expect(wait_until(lambda: stack.by() == 1, 10, 0.2), "BIRD's way is not the first tunnel")
        before = stack.newest()
        ground.bird.birdc("disable", "tunnel1", '"maintenance"')
        stack.moved(10)
        expect("administrative shutdown (maintenance)" in stack.ours.log(), "BIRD's words did not arrive")
        stack.flows("after the session was shut")
        expect(stack.lost(before) <= 3, "%d pings lost though both tunnels stood" % stack.lost(before))
        expect(stack.ours.tunnel("vco", 1)["status"] == UP, "the tunnel went with its session")
        ground.bird.birdc("enable", "tunnel1")
        stack.back("after it was enabled")
        stack.end()


def _silent_death(name, program, folder, probe, times):
    with Clouds(name, folder) as ground:
        stack = Stack(ground, program, probe)
        expect(wait_until(lambda: stack.by() == 1, 10, 0.2), "BIRD's way is not the first tunnel")
        before = stack.newest()
        ground.cut(1)
        stack.moved(60)
        stack.flows("after the tunnel died", 60)
        expect(ground.bird.established("tunnel2"), "the second session went too")
        lost = stack.lost(before)
        expect(0 < lost <= times * detection(probe), "%d pings lost; the configuration's detection time is %d pings" %
               (lost, detection(probe)))
        ground.restore()
        stack.back("after the cable was mended")
        stack.end()
        print("     %s: %d pings lost, %.1f times the detection time" % (name, lost, lost / detection(probe)))


def silent_death(program, folder):
    """The router drops the primary tunnel: no word, yet both ends move, within the time that liveness needs; and back again."""
    _silent_death("stack-silent", program, folder, None, 2)


def silent_death_probed(program, folder):
    """The same with probes, which see it fifteen times as fast."""
    _silent_death("stack-probed", program, folder, PROBE, 4)


def cases(build):
    """[(name, function of a folder)]."""
    program = os.path.join(build, "examples", "s2s-gateway", "s2s-gateway")
    return [("bgp_stack_" + case.__name__, needs(program, case)) for case in (session_shut, silent_death, silent_death_probed)]
