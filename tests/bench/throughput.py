#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One TCP stream through the tunnel, and the time from a cold start to the first ping: s2s-gateway at both ends against
strongSwan with kernel-libipsec at both ends, AES-128-GCM, in turn and in one run, so that the ratio says something.

    tests/bench/throughput.py --build FOLDER [--seconds N] [--rounds N] [--only ours|theirs]

FOLDER holds examples/s2s-gateway/s2s-gateway, built with optimization. Prints figures and "ok throughput" (or why not: a
stream that does not run is a failure, a slow one is not).
"""
import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "interop"))
from gateway import Gateway
from lab import LabError, wait_until, why_not
from strongswan import StrongSwan
from topology import HOST, INNER, OUTER, Ground

PSK = "Uneasy-lies-the-head-2"
IKE, ESP = "aes128-sha256-x25519", "aes128gcm16"


def our_side(side, other, start):
    """One generic gateway, one tunnel."""
    tunnel = {"psk": PSK, "startup_action": "start" if start else "add", "encapsulation": "always",
              "ike": {"encryption": "aes128", "integrity": "sha256", "dh_group": "x25519"},
              "ipsec": {"encryption": "aes128gcm16", "pfs": "none"}}
    return {"gateway": {"name": side, "profile": "generic", "addresses": [OUTER[side]], "vpc": {"cidr": [INNER[side]]}},
            "customer_gateways": [{"name": other, "ip_address": OUTER[other]}],
            "connections": [{"name": "net", "customer_gateway": other, "route_mode": "policy", "local_subnets": [INNER[side]],
                             "remote_subnets": [INNER[other]], "tunnels": [tunnel]}]}


def their_side(side, other, start):
    """The same for strongSwan."""
    child = {"local_ts": INNER[side], "remote_ts": INNER[other], "esp_proposals": ESP, "start_action": "start" if start else "none"}
    return {"net": {"version": 2, "encap": "yes", "local_addrs": OUTER[side], "remote_addrs": OUTER[other], "proposals": IKE,
                    "local": {"auth": "psk", "id": OUTER[side]}, "remote": {"auth": "psk", "id": OUTER[other]},
                    "children": {"net": child}}}


class Ours:
    """s2s-gateway at one end."""

    name = "s2s-gateway"

    def __init__(self, ground, program, side, other, start):
        self.gateway = Gateway(ground, "gw-" + side, program, our_side(side, other, start), level="warning")
        if start:
            self.gateway.launch()
        else:
            self.gateway.start()


class Theirs:
    """charon-systemd at one end."""

    name = "strongSwan kernel-libipsec"

    def __init__(self, ground, _, side, other, start):
        peer = StrongSwan(ground, "gw-" + side, quiet=True)
        peer.load(their_side(side, other, start), {"ike-1": {"secret": '"%s"' % PSK}})


def cold_start(ground, kind, program):
    """Milliseconds from starting the end that begins to the first answered ping; the other end waits already."""
    kind(ground, program, "b", "a", False)
    ping = ground.across("a", interval=0.005, size=56)
    time.sleep(0.2)
    began = time.time()
    kind(ground, program, "a", "b", True)
    if not wait_until(ping.replies, 20):
        raise LabError("no ping through the tunnel of " + kind.name)
    ping.finish()
    first = next(line for line in ping.process.output().splitlines() if "bytes from" in line)
    return (float(first[1:first.index("]")]) - began) * 1000


def stream(ground, seconds):
    """Gbit/s of one TCP stream."""
    server = ground.start("host-b", "iperf3", "-s", "-1", "--forceflush")
    if not wait_until(lambda: "listening" in server.output(), 10):
        raise LabError("iperf3: " + server.output())
    result = json.loads(ground.run("host-a", "iperf3", "-c", HOST["b"], "-t", seconds, "-J", check=False, seconds=seconds + 30))
    if "error" in result:
        raise LabError("iperf3: " + result["error"])
    return result["end"]["sum_received"]["bits_per_second"] / 1e9


def measure(kind, program, seconds, folder):
    """(cold start in ms, Gbit/s)."""
    with Ground("bench", folder, captured=False) as ground:
        return cold_start(ground, kind, program), stream(ground, seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("ours", "theirs"))
    options = parser.parse_args()
    program = os.path.join(os.path.abspath(options.build), "examples", "s2s-gateway", "s2s-gateway")
    missing = [tool for tool in ("iperf3", "charon-systemd", "swanctl") if not shutil.which(tool)]
    reason = why_not() or ("not installed: " + ", ".join(missing) if missing else None)
    if reason:
        print("skip throughput: " + reason)
        return 0
    folder = tempfile.mkdtemp(prefix="s2s-bench-")
    kinds = [kind for kind, word in ((Theirs, "theirs"), (Ours, "ours")) if options.only in (None, word)]
    figures = {kind: [] for kind in kinds}
    try:
        for _ in range(options.rounds):
            for kind in kinds:
                figures[kind].append(measure(kind, program, options.seconds, folder))
    except LabError as error:
        print("not ok throughput: %s; logs in %s" % (error, folder))
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    median = {kind: [statistics.median(values) for values in zip(*figures[kind])] for kind in kinds}
    for kind in kinds:
        print("%-28s cold start to first ping %4.0f ms, one TCP stream %.2f Gbit/s" % (kind.name, *median[kind]))
    if len(kinds) == 2:
        print("ratio of the streams %.2f (goal 1.5), of the cold starts %.2f" % (
            median[Ours][1] / median[Theirs][1], median[Ours][0] / median[Theirs][0]))
    print("ok throughput")
    return 0


if __name__ == "__main__":
    sys.exit(main())
