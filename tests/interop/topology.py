# SPDX-License-Identifier: Apache-2.0
"""The ground on which two gateways meet:

    host-a ----- gw-a ===== router ===== gw-b ----- host-b
    10.1.0.10    10.1.0.1   198.51.100.254 / 203.0.113.254   10.2.0.1    10.2.0.10
                 198.51.100.1               203.0.113.1

Both outer links are captured in the router. The hosts' default routes lead to their gateway and the gateways' to the router,
so that a packet that no tunnel takes shows up in clear on an outer link. Figures are measured without captures.
"""
from lab import Lab, Ping
from wire import Wire

OUTER = {"a": "198.51.100.1", "b": "203.0.113.1"}
ROUTER = {"a": "198.51.100.254", "b": "203.0.113.254"}
INNER = {"a": "10.1.0.0/24", "b": "10.2.0.0/24"}
GATEWAY = {"a": "10.1.0.1", "b": "10.2.0.1"}
HOST = {"a": "10.1.0.10", "b": "10.2.0.10"}


class Ground(Lab):
    """A lab with two gateways, two hosts and a router."""

    def __init__(self, name, folder=None, captured=True):
        super().__init__(name, folder)
        self.wires = {}
        self.captured = captured

    def __enter__(self):
        super().__enter__()
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def _build(self):
        self.namespace("router", forward=True)
        for side in "ab":
            self.namespace("gw-" + side, forward=True)
            self.namespace("host-" + side)
            self.link("gw-" + side, "outer", [OUTER[side] + "/24"], "router", "to-" + side, [ROUTER[side] + "/24"])
            self.link("gw-" + side, "inner", [GATEWAY[side] + "/24"], "host-" + side, "eth0", [HOST[side] + "/24"])
            self.route("gw-" + side, "default", ROUTER[side])
            self.route("host-" + side, "default", GATEWAY[side])
        for side in "ab" if self.captured else "":
            self.wires[side] = self.capture("router", "to-" + side)

    def across(self, source="a", **options):
        """A ping from one host to the other."""
        return self.ping("host-" + source, HOST["b" if source == "a" else "a"], **options)

    def drop(self, source=None):
        """The router drops what comes from one side (both when None): no carrier loss, no ICMP."""
        for side in [source] if source else "ab":
            self.run("router", "nft", "add table ip cut; add chain ip cut f { type filter hook forward priority 0; }; "
                     "add rule ip cut f iifname to-%s drop" % side)

    def restore(self):
        """The router forwards again."""
        self.run("router", "nft", "delete table ip cut", check=False)

    def check_wire(self, inner=None):
        """Ends the captures and judges both outer links; gives the two Wires."""
        checked = []
        for capture in self.wires.values():
            wire = Wire(inner=inner or INNER.values(), markers=[Ping.MARKER])
            checked.append(wire.check_file(capture.stop()))
        return checked
