# SPDX-License-Identifier: Apache-2.0
"""BIRD 2 as a BGP peer in a namespace, steered by birdc."""
import os

from lab import LabError, wait_until


class Bird:
    """One bird daemon. The configuration is text, as in BIRD's manual; router id and the device protocol are added."""

    def __init__(self, lab, namespace, router_id, configuration):
        self.lab = lab
        self.namespace = namespace
        self.folder = lab.path("bird-" + namespace)
        os.makedirs(self.folder)
        self.socket = os.path.join(self.folder, "ctl")
        self.path = os.path.join(self.folder, "bird.conf")
        self.router_id = router_id
        self._write(configuration)
        self.process = lab.start(namespace, "bird", "-f", "-c", self.path, "-s", self.socket, "-P", self.folder + "/pid")
        if not wait_until(lambda: os.path.exists(self.socket) or not self.process.alive(), 10) or not self.process.alive():
            raise LabError("bird did not come up: " + self.process.output())

    def _write(self, configuration):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write('log "%s/bird.log" all;\nrouter id %s;\nprotocol device { scan time 1; }\n%s\n' %
                       (self.folder, self.router_id, configuration))

    def birdc(self, *words):
        """One command; gives its output."""
        return self.lab.run(self.namespace, "birdc", "-s", self.socket, *words)

    def configure(self, configuration):
        """Replaces the configuration."""
        self._write(configuration)
        return self.birdc("configure")

    def established(self, protocol):
        """Whether a BGP session is up."""
        return any(line.split()[0] == protocol and "Established" in line for line in self.birdc("show", "protocols").splitlines()
                   if line.split())

    def routes(self):
        """Prefixes in its table."""
        return {line.split()[0] for line in self.birdc("show", "route").splitlines() if "/" in line.split(" ")[0]}
