#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the BGP fuzz targets (tests/fuzz/corpus/bgp_*): small valid inputs, made apart from the library."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"


def write(target, name, data):
    """One seed."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def capability(code, value):
    """A capability in a parameter of its own."""
    return bytes([2, len(value) + 2, code, len(value)]) + value


def open_body(parameters, asn=65002):
    """An OPEN without its header."""
    return struct.pack(">BHH4sB", 4, asn, 90, b"\2\2\2\2", len(parameters)) + parameters


def attribute(flags, code, value):
    """A path attribute."""
    return bytes([flags, code, len(value)]) + value


def update(attributes=b"", nlri=b"", withdrawn=b""):
    """An UPDATE without its header."""
    return struct.pack(">H", len(withdrawn)) + withdrawn + struct.pack(">H", len(attributes)) + attributes + nlri


ORIGIN = attribute(0x40, 1, b"\0")
PATH = attribute(0x40, 2, b"\2\2" + struct.pack(">II", 65002, 4200000000))
NEXT_HOP = attribute(0x40, 3, b"\n\0\0\2")
BASE = ORIGIN + PATH + NEXT_HOP
V6 = bytes.fromhex("20010db8000000000000000000000002")
REACH6 = attribute(0x80, 14, b"\0\2\1\x10" + V6 + b"\0" + b"\x20\x20\1\x0d\xb8")
EXTRAS = (attribute(0x80, 4, b"\0\0\0\7") + attribute(0x40, 5, b"\0\0\0\x64") + attribute(0x40, 6, b"")
          + attribute(0xC0, 7, struct.pack(">I", 65002) + b"\n\0\0\2") + attribute(0xC0, 8, b"\xff\xff\0\0\xfd\xea\0\1")
          + attribute(0x80, 9, b"\n\0\0\2") + attribute(0x80, 10, b"\n\0\0\3") + attribute(0xC0, 16, b"\0\2\xfd\xea\0\0\0\1")
          + attribute(0xC0, 23, b"\0\x08\0\3\1\1\0") + attribute(0xC0, 32, struct.pack(">III", 65002, 1, 2))
          + attribute(0xC0, 35, b"\0\0\xfd\xea") + attribute(0xC0, 250, b"abc"))
OLD = (ORIGIN + attribute(0x40, 2, b"\2\2" + struct.pack(">HH", 65002, 23456)) + NEXT_HOP
       + attribute(0xC0, 7, struct.pack(">H", 23456) + b"\n\0\0\2") + attribute(0xC0, 17, b"\2\1" + struct.pack(">I", 4200000000))
       + attribute(0xC0, 18, struct.pack(">I", 4200000000) + b"\n\0\0\2"))

CAPABILITIES = (capability(1, b"\0\1\0\1") + capability(1, b"\0\2\0\1") + capability(2, b"") + capability(65, struct.pack(">I", 65002))
                + capability(64, b"\x40\x78\0\1\1\x80\0\2\1\x80") + capability(70, b"") + capability(6, b""))


def command(code, which=0):
    """A command octet of fuzz_bgp_session."""
    return bytes([code | which << 7])


def message(kind, body, which=0):
    """A framed message in fuzz_bgp_session."""
    return command(2, which) + bytes([kind, len(body)]) + body


def main():
    write("bgp_open", "plain", open_body(b""))
    write("bgp_open", "capabilities", open_body(CAPABILITIES))
    extended = struct.pack(">BHH4sBBH", 4, 65002, 90, b"\2\2\2\2", 255, 255, 9) + b"\2\0\6\1\4\0\1\0\1"
    write("bgp_open", "extended", extended)

    write("bgp_update", "external", b"\1" + update(BASE, b"\x10\n\x42\x18\n\1\2"))
    write("bgp_update", "internal", b"\3" + update(BASE + EXTRAS, b"\x10\n\x42"))
    write("bgp_update", "two_octet", b"\0" + update(OLD, b"\x10\n\x42"))
    write("bgp_update", "ipv6", b"\1" + update(REACH6 + ORIGIN + PATH))
    write("bgp_update", "withdraw", b"\1" + update(withdrawn=b"\x10\n\x42"))
    write("bgp_update", "withdraw6", b"\1" + update(attribute(0x80, 15, b"\0\2\1\x20\x20\1\x0d\xb8")))
    write("bgp_update", "end_of_rib", b"\1" + update())
    write("bgp_update", "end_of_rib6", b"\1" + update(attribute(0x80, 15, b"\0\2\1")))

    write("bgp_messages", "header", b"\0" + b"\xff" * 16 + b"\0\x13\4")
    write("bgp_messages", "shutdown", b"\1\6\2\3abc")
    write("bgp_messages", "hard_reset", b"\1\6\x09\6\2\3abc")
    write("bgp_messages", "refresh", b"\2\0\1\0\1")

    up = command(0) + command(1) + b"\7"
    good = message(2, update(BASE, b"\x10\n\x42\x18\n\1\2"))
    other = command(1, 1) + b"\3"
    write("bgp_session", "routes", up + other + good + message(2, update(withdrawn=b"\x10\n\x42")) + message(5, b"\0\1\0\1"))
    write("bgp_session", "restart", up + good + command(6) + command(5) + b"\5" + up + message(2, update()) + command(5) + b"\x40")
    write("bgp_session", "notification", up + good + message(3, b"\6\4") + command(5) + b"\5" + up + good)
    write("bgp_session", "admin", up + other + good + b"".join(command(7) + bytes([i]) for i in range(0, 240, 7)))
    write("bgp_session", "limit", up + message(2, update(BASE, b"".join(b"\x10\n" + bytes([i]) for i in range(9)))))
    write("bgp_session", "originate", up + other + command(7) + b"\x08\x0b" + command(7, 1) + b"\x08\x0d" + command(5) + b"\x1f")


if __name__ == "__main__":
    main()
