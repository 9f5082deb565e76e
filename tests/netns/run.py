# SPDX-License-Identifier: Apache-2.0
"""Kernel tun in network namespaces: run.py PROBE [CASE...]. One line a case: ok, not ok or skip."""
import os
import signal
import subprocess
import sys
import threading
import traceback

from stage import Failure, Namespace, Probe, same, wait_for

A, B = "198.51.100.1", "198.51.100.2"
A6, B6 = "2001:db8::1", "2001:db8::2"


class Stage:
    """Two namespaces joined by a veth pair, and what was started in them."""

    def __init__(self, program):
        self.program = program
        self.probes, self.namespaces = [], []
        self.left, self.right = self.namespace("a"), self.namespace("b")
        self.left.ip("link", "add", "up0", "type", "veth", "peer", "name", "up0", "netns", self.right.name)
        for namespace, addr, addr6, other in ((self.left, A, A6, B), (self.right, B, B6, A)):
            namespace.ip("addr", "add", addr + "/24", "dev", "up0")
            namespace.ip("addr", "add", addr6 + "/64", "dev", "up0", "nodad")
            namespace.ip("link", "set", "up0", "up")
            namespace.ip("route", "add", "default", "via", other)

    def namespace(self, name):
        """A further namespace."""
        made = Namespace(name)
        self.namespaces.append(made)
        return made

    def probe(self, namespace, gateway="gw", *arguments):
        """A probe in a namespace."""
        made = Probe(self.program, namespace, gateway, *arguments)
        self.probes.append(made)
        return made

    def close(self, check=True):
        """Ends and removes everything."""
        error = None
        for probe in self.probes:
            try:
                probe.quit()
            except Failure as failure:
                error = error or failure
        for namespace in self.namespaces:
            namespace.delete()
        if error and check:
            raise error


def device_and_address(stage):
    """A device with our mark, its MTU, addresses of both families, and back."""
    probe = stage.probe(stage.left)
    same("name", probe.ok("device s2s0 1380"), "s2s0")
    link = stage.left.json("-d", "link", "show", "dev", "s2s0")[0]
    same("MTU", link["mtu"], 1380)
    same("alias", link["ifalias"], "s2svpn:gw")
    same("up", "UP" in link["flags"], True)
    probe.ok("device s2s0 1300")
    same("new MTU", stage.left.json("link", "show", "dev", "s2s0")[0]["mtu"], 1300)
    probe.ok("address s2s0 169.254.116.209/30")
    probe.ok("address s2s0 169.254.116.209/30")
    probe.ok("address s2s0 fd00::1/126")
    shown = sorted("%s/%d" % (entry["local"], entry["prefixlen"])
                   for entry in stage.left.json("addr", "show", "dev", "s2s0")[0]["addr_info"])
    same("addresses", shown, ["169.254.116.209/30", "fd00::1/126"])
    probe.ok("noaddress s2s0 fd00::1/126")
    probe.refused("noaddress s2s0 fd00::1/126", "not found")
    probe.refused("address s2s9 10.0.0.1/30", "s2s9 is not there")
    same("second device", probe.ok("device s2s7 1400"), "s2s7")
    probe.ok("nodevice s2s7")
    probe.ok("nodevice s2s0")
    same("devices left", stage.left.json("link", "show", "type", "tun"), [])


def refusals(stage):
    """What cannot be had is said plainly, with what and where, and nothing stays half-made."""
    probe = stage.probe(stage.left)
    stage.left.ip("tuntap", "add", "mode", "tun", "name", "s2s0")
    probe.refused("device s2s0 1400", "device s2s0 is there already and does not belong to this gateway")
    probe.refused("device s2s1 60000", "MTU 60000 is larger than")
    probe.refused("bind 203.0.113.9", "UDP 203.0.113.9:500: Cannot assign requested address")
    probe.refused("route tunnel 10.0.0.0/16 10", "route 10.0.0.0/16", "its device is not there")
    probe.ok("device s2s1 1400")
    probe.refused("route tunnel 10.0.0.0/16 10 192.0.2.77", "dev s2s1 src 192.0.2.77", "Invalid")
    same("routes", stage.left.routes(probe.table), [])
    other = stage.probe(stage.left, "other", "/nowhere/tun")
    other.refused("device s2s5 1400", "cannot open /nowhere/tun: No such file or directory")


def port_in_use(stage):
    """A port that another program has: said, and no socket, watch or rule remains of the attempt."""
    first, second = stage.probe(stage.left, "first"), stage.probe(stage.left, "second")
    first.ok("bind %s" % A)
    second.refused("bind %s" % A, "UDP %s:500: address already in use" % A)
    second.refused("bind %s 501 4500" % A, "UDP %s:4500: address already in use" % A)
    same("sockets of 501", stage.left.run("ss", "-Huan", "sport = :501"), "")
    first.ok("unbind %s" % A)
    second.ok("bind %s" % A)


def no_privilege_for_raw(stage):
    """Without raw ESP only UDP is opened."""
    probe = stage.probe(stage.left, "gw", "/dev/net/tun", "noesp")
    probe.ok("bind %s" % A)
    same("raw sockets", stage.left.run("ss", "-Hwan"), "")
    same("rules for ESP", [rule for rule in stage.left.rules() if "ipproto esp" in rule], [])


def datagrams(stage):
    """UDP and raw ESP between two namespaces, both families, with TOS. Only what is to be sealed needs room on both sides."""
    left, right = stage.probe(stage.left), stage.probe(stage.right)
    for one, two, form in ((A, B, "%s:%d"), (A6, B6, "[%s]:%d")):
        left.ok("bind " + one)
        right.ok("bind " + two)
        for port in (500, 4500):
            left.say("udp %s %s hello-%d 184" % (form % (one, port), form % (two, port), port))
            same("UDP", right.expect("udp"), "udp %s %s tos=184 length=%d room=0 hello-%d" % (
                form % (two, port), form % (one, port), len("hello-%d" % port), port))
        left.say("esp %s %s secret 40" % (form % (one, 0), form % (two, 0)))
        same("ESP", right.expect("esp"), "esp %s %s tos=40 length=6 room=1 secret" % (form % (two, 0), form % (one, 0)))
    left.say("udp 203.0.113.1:500 %s:500 x" % B)
    left.say("stats")
    same("unbound source", left.expect("stats").split()[-1], "no_socket=1")


def dynamic_address(stage):
    """Bound to any address: packets tell the address that they came to, and leave from the one that is named."""
    stage.right.ip("addr", "add", "198.51.100.77/24", "dev", "up0")
    left, right = stage.probe(stage.left), stage.probe(stage.right)
    left.ok("bind " + A)
    right.ok("bind 0.0.0.0")
    same("told", sorted([right.expect("notice up"), right.expect("notice up")]),
         ["notice up 198.51.100.2", "notice up 198.51.100.77"])
    left.say("udp %s:500 198.51.100.77:500 ask" % A)
    same("came to", right.expect("udp").split()[1:3], ["198.51.100.77:500", A + ":500"])
    right.say("udp 198.51.100.77:500 %s:500 answer" % A)
    same("left from", left.expect("udp").split()[2], "198.51.100.77:500")
    left.say("esp %s 198.51.100.77 ask" % A)
    same("ESP came to", right.expect("esp").split()[1], "198.51.100.77:0")
    right.say("esp 198.51.100.77 %s answer" % A)
    same("ESP left from", left.expect("esp").split()[2], "198.51.100.77:0")
    stage.right.ip("addr", "del", "198.51.100.77/24", "dev", "up0")
    right.expect("notice down 198.51.100.77")


def fragments(stage):
    """DF is set for the packets that want it, and only for those."""
    left, right = stage.probe(stage.left), stage.probe(stage.right)
    stage.left.ip("link", "set", "up0", "mtu", "600")
    left.ok("bind " + A)
    right.ok("bind " + B)
    long = "x" * 1000
    for kind, one, two in (("udp", A + ":500", B + ":500"), ("esp", A, B)):
        left.say("%s %s %s %s 0" % (kind, one, two, long))
        same(kind + " in fragments", "length=1000" in right.expect(kind), True)
        left.say("%s %s %s %s 0 df" % (kind, one, two, long))
        left.say("%s %s %s short 0" % (kind, one, two))
        same(kind + " with DF is not sent", "length=5" in right.expect(kind), True)
    left.say("stats")
    same("dropped", left.expect("stats").split()[4], "dropped=2")


def bursts(stage):
    """Many packets arrive, in batches."""
    left, right = stage.probe(stage.left), stage.probe(stage.right)
    left.ok("bind " + A)
    right.ok("bind " + B)
    left.say("burst 1000 %s:4500 %s:4500" % (A, B))
    for i in range(1000):
        line = right.expect("udp")
        same("order", line.split("room=0 ")[1], "packet %d" % i)
    right.say("stats")
    same("count", right.expect("stats").split()[1], "udp=1000/0")


def routes_and_rules(stage):
    """Exactly the routes that were asked for, in the gateway's own tables, with the rules; and nothing when all is removed."""
    before = {family: stage.left.ip(family, "rule") for family in ("-4", "-6")}
    main = stage.left.routes("main")
    probe = stage.probe(stage.left)
    table = probe.table
    probe.ok("device s2s0 1400")
    probe.ok("address s2s0 169.254.116.209/30")
    probe.ok("route tunnel 192.168.0.0/16 10 169.254.116.209")
    probe.ok("route unreachable 192.168.0.0/16 10010")
    probe.ok("route local 192.168.5.0/24 10")
    probe.ok("route tunnel 0.0.0.0/0 10")
    probe.ok("route unreachable 0.0.0.0/0 10010")
    probe.ok("route tunnel fd01::/32 10")
    probe.ok("route unreachable fd01::/32 10010")
    same("routes", stage.left.routes(table), [("throw", "192.168.5.0/24", "-", 10, "-"),
                                             ("unicast", "192.168.0.0/16", "s2s0", 10, "169.254.116.209"),
                                             ("unreachable", "192.168.0.0/16", "-", 10010, "-")])
    same("default", stage.left.routes(table + 1), [("throw", "192.168.5.0/24", "-", 10, "-"), ("unicast", "default", "s2s0", 10, "-"),
                                                   ("unreachable", "default", "-", 10010, "-")])
    same("IPv6", [entry[:2] for entry in stage.left.routes(table, "-6")], [("unicast", "fd01::/32"), ("unreachable", "fd01::/32")])
    same("rules", stage.left.rules(), [
        "150:\tfrom all fwmark 0x5353 goto 159 proto 83",
        "151:\tfrom all lookup %d proto 83" % table,
        "152:\tfrom all lookup main suppress_prefixlength 0 proto 83",
        "153:\tfrom all lookup %d proto 83" % (table + 1),
        "159:\tfrom all nop proto 83"])
    same("a route to a LAN behind", stage.left.json("route", "get", "192.168.5.9")[0]["dev"], "up0")
    same("a route into the tunnel", stage.left.json("route", "get", "192.168.6.9")[0]["dev"], "s2s0")
    probe.ok("route tunnel 192.168.0.0/16 10")
    same("replaced", [r for r in stage.left.routes(table) if r[0] == "unicast"], [("unicast", "192.168.0.0/16", "s2s0", 10, "-")])
    for words in ("tunnel 192.168.0.0/16 10", "unreachable 192.168.0.0/16 10010", "local 192.168.5.0/24 10", "tunnel 0.0.0.0/0 10",
                  "unreachable 0.0.0.0/0 10010", "tunnel fd01::/32 10", "unreachable fd01::/32 10010"):
        probe.ok("noroute " + words)
    probe.refused("noroute unreachable 0.0.0.0/0 10010", "not found")
    probe.ok("nodevice s2s0")
    probe.ok("stop")
    same("tables", [stage.left.routes(table), stage.left.routes(table + 1), stage.left.routes(table, "-6")], [[], [], []])
    same("rules after", {family: stage.left.ip(family, "rule") for family in ("-4", "-6")}, before)
    same("main", stage.left.routes("main"), main)


def crash_and_adopt(stage):
    """kill -9 leaves the unreachable routes and their rules, nothing else; the next start finds exactly ours and can clear up."""
    probe = stage.probe(stage.left)
    table = probe.table
    stage.left.ip("route", "add", "172.16.0.0/12", "via", B)
    stage.left.ip("route", "add", "10.99.0.0/16", "via", B, "table", str(table), "proto", "static")
    before = stage.left.ip("-4", "rule")
    probe.ok("bind " + A)
    probe.ok("device s2s0 1400")
    probe.ok("address s2s0 169.254.116.209/30")
    probe.ok("route tunnel 192.168.0.0/16 10")
    probe.ok("route unreachable 192.168.0.0/16 10010")
    probe.ok("route unreachable 0.0.0.0/0 10010")
    probe.ok("route unreachable fd01::/32 10010")
    probe.kill()
    wait_for("the device goes", lambda: not stage.left.json("link", "show", "type", "tun"))
    same("routes left", stage.left.routes(table), [("unicast", "10.99.0.0/16", "up0", 0, "-"),
                                                   ("unreachable", "192.168.0.0/16", "-", 10010, "-")])
    for target in ("192.168.6.9", "8.8.8.8"):
        same("fails closed", "No route to host" in stage.left.run("sh", "-c", "ip route get %s 2>&1" % target, check=False), True)
    same("own networks", stage.left.json("route", "get", "172.16.1.1")[0]["dev"], "up0")
    other = stage.probe(stage.left, "other")
    other.ok("scan")
    same("another gateway finds nothing of ours", [line for line in other.seen if line.startswith("found")], [])
    again = stage.probe(stage.left)
    again.ok("scan")
    same("found", sorted(line for line in again.seen if line.startswith("found")), [
        "found route unreachable 0.0.0.0/0 metric=10010 table=0 source=any",
        "found route unreachable 192.168.0.0/16 metric=10010 table=0 source=any",
        "found route unreachable fd01::/32 metric=10010 table=0 source=any"])
    again.ok("bind " + A)
    again.ok("device s2s0 1400")
    again.ok("address s2s0 169.254.116.209/30")
    again.ok("route tunnel 192.168.0.0/16 10")
    again.seen.clear()
    again.ok("scan")
    same("found again", sorted(line for line in again.seen if line.startswith("found"))[:3], [
        "found address 169.254.116.209/30", "found device s2s0",
        "found route tunnel 192.168.0.0/16 metric=10 table=0 source=any"])
    for words in ("tunnel 192.168.0.0/16 10", "unreachable 192.168.0.0/16 10010", "unreachable 0.0.0.0/0 10010",
                  "unreachable fd01::/32 10010"):
        again.ok("noroute " + words)
    other.ok("stop")
    again.ok("stop")
    same("rules after", stage.left.ip("-4", "rule"), before)
    same("the stranger's route", stage.left.routes(table), [("unicast", "10.99.0.0/16", "up0", 0, "-")])


def adopts_a_persistent_device(stage):
    """A device that bears our alias and that nobody holds is taken over, and goes when it is deleted."""
    stage.left.ip("tuntap", "add", "mode", "tun", "name", "s2s0")
    stage.left.ip("link", "set", "s2s0", "alias", "s2svpn:gw")
    index = stage.left.json("link", "show", "dev", "s2s0")[0]["ifindex"]
    probe = stage.probe(stage.left)
    probe.ok("device s2s0 1400")
    same("the same device", stage.left.json("link", "show", "dev", "s2s0")[0]["ifindex"], index)
    second = stage.probe(stage.left)
    second.refused("device s2s0 1400", "device s2s0: another process holds it")
    probe.ok("nodevice s2s0")
    same("devices left", stage.left.json("link", "show", "type", "tun"), [])


def outer_stays_out(stage):
    """Outer packets never enter the TUN, whatever covers the peer: a default route, a prefix, the peer's own address; also with
    the path down (only fail-closed routes) and with strict or loose reverse-path checks."""
    left, right = stage.probe(stage.left), stage.probe(stage.right)
    left.ok("bind " + A)
    right.ok("bind " + B)
    left.ok("device s2s0 1400")
    left.ok("address s2s0 169.254.116.209/30")

    def both_ways(what):
        for rp_filter in (0, 1, 2):
            for name in ("all", "up0"):
                stage.left.sysctl("ipv4.conf.%s.rp_filter" % name, rp_filter)
            for kind, one, two in (("udp", A + ":500", B + ":500"), ("udp", A + ":4500", B + ":4500"), ("esp", A, B)):
                left.say("%s %s %s there" % (kind, one, two))
                same(what, "there" in right.expect(kind), True)
                right.say("%s %s %s back" % (kind, two, one))
                try:
                    left.expect(kind)
                except Failure as failure:
                    raise Failure("%s, rp_filter %d: %s" % (what, rp_filter, failure)) from None

    for prefix in ("0.0.0.0/0", "198.51.0.0/16", B + "/32"):
        left.ok("route tunnel %s 10" % prefix)
        left.ok("route unreachable %s 10010" % prefix)
        both_ways("under %s" % prefix)
        left.ok("noroute tunnel %s 10" % prefix)
        both_ways("with %s unreachable" % prefix)
        left.ok("noroute unreachable %s 10010" % prefix)
    same("nothing of it came into the TUN", [line for line in left.seen if line.startswith("inner") and "length=8" not in line], [])
    # Without any route for outer packets they are refused, not taken by the VPN.
    left.ok("route tunnel 0.0.0.0/0 10")
    left.ok("route tunnel 203.0.113.0/24 10")
    stage.left.ip("route", "del", "default")
    left.say("udp %s:500 203.0.113.5:500 lost" % A)
    left.say("stats")
    same("dropped", left.expect("stats").split()[4], "dropped=1")


def outer_stays_out_6(stage):
    """The same over IPv6, where the mark alone does it; and without a route an outer packet is refused, not taken by the VPN."""
    left, right = stage.probe(stage.left), stage.probe(stage.right)
    left.ok("bind " + A6)
    right.ok("bind " + B6)
    left.ok("device s2s0 1400")
    left.ok("address s2s0 fd00::1/126")
    for prefix in ("::/0", "2001:db8::/32", B6 + "/128"):
        left.ok("route tunnel %s 10" % prefix)
        left.ok("route unreachable %s 10010" % prefix)
        for what in ("under", "with unreachable"):
            for kind, port in (("udp", 500), ("udp", 4500), ("esp", 0)):
                left.say("%s [%s]:%d [%s]:%d there" % (kind, A6, port, B6, port))
                same("%s %s" % (what, prefix), "there" in right.expect(kind), True)
            left.ok("noroute %s %s" % ("tunnel" if what == "under" else "unreachable", prefix + (" 10" if what == "under" else " 10010")))
    left.ok("route tunnel 2001:db8:9::/48 10")
    left.ok("route tunnel ::/0 10")
    left.say("udp [%s]:500 [2001:db8:9::9]:500 lost" % A6)
    left.say("stats")
    same("dropped", left.expect("stats").split()[4], "dropped=1")
    same("nothing of it came into the TUN", [line for line in left.seen if line.startswith("inner")], [])


def clear_traffic_is_caught(stage):
    """What a VPN prefix covers goes into the TUN or nowhere, even when main gets a more specific route; host and own networks stay."""
    probe = stage.probe(stage.left)
    probe.ok("device s2s0 1400")
    probe.ok("address s2s0 10.0.0.1/30")
    probe.ok("route tunnel 192.168.0.0/16 10")
    probe.ok("route unreachable 192.168.0.0/16 10010")
    stage.left.ip("route", "add", "192.168.7.0/24", "via", B)
    same("more specific in main", stage.left.json("route", "get", "192.168.7.1")[0]["dev"], "s2s0")
    stage.left.run("ping", "-c", "1", "-W", "1", "192.168.7.1", check=False)
    probe.expect("inner device=0")
    probe.ok("route tunnel 0.0.0.0/0 10")
    same("own network under a default route", stage.left.json("route", "get", B)[0]["dev"], "up0")
    same("the rest", stage.left.json("route", "get", "8.8.8.8")[0]["dev"], "s2s0")
    probe.ok("noroute tunnel 192.168.0.0/16 10")
    same("down", "No route to host" in stage.left.run("sh", "-c", "ip route get 192.168.7.1 2>&1", check=False), True)


def inner_traffic(stage):
    """A ping between hosts goes TUN to TUN, over UDP and over raw ESP (in clear: there is no engine here)."""
    probes = []
    for namespace, outer, inner in ((stage.left, A, "10.1.0.1"), (stage.right, B, "10.2.0.1")):
        probe = stage.probe(namespace)
        probe.ok("bind " + outer)
        probe.ok("device s2s0 1400")
        probe.ok("address s2s0 %s/24" % inner)
        probe.ok("route tunnel %s 10 %s" % ("10.2.0.0/24" if inner == "10.1.0.1" else "10.1.0.0/24", inner))
        probes.append((probe, outer))
    for kind, port in (("udp", 4500), ("esp", 0)):
        for (probe, outer), other in zip(probes, (B, A)):
            probe.ok("carry %s:%d %s:%d %s" % (outer, port, other, port, kind))
        text = stage.left.run("ping", "-c", "20", "-i", "0.01", "-W", "5", "-s", "1300", "10.2.0.1")
        same("pings over " + kind, "20 received" in text, True)


def notices(stage):
    """Addresses that go and come back, and links that lose their carrier, are told for bound addresses alone."""
    stage.left.ip("addr", "add", "198.51.100.9/24", "dev", "up0")
    probe = stage.probe(stage.left)
    probe.ok("bind " + A)
    stage.left.ip("addr", "del", "198.51.100.9/24", "dev", "up0")
    stage.right.ip("link", "set", "up0", "down")
    same("carrier lost", probe.expect("notice"), "notice down " + A)
    stage.right.ip("link", "set", "up0", "up")
    same("carrier back", probe.expect("notice"), "notice up " + A)
    stage.left.ip("addr", "del", A + "/24", "dev", "up0")
    same("address gone", probe.expect("notice"), "notice down " + A)
    stage.left.ip("addr", "add", A + "/24", "dev", "up0")
    same("address back", probe.expect("notice"), "notice up " + A)
    probe.refused("bind 198.51.100.44", "Cannot assign")
    stage.left.ip("addr", "add", "198.51.100.44/24", "dev", "up0")
    same("one that BIND missed", probe.expect("notice"), "notice up 198.51.100.44")
    probe.ok("bind 198.51.100.44")
    probe.ok("unbind 198.51.100.44")
    stage.left.ip("addr", "del", "198.51.100.44/24", "dev", "up0")
    stage.right.ip("link", "set", "up0", "down")
    same("only the bound one", probe.expect("notice"), "notice down " + A)
    probe.ok("unbind " + A)
    probe.ok("bind " + A)
    same("bound without carrier", probe.expect("notice"), "notice down " + A)


def uplink_address(stage):
    """After a scan the address toward the Internet is told, whenever there is a way out; other addresses are not."""
    stage.left.ip("addr", "add", "10.5.0.1/24", "dev", "lo")
    stage.left.ip("route", "del", "default")
    stage.left.ip("-6", "route", "flush", "proto", "kernel")
    probe = stage.probe(stage.left)
    probe.ok("device s2s0 1400")
    probe.ok("address s2s0 10.6.0.1/30")
    probe.ok("route tunnel 0.0.0.0/0 10")
    probe.ok("scan")
    stage.left.ip("addr", "add", "198.51.100.9/24", "dev", "up0")
    stage.left.ip("route", "add", "default", "via", B, "src", "198.51.100.9")
    same("told", probe.expect("notice"), "notice up 198.51.100.9")
    stage.left.ip("addr", "del", "198.51.100.9/24", "dev", "up0")
    same("gone", probe.expect("notice"), "notice down 198.51.100.9")
    stage.left.ip("route", "add", "default", "via", B)
    same("another", probe.expect("notice"), "notice up " + A)
    probe.ok("bind " + A)
    stage.left.ip("addr", "del", A + "/24", "dev", "up0")
    same("bound and gone", probe.expect("notice"), "notice down " + A)
    same("nothing else", [line for line in probe.seen if line.startswith("notice")], [])


def streams(stage):
    """TCP with TTL, GTSM and MD5 keys: connect, accept, both directions, orderly end, reset, refusals."""
    left, right = stage.probe(stage.left), stage.probe(stage.right)
    for one, two, form in ((A, B, "%s:%d"), (A6, B6, "[%s]:%d")):
        right.ok("listen 1 %s 255 255" % (form % (two, 179)))
        right.ok("key 1 %s sesame" % one)
        left.ok("connect 2 %s %s 255 255 sesame" % (form % (one, 0), form % (two, 179)))
        left.expect("stream connected 2")
        accepted = right.expect("stream accepted 8").split()
        same("listener", accepted[3], "listener=1")
        left.say("write 2 " + "y" * 3000)
        right.expect("stream data %s" % accepted[2])
        right.expect("bytes")
        right.say("write %s hello" % accepted[2])
        same("answer", left.expect("stream data 2").split()[-1], "hello")
        left.ok("close 2")
        same("orderly", right.expect("stream closed").split()[4], "error=0")
        right.ok("close 1")
    unread_input(left, right)
    left.ok("connect 3 %s:0 %s:179 255 0" % (A, B))
    same("refused", left.expect("stream closed 3").split()[4] != "error=0", True)
    left.refused("connect 4 192.0.2.1:0 %s:179 255 255" % B, "TCP connect to %s:179: Cannot assign requested address" % B)
    right.ok("listen 5 %s:179 255 255" % B)
    right.refused("listen 6 %s:179 255 255" % B, "TCP listen on %s:179: address already in use" % B)
    # A segment with a lower TTL is not taken (RFC 5082): the connection does not come up.
    left.ok("connect 7 %s:0 %s:179 64 0" % (A, B))
    left.ok("connect 8 %s:0 %s:179 255 255" % (A, B))
    left.expect("stream connected 8")
    same("GTSM", [line for line in left.seen if line.startswith("stream connected 7")], [])
    other = right.expect("stream accepted").split()[2]
    left.ok("close 8 reset")
    same("reset", right.expect("stream closed %s" % other).split()[4] != "error=0", True)


def unread_input(left, right):
    """A stream closed while input waits unread: the peer still gets the last bytes and an orderly end, no reset."""
    right.ok("listen 9 %s:179 255 255" % B)
    left.ok("connect a %s:0 %s:179 255 255" % (A, B))
    left.expect("stream connected a")
    accepted = right.expect("stream accepted").split()[2]
    left.process.send_signal(signal.SIGSTOP)
    left.say("write a farewell")
    left.say("close a")
    right.say("write %s unread" % accepted)
    right.ok("listen c %s:1790 0 0" % B)  # answered when the write before it is done
    left.process.send_signal(signal.SIGCONT)
    same("the last bytes", right.expect("stream data %s" % accepted).split()[-1], "farewell")
    same("no reset", right.expect("stream closed %s" % accepted).split()[4], "error=0")
    right.ok("close c")
    right.ok("close 9")


def short_of_memory(stage):
    """Each allocation fails in turn: the action is refused or goes through, a second try goes through, and nothing leaks."""
    before = stage.left.ip("-4", "rule")
    lines = ("bind %s" % A, "device s2s0 1400", "address s2s0 10.1.0.1/30", "route unreachable 10.2.0.0/16 10010", "scan",
             "route tunnel 10.2.0.0/16 10", "listen 1 10.1.0.1:179 255 255", "noroute tunnel 10.2.0.0/16 10",
             "noroute unreachable 10.2.0.0/16 10010", "stop")
    for number in range(40):
        probe = stage.probe(stage.left, "gw", "/dev/net/tun", "fail", str(number))
        refused = 0
        for line in lines:
            probe.say(line)
            answer = probe.next_answer(line.split()[0])
            if answer.startswith("refused"):
                refused += 1
                probe.ok(line)
        if refused > 1:
            raise Failure("allocation %d: %d refusals" % (number, refused))
        probe.quit()
        stage.probes.remove(probe)
        same("rules after allocation %d" % number, stage.left.ip("-4", "rule"), before)


class Gateway:
    """tun_gateway inside a namespace."""

    def __init__(self, stage, namespace, name, *arguments):
        program = os.path.join(os.path.dirname(stage.program), "tun_gateway")
        self.process = subprocess.Popen(["ip", "netns", "exec", namespace.name, program, name, *arguments], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()
        stage.probes.append(self)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def event(self, word, count=1):
        """Waits for an event's name, so many times."""
        wait_for("%s; seen: %s" % (word, self.lines), lambda: sum(line.startswith("event " + word) for line in self.lines) >= count)

    def signal(self, number):
        """Sends a signal and waits for the end."""
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        return self.process.returncode

    def quit(self):
        """For the stage."""
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)


def whole_gateways(stage):
    """Two engines with drivers over kernel tun: a ping through the tunnel under a default route that would leak; kill -9 fails
    closed; the next start adopts; SIGTERM leaves nothing."""
    before = [stage.left.ip("-4", "rule"), stage.left.routes("main")]
    stage.left.ip("addr", "add", "10.1.0.1/16", "dev", "lo")
    stage.right.ip("addr", "add", "10.2.0.1/16", "dev", "lo")
    end = "169.254.10.0/30"
    right = Gateway(stage, stage.right, "right", B, A, "10.2.0.0/16", "10.1.0.0/16", end, "169.254.10.2", "add")
    wait_for("the answering side is there", lambda: stage.right.run("ss", "-Huan", "sport = :500"))

    def ping():
        return stage.left.run("ping", "-c", "1", "-W", "1", "-I", "10.1.0.1", "10.2.0.1", check=False)

    def begin():
        gateway = Gateway(stage, stage.left, "left", A, B, "10.1.0.0/16", "10.2.0.0/16", end, "169.254.10.1", "start")
        gateway.event("route_published")
        wait_for("a ping comes back", lambda: "1 received" in ping())
        return gateway

    left = begin()
    table = [entry for entry in stage.left.rules() if entry.startswith("151")][0].split()[4]
    left.signal(signal.SIGKILL)
    same("fails closed", stage.left.routes(table), [("unreachable", "10.2.0.0/16", "-", 10000, "-")])
    same("no ping", "1 received" in ping(), False)
    left = begin()
    right.event("ike_established", 2)
    same("a regular end", left.signal(signal.SIGTERM), 0)
    same("said goodbye", "gone" in left.lines, True)
    same("nothing was refused", [line for line in left.lines if "refused" in line], [])
    right.event("delete_received")
    stage.left.ip("addr", "del", "10.1.0.1/16", "dev", "lo")
    same("nothing is left", [stage.left.ip("-4", "rule"), stage.left.routes("main")], before)
    same("no route is left", stage.left.routes(table), [])


CASES = [device_and_address, refusals, port_in_use, no_privilege_for_raw, datagrams, dynamic_address, fragments, bursts,
         routes_and_rules, crash_and_adopt, adopts_a_persistent_device, outer_stays_out, outer_stays_out_6, clear_traffic_is_caught, inner_traffic,
         notices, uplink_address, streams, short_of_memory, whole_gateways]


def missing():
    """Why nothing can be run here, or None."""
    if os.geteuid() != 0:
        return "needs root (or run it inside unshare -Urnm)"
    if not os.path.exists("/dev/net/tun"):
        return "/dev/net/tun is not there"
    return None


def main(arguments):
    """Runs the cases."""
    wanted = [case for case in CASES if not arguments[1:] or case.__name__ in arguments[1:]]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    why = missing()
    for case in wanted:
        if why:
            print("skip %s: %s" % (case.__name__, why))
            counts["skipped"] += 1
            continue
        stage, error = Stage(arguments[0]), None
        try:
            case(stage)
        except Failure as failure:
            error = str(failure)
        except Exception:  # a fault of the test itself is a failure too
            error = traceback.format_exc()
        try:
            stage.close(check=error is None)
        except Failure as failure:
            error = str(failure)
        print("not ok %s: %s" % (case.__name__, error) if error else "ok %s" % case.__name__, flush=True)
        counts["failed" if error else "passed"] += 1
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
