#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the IKE fuzz targets (tests/fuzz/corpus/ike_*): small valid inputs, made apart from the library."""
import ipaddress
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"
SPI_I, SPI_R = bytes(range(0xC0, 0xC8)), bytes(range(0xD0, 0xD8))
SA, KE, IDI, IDR, AUTH, NONCE, N, D, V, TSI, TSR, SK, SKF = 33, 34, 35, 36, 39, 40, 41, 42, 43, 44, 45, 46, 53


def chain(payloads):
    """[(type, body)] as bytes, with the first type."""
    out = b""
    for i, (_, body) in enumerate(payloads):
        following = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        out += struct.pack(">BBH", following, 0, len(body) + 4) + body
    return (payloads[0][0] if payloads else 0), out


def message(exchange, flags, payloads, message_id=0, spi_r=bytes(8)):
    first, body = chain(payloads)
    return SPI_I + spi_r + struct.pack(">BBBBII", first, 0x20, exchange, flags, message_id, 28 + len(body)) + body


def transform(kind, number, last, key=0):
    attribute = struct.pack(">HH", 0x800E, key) if key else b""
    return struct.pack(">BBHBBH", 0 if last else 3, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal(number, protocol, spi, transforms, last=True):
    body = b"".join(transform(k, n, i + 1 == len(transforms), *key) for i, (k, n, *key) in enumerate(transforms))
    return struct.pack(">BBHBBBB", 0 if last else 2, 0, 8 + len(spi) + len(body), number, protocol, len(spi),
                       len(transforms)) + spi + body


IKE_SA = (proposal(1, 1, b"", [(1, 20, 256), (1, 28), (2, 5), (2, 6), (4, 31), (4, 14)], False) +
          proposal(2, 1, b"", [(1, 12, 128), (2, 5), (3, 12), (4, 19), (4, 14)]))
REKEY_SA = proposal(1, 1, SPI_I, [(1, 12, 256), (2, 5), (3, 12), (4, 14)])
ESP_SA = (proposal(1, 3, b"\xc1\2\3\4", [(1, 20, 128), (4, 14), (4, 0), (5, 0), (5, 1)], False) +
          proposal(2, 3, b"\xc1\2\3\4", [(1, 12, 128), (3, 12), (3, 2), (5, 0)]))
ODD_SA = proposal(1, 3, b"\xc1\2\3\4", [(1, 20, 128), (3, 0), (6, 1), (5, 0)])


def selectors(*prefixes):
    out = struct.pack(">BBH", len(prefixes), 0, 0)
    for text in prefixes:
        net = ipaddress.ip_network(text)
        first, last = net[0].packed, net[-1].packed
        out += struct.pack(">BBHHH", 7 if net.version == 4 else 8, 0, 8 + 2 * len(first), 0, 65535) + first + last
    return out


def notify(kind, data=b"", protocol=0, spi=b""):
    return N, struct.pack(">BBH", protocol, len(spi), kind) + spi + data


INIT = [notify(16390, bytes(32)), (SA, IKE_SA), (KE, struct.pack(">HH", 31, 0) + bytes(range(32))), (NONCE, bytes(32)),
        notify(16388, bytes(20)), notify(16389, bytes(20)), notify(16430), (V, b"vendor")]
AUTH_REQUEST = [(IDI, b"\2\0\0\0gw.example.com"), notify(16384), (IDR, b"\1\0\0\0\xc0\0\2\1"), (AUTH, b"\2\0\0\0" + bytes(32)),
                (SA, ESP_SA), (TSI, selectors("10.0.0.1/32", "10.0.0.0/16", "fd00::/64")), (TSR, selectors("172.16.0.0/16"))]
CHILD = [notify(16393, b"", 3, b"\xc1\2\3\4"), (SA, ESP_SA), (NONCE, bytes(32)), (KE, struct.pack(">HH", 14, 0) + b"x"),
         (TSI, selectors("10.0.0.0/16")), (TSR, selectors("0.0.0.0/0"))]
REKEY = [(SA, REKEY_SA), (NONCE, bytes(32)), (KE, struct.pack(">HH", 14, 0) + b"x")]
DELETES = [(D, b"\3\4\0\2" + bytes(range(8))), (D, b"\1\0\0\0")]
RFC7634 = bytes.fromhex("c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029101112131415161761039470"
                        "1f8d017f7c129248896b71bfe25236efd7cdc67066906315b2")


def fragments(payloads, size, order, total=None):
    first, body = chain(payloads)
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    out = b""
    for n in order(range(len(pieces))):
        out += bytes([1, n + 1, total or len(pieces), first if n == 0 else 0, 1, len(pieces[n])]) + pieces[n]
    return out


def inside(suite, mode, payloads):
    first, body = chain(payloads)
    return bytes([suite, mode, first]) + body + (b"\0" if mode == 2 else b"")


SEEDS = {
    "ike_message": {
        "init": message(34, 8, INIT), "init_response": message(34, 0x20, INIT[1:], 0, SPI_R),
        "cookie": message(34, 0x20, [INIT[0]]), "invalid_ke": message(34, 0x20, [notify(17, b"\0\x0e")]),
        "rfc7634": RFC7634, "auth_in_clear": message(35, 8, AUTH_REQUEST, 1, SPI_R),
        "child_in_clear": message(36, 8, CHILD, 2, SPI_R), "rekey_in_clear": message(36, 8, REKEY, 2, SPI_R),
        "deletes": message(37, 8, DELETES, 3, SPI_R),
        "fragment": message(35, 8, [(SKF, struct.pack(">HH", 2, 3) + bytes(40))], 1, SPI_R),
        "unknown": message(34, 8, [(200, b"?")] + INIT[1:4]), "error": message(37, 8, [notify(4)], 0, SPI_R),
    },
    "ike_sa_payload": {"ike": IKE_SA, "rekey": REKEY_SA, "esp": ESP_SA, "odd": ODD_SA},
    "ike_ts": {
        name: bytes([len(a)]) + a + b for name, a, b in (
            ("same", selectors("10.0.0.0/16"), selectors("10.0.0.0/16")),
            ("packet", selectors("10.1.0.0/16", "10.2.0.0/16"), selectors("10.2.0.7/32", "10.0.0.0/8")),
            ("any", selectors("10.0.0.0/16", "fd00::/8"), selectors("0.0.0.0/0", "::/0")))
    },
    "ike_sk": {
        "rfc7634": bytes([1, 0]) + RFC7634, "auth_gcm": inside(0, 1, AUTH_REQUEST), "child_cbc": inside(2, 1, CHILD),
        "rekey_chacha": inside(1, 1, REKEY), "padding_gcm": inside(0, 2, DELETES), "padding_cbc": inside(3, 2, AUTH_REQUEST),
    },
    "ike_fragment": {
        "forward": fragments(AUTH_REQUEST, 100, lambda r: r), "backward": fragments(AUTH_REQUEST, 50, reversed),
        "twice": fragments(DELETES, 8, lambda r: list(r)[:2] + list(r)), "larger": fragments(DELETES, 8, lambda r: [0, 1]) +
        fragments(DELETES, 4, lambda r: r), "never": fragments(DELETES, 4, lambda r: r, 20),
    },
}

for target, seeds in SEEDS.items():
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)
    print(target, len(seeds))
