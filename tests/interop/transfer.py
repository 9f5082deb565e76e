# SPDX-License-Identifier: Apache-2.0
"""Octets over TCP, both ways, compared by their hashes: transfer.py serve ADDRESS | transfer.py ask ADDRESS OCTETS.

A checksum of TCP proves little where the gateway itself cuts and joins what passes; these hashes do.
"""
import hashlib
import os
import socket
import sys

PORT = 5300


def take(connection, count):
    """Receives so many octets; gives their hash."""
    digest = hashlib.sha256()
    while count:
        part = connection.recv(min(count, 1 << 16))
        if not part:
            raise ConnectionError("%d octets are missing" % count)
        digest.update(part)
        count -= len(part)
    return digest.hexdigest()


def give(connection, count):
    """Sends so many random octets in pieces of odd sizes; gives their hash."""
    digest = hashlib.sha256()
    while count:
        part = os.urandom(min(count, 1 + int.from_bytes(os.urandom(2), "big")))
        connection.sendall(part)
        digest.update(part)
        count -= len(part)
    return digest.hexdigest()


def serve(address):
    """Takes a count and as many octets, says their hash, gives as many back with theirs."""
    with socket.create_server((address, PORT)) as server:
        print("ready", flush=True)
        while True:
            connection = server.accept()[0]
            with connection:
                count = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
                connection.sendall(take(connection, count).encode())
                connection.sendall(give(connection, count).encode())


def ask(address, count):
    """Asks the server; the exit status tells whether all octets were right."""
    with socket.create_connection((address, PORT), timeout=30) as connection:
        connection.sendall(count.to_bytes(8, "big"))
        sent = give(connection, count)
        if connection.recv(64, socket.MSG_WAITALL).decode() != sent:
            sys.exit("what arrived there is not what was sent")
        received = take(connection, count)
        if connection.recv(64, socket.MSG_WAITALL).decode() != received:
            sys.exit("what arrived here is not what was sent")
        print("%d octets each way" % count)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        ask(sys.argv[2], int(sys.argv[3]))
