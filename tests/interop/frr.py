# SPDX-License-Identifier: Apache-2.0
"""FRR's bgpd as a BGP peer in a namespace, steered by vtysh; without zebra, since no route has to reach the kernel."""
import json
import os
import shutil

from cases import Skipped
from lab import LabError, wait_until

BGPD = "/usr/lib/frr/bgpd"


def need_frr():
    """A skip where FRR is not installed."""
    if not os.path.exists(BGPD) or not shutil.which("vtysh"):
        raise Skipped("FRR is not installed (Debian package frr)")


class Frr:
    """One bgpd. The configuration is FRR's text."""

    def __init__(self, lab, namespace, configuration):
        need_frr()
        self.lab = lab
        self.namespace = namespace
        self.folder = lab.path("frr-" + namespace)
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, "bgpd.conf")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("log file %s/bgpd.log debugging\n%s\n" % (self.folder, configuration))
        self.process = None
        self.start()

    def start(self):
        """Starts bgpd (again)."""
        self.process = self.lab.start(self.namespace, BGPD, "-S", "-Z", "-f", self.path, "-i", self.folder + "/pid", "-P", "0",
                                      "--vty_socket", self.folder)
        socket = os.path.join(self.folder, "bgpd.vty")
        if not wait_until(lambda: os.path.exists(socket) or not self.process.alive(), 10) or not self.process.alive():
            raise LabError("bgpd did not come up: " + self.process.output())

    def vtysh(self, *commands):
        """Commands; gives their output."""
        words = [word for command in commands for word in ("-c", command)]
        return self.lab.run(self.namespace, "vtysh", "--vty_socket", self.folder, "-d", "bgpd", *words, check=False)

    def show(self, command):
        """A show command in JSON."""
        text = self.vtysh(command + " json")
        try:
            return json.loads(text)
        except ValueError:
            return {}

    def log(self):
        """What bgpd wrote into its log."""
        try:
            with open(self.folder + "/bgpd.log", encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def neighbor(self, address):
        """What bgpd knows of a neighbor."""
        return self.show("show bgp neighbors " + address).get(address, {})

    def established(self, address):
        """Whether the session is up."""
        return self.neighbor(address).get("bgpState") == "Established"
