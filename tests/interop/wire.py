# SPDX-License-Identifier: Apache-2.0
"""The wire check: what an outer link may carry. Reads a pcap file with nothing but the standard library.

Allowed are UDP 500, UDP 4500, ESP, ARP and ND (with the MLD reports that ND causes). Everything else is a fault, and so is
an inner address in an IP header or the marker of our pings in clear anywhere in a packet.
"""
import ipaddress
import struct

ETHERNET = 1
ND_TYPES = (133, 134, 135, 136, 137, 143)  # RFC 4861; 143 is MLDv2 (RFC 3810), sent by who joins a solicited-node group
ESP, UDP, ICMPV6, FRAGMENT, HOP_BY_HOP = 50, 17, 58, 44, 0


def read_pcap(path):
    """Yields (seconds, frame) of a pcap file of Ethernet frames. A last record that is cut off ends it."""
    with open(path, "rb") as file:
        header = file.read(24)
        if len(header) < 24:
            return
        magic = header[:4]
        order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        unit = 1e-9 if magic in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e-6
        if struct.unpack(order + "I", header[20:24])[0] & 0xFFFF != ETHERNET:
            raise ValueError("%s: not an Ethernet capture" % path)
        while True:
            record = file.read(16)
            if len(record) < 16:
                return
            seconds, fraction, length, _ = struct.unpack(order + "4I", record)
            frame = file.read(length)
            if len(frame) < length:
                return
            yield seconds + fraction * unit, frame


class Wire:
    """What was seen on one link."""

    def __init__(self, inner=(), markers=(), ports=(500, 4500)):
        self.inner = [ipaddress.ip_network(network) for network in inner]
        self.markers = list(markers)
        self.ports = ports
        self.counts = {"ike": 0, "esp": 0, "esp_in_udp": 0, "keepalive": 0, "arp": 0, "nd": 0, "fragment": 0}
        self.faults = []
        self.cleartext = 0
        self._fragments = set()

    def _fault(self, when, what):
        self.faults.append("%.6f %s" % (when, what))

    def check_file(self, path):
        """Adds all packets of a capture."""
        for when, frame in read_pcap(path):
            self.check_frame(when, frame)
        return self

    def check_frame(self, when, frame):
        """Judges one Ethernet frame."""
        if any(marker in frame for marker in self.markers):
            self.cleartext += 1
            self._fault(when, "the marker of a ping in clear")
        kind = struct.unpack_from("!H", frame, 12)[0] if len(frame) >= 14 else -1
        if kind == 0x0806:
            self.counts["arp"] += 1
        elif kind == 0x0800 and len(frame) >= 34:
            self._check_v4(when, frame[14:])
        elif kind == 0x86DD and len(frame) >= 54:
            self._check_v6(when, frame[14:])
        else:
            self._fault(when, "a frame of type 0x%04x" % (kind & 0xFFFF))

    def _check_addresses(self, when, source, destination):
        for address in (source, destination):
            if any(address.version == network.version and address in network for network in self.inner):
                self.cleartext += 1
                self._fault(when, "inner address in clear: %s > %s" % (source, destination))
                return False
        return True

    def _check_v4(self, when, packet):
        source, destination = ipaddress.ip_address(packet[12:16]), ipaddress.ip_address(packet[16:20])
        if not self._check_addresses(when, source, destination):
            return
        length = (packet[0] & 15) * 4
        total = struct.unpack_from("!H", packet, 2)[0]
        fragment = struct.unpack_from("!H", packet, 6)[0]
        key = (source, destination, packet[9], packet[4:6])
        self._check_payload(when, packet[9], packet[length:total], "%s > %s" % (source, destination), key,
                            fragment & 0x1FFF, bool(fragment & 0x2000))

    def _check_v6(self, when, packet):
        source, destination = ipaddress.ip_address(packet[8:24]), ipaddress.ip_address(packet[24:40])
        if not self._check_addresses(when, source, destination):
            return
        total = 40 + struct.unpack_from("!H", packet, 4)[0]
        following, at, offset, more, key = packet[6], 40, 0, False, None
        while following in (HOP_BY_HOP, FRAGMENT) and len(packet) >= at + 8:
            if following == FRAGMENT:
                field = struct.unpack_from("!H", packet, at + 2)[0]
                offset, more, key = field >> 3, bool(field & 1), (source, destination, packet[at], packet[at + 4:at + 8])
                following, at = packet[at], at + 8
            else:
                following, at = packet[at], at + (packet[at + 1] + 1) * 8
        self._check_payload(when, following, packet[at:total], "%s > %s" % (source, destination), key, offset, more)

    def _check_payload(self, when, protocol, payload, names, key, offset, more):  # pylint: disable=too-many-arguments
        """One IP payload. A later fragment is allowed when its first fragment was."""
        if offset:
            self.counts["fragment"] += 1
            if key not in self._fragments:
                self._fault(when, "a fragment whose first part was not allowed: %s" % names)
            return
        before = len(self.faults)
        if protocol == ESP:
            self.counts["esp"] += 1
        elif protocol == UDP and len(payload) >= 8:
            self._check_udp(when, payload, names)
        elif protocol == ICMPV6 and payload and payload[0] in ND_TYPES:
            self.counts["nd"] += 1
        else:
            self._fault(when, "IP protocol %d: %s" % (protocol, names))
        if more and len(self.faults) == before:
            self._fragments.add(key)

    def _check_udp(self, when, payload, names):
        ports = struct.unpack_from("!HH", payload)
        if not set(ports) & set(self.ports):
            self._fault(when, "UDP %d > %d: %s" % (ports + (names,)))
        elif 4500 not in ports and self.ports[-1] not in ports:
            self.counts["ike"] += 1
        elif len(payload) == 9 and payload[8] == 0xFF:
            self.counts["keepalive"] += 1
        else:
            self.counts["ike" if payload[8:12] == b"\0\0\0\0" else "esp_in_udp"] += 1

    def protected(self):
        """ESP packets, in either form."""
        return self.counts["esp"] + self.counts["esp_in_udp"]

    def summary(self):
        """One line for people."""
        return ", ".join("%d %s" % (count, name) for name, count in self.counts.items() if count) or "nothing"
