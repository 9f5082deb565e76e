# SPDX-License-Identifier: Apache-2.0
"""Our IKEv2 machine alone (tests/interop/ike_probe.c, no ESP, no gateway) against strongSwan: every suite in both roles with
rekeys from both sides, rekeys that cross, and what must be refused."""
import functools
import os
import threading
import time

from cases import expect
from lab import Lab, wait_until
from strongswan import StrongSwan

LOCAL, REMOTE, PSK = "192.0.2.1", "192.0.2.2", "Uneasy-lies-the-head-2"

# name: (strongSwan's IKE proposal, its ESP proposal, our words for both)
SUITES = {
    "aes128-sha256-modp2048": ("aes128-sha256-modp2048", "aes128-sha256-modp2048", "aes128-sha256-prfsha256-modp2048",
                               "aes128-sha256-modp2048"),
    "aes256-sha512-ecp384": ("aes256-sha512-ecp384", "aes256-sha512-ecp384", "aes256-sha512-prfsha512-ecp384",
                             "aes256-sha512-ecp384"),
    "aes256gcm16-prfsha384-ecp256": ("aes256gcm16-prfsha384-ecp256", "aes256gcm16-ecp256", "aes256gcm16-prfsha384-ecp256",
                                     "aes256gcm16-ecp256"),
    "chacha20poly1305-prfsha256-x25519": ("chacha20poly1305-prfsha256-x25519", "chacha20poly1305-x25519",
                                          "chacha20poly1305-prfsha256-x25519", "chacha20poly1305-x25519"),
}
GCM = "aes256gcm16-prfsha384-ecp256"

# name: (what differs on our side, the event that we must report: type, reason, notify; IKE_SAs that stay)
REFUSED = {
    "wrong-psk": ({"psk": "another"}, "event 7 reason 2 notify 24", 0),
    "wrong-identity": ({"ids": ("@nobody.example", REMOTE)}, "event 7 reason 2 notify 24", 0),
    "no-common-ike-proposal": ({"ike": "aes128-sha256-prfsha256-modp2048"}, "event 7 reason 1 notify 14", 0),
    "no-common-esp-proposal": ({"esp": "aes128-sha256"}, "event 6 reason 1 notify 14", 1),
    "selectors-do-not-meet": ({"there": "10.99.0.0/16"}, "event 6 reason 5 notify 38", 1),
}


class Ends:
    """strongSwan in one namespace, the probe in the other."""

    def __init__(self, lab, program, suite, ids=(LOCAL, REMOTE), psk=PSK, ike=None, esp=None, there="10.1.0.0/16"):
        theirs_ike, theirs_esp, our_ike, our_esp = SUITES[suite]
        lab.namespace("l")
        lab.namespace("r")
        lab.link("l", "eth0", [LOCAL + "/24"], "r", "eth0", [REMOTE + "/24"])
        lab.run("r", "ip", "addr", "add", "10.1.0.1/32", "dev", "lo")
        lab.run("r", "ip", "route", "add", "default", "via", LOCAL)
        self.peer = StrongSwan(lab, "r")
        known = LOCAL if ids[0] == "@nobody.example" else ids[0]
        self.peer.load({"net": {
            "version": 2, "local_addrs": REMOTE, "remote_addrs": LOCAL, "proposals": theirs_ike, "encap": "yes",
            "local": {"auth": "psk", "id": ids[1]}, "remote": {"auth": "psk", "id": known},
            "children": {"net": {"local_ts": there, "remote_ts": "10.0.0.0/16", "esp_proposals": theirs_esp}}}},
            {"ike-a": {"id": known, "secret": '"%s"' % PSK}})
        self.probe = lab.start("l", program, LOCAL, REMOTE, psk, ike or our_ike, esp or our_esp, "wait", *ids, needs_input=True)
        self.status()

    def say(self, word):
        """A command to the probe."""
        self.probe.popen.stdin.write((word + "\n").encode())
        self.probe.popen.stdin.flush()

    def status(self):
        """The probe's status line."""
        before = len(self._answers())
        self.say("status")
        wait_until(lambda: len(self._answers()) > before, 5)
        return (self._answers() or [""])[-1]

    def _answers(self):
        return [line for line in self.probe.output().splitlines(keepends=True)
                if line.startswith("status ") and line.endswith("\n")]

    def settled(self, what="", seconds=10):
        """One IKE_SA and one CHILD_SA at both ends, and a word in our status."""
        def question():
            ours = self.status()
            return "established 1 child 1" in ours and what in ours and len(self.peer.established()) == 1 and \
                len(self.peer.children()) == 1
        return wait_until(question, seconds, step=0.1)


def suite_case(program, suite, role, folder):
    """Up, rekeys by both ends, liveness, farewell; names as identities where strongSwan starts."""
    with Lab("ike-suite", folder) as lab:
        ends = Ends(lab, program, suite, (LOCAL, REMOTE) if role == "initiator" else ("@a.example", "@b.example"))
        if role == "initiator":
            ends.say("initiate")
        else:
            ends.peer.initiate("net", check=False)
        expect(ends.settled(), "it did not come up")
        ends.say("rekey-child")
        expect(ends.settled("child-rekeys 1"), "our rekey of the CHILD_SA failed")
        ends.say("rekey-ike")
        expect(ends.settled("ike-rekeys 1"), "our rekey of the IKE_SA failed")
        ends.peer.rekey_child("net")
        expect(ends.settled("child-rekeys 2"), "its rekey of the CHILD_SA failed")
        ends.peer.rekey_ike("net")
        expect(ends.settled("ike-rekeys 2"), "its rekey of the IKE_SA failed")
        ends.say("liveness")
        expect(wait_until(lambda: "event 8 " in ends.probe.output(), 5), "no answer to a liveness request")
        if role == "initiator":
            ends.say("terminate")
        else:
            ends.peer.terminate("net", check=False)
        expect(wait_until(lambda: "established 0 child 0" in ends.status() and not ends.peer.sas(), 10), "it did not go down")
        ends.say("quit")
        expect(wait_until(lambda: not ends.probe.alive(), 10) and ends.probe.popen.poll() == 0, "the probe did not end cleanly")


def crossing_case(program, folder):
    """Rekeys from both sides within milliseconds of each other."""
    with Lab("ike-cross", folder) as lab:
        ends = Ends(lab, program, GCM)
        ends.say("initiate")
        expect(ends.settled(), "it did not come up")
        for round_ in range(12):
            what = "--ike" if round_ % 3 == 0 else "--child"  # it may find nothing to rekey just then
            thread = threading.Thread(target=ends.peer.swanctl, args=("--rekey", what, "net"), kwargs={"check": False})
            thread.start()
            time.sleep(0.004 + 0.002 * (round_ % 6))
            ends.say("rekey-child" if round_ % 2 else "rekey-ike")
            thread.join()
            expect(ends.settled(seconds=20), "round %d: %s" % (round_, ends.status()))


def refused_case(program, name, folder):
    """What must not come up does not, and we say why."""
    changes, event, stay = REFUSED[name]
    with Lab("ike-refused", folder) as lab:
        ends = Ends(lab, program, GCM, **changes)
        ends.say("initiate")
        expect(wait_until(lambda: event in ends.probe.output(), 10), "no '%s'" % event)
        expect(not ends.peer.children() and len(ends.peer.established()) == stay, "strongSwan holds something else")


def cases(build):
    """(name, function of a folder) of each row."""
    program = os.path.join(build, "tests", "ike_probe")
    found = [("ike_%s_%s" % (suite, role), functools.partial(suite_case, program, suite, role))
             for suite in SUITES for role in ("initiator", "responder")]
    found.append(("ike_crossing_rekeys", functools.partial(crossing_case, program)))
    found += [("ike_refused_" + name, functools.partial(refused_case, program, name)) for name in REFUSED]
    return found
