# SPDX-License-Identifier: Apache-2.0
"""BGP messages out of a capture: what went over the wire, whatever the two ends say of it."""
import ipaddress
import struct

from wire import read_pcap

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5


def _segments(path):
    """(source, source port, destination port, sequence number, flags, octets) of each TCP segment of port 179 over IPv4."""
    for _, frame in read_pcap(path):
        if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        packet = frame[14:14 + struct.unpack_from("!H", frame, 16)[0]]
        tcp = packet[(packet[0] & 15) * 4:]
        source, destination, sequence = struct.unpack_from("!HHI", tcp)
        if 179 in (source, destination):
            yield str(ipaddress.ip_address(packet[12:16])), source, destination, sequence, tcp[13], tcp[(tcp[12] >> 4) * 4:]


def _cut(stream):
    """Whole messages at the head of a stream; gives them and the rest."""
    found = []
    while len(stream) >= 19:
        length = struct.unpack_from("!H", stream, 16)[0]
        if length < 19 or len(stream) < length:
            break
        found.append((stream[18], stream[19:length]))
        stream = stream[length:]
    return found, stream


def messages(path):
    """[(source address, type, body)] in the order in which they were complete. Retransmitted octets count once."""
    streams, found = {}, []
    for source, port, to_port, sequence, flags, octets in _segments(path):
        key = (source, port, to_port)
        if flags & 2:  # SYN
            streams[key] = [(sequence + 1) & 0xFFFFFFFF, b""]
        if key not in streams or not octets:
            continue
        following, rest = streams[key]
        known = (following - sequence) & 0xFFFFFFFF
        if known < len(octets):
            streams[key][0] = (sequence + len(octets)) & 0xFFFFFFFF
            whole, streams[key][1] = _cut(rest + octets[known:])
            found += [(source, kind, body) for kind, body in whole]
    return found


def capabilities(body):
    """{code: [value]} of an OPEN's body."""
    found, at, end = {}, 10, 10 + body[9]
    while at + 2 <= end:
        kind, length = body[at], body[at + 1]
        at, stop = at + 2, at + 2 + length
        while kind == 2 and at + 2 <= stop:
            found.setdefault(body[at], []).append(body[at + 2:at + 2 + body[at + 1]])
            at += 2 + body[at + 1]
        at = stop
    return found
