# SPDX-License-Identifier: Apache-2.0
"""What the daemon hands out for its far end: a strongSwan that is given the swanctl.conf, and nothing else, comes up."""
import os

from cases import expect
from gateway import Gateway
from gateway_cases import FIRST, UP, needs, our_config
from lab import wait_until
from strongswan import StrongSwan
from topology import Ground


def _loaded(ground, gateway, peer):
    """Gives the peer what GET device-config answers, as it is."""
    code, text = gateway.request("GET", "/v1/connections/net/device-config?format=swanctl")
    expect(code == 200, "device-config: %s %s" % (code, text))
    path = os.path.join(peer.folder, "handed-out.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    output = peer.swanctl("--load-all", "--clear", "--noprompt", "--file", path)
    expect("loaded connection" in output and "loaded ike secret" in output, "swanctl says: " + output.strip()[-300:])


def swanctl_file(program, folder):
    """s2s-gateway waits, strongSwan starts by the file; a ping goes through, the wire is clean."""
    with Ground("device", folder) as ground:
        # kernel-libipsec, the ESP of this lab, has no extended sequence numbers.
        config = our_config(FIRST, "responder", {"ipsec": {"esn": False}})
        gateway = Gateway(ground, "gw-a", program, config).start()
        peer = StrongSwan(ground, "gw-b")
        _loaded(ground, gateway, peer)
        expect(wait_until(lambda: gateway.tunnel("net")["status"] == UP, 15), "not up: " + peer.log()[-400:])
        ping = ground.across("a", count=10, interval=0.05)
        sent, received = ping.finish()
        expect(received >= sent - 2, "%d of %d pings answered" % (received, sent))
        for wire in ground.check_wire():
            expect(not wire.faults, "the wire: " + "; ".join(wire.faults[:3]))


def refusals(program, folder):
    """An unknown format and an unknown connection are answered, not guessed."""
    with Ground("device-no", folder) as ground:
        gateway = Gateway(ground, "gw-a", program, our_config(FIRST, "responder")).start()
        for path, wanted in (("net/device-config?format=cisco", 400), ("net/device-config", 400),
                             ("nobody/device-config?format=generic", 404)):
            code, text = gateway.request("GET", "/v1/connections/" + path)
            expect(code == wanted, "%s: %s %s" % (path, code, text))


def cases(build):
    """(name, function of a folder)."""
    program = os.path.join(build, "examples", "s2s-gateway", "s2s-gateway")
    return [("device_" + function.__name__, needs(program, function)) for function in (swanctl_file, refusals)]
