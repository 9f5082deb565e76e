# SPDX-License-Identifier: Apache-2.0
"""Our own gateway as a user runs it: s2s-gateway with a configuration file and a control socket."""
import http.client
import json
import os
import signal
import socket

from lab import LabError, wait_until


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        # A socket's path is short (108 octets): go by the folder's descriptor.
        folder = os.open(os.path.dirname(self._path), os.O_PATH)
        try:
            self.sock.connect("/proc/self/fd/%d/%s" % (folder, os.path.basename(self._path)))
        finally:
            os.close(folder)


class Gateway:
    """One s2s-gateway in a namespace. The configuration is a dict with the keys of design section 6."""

    def __init__(self, lab, namespace, program, config, options=(), level="debug"):
        self.lab = lab
        self.namespace = namespace
        self.program = program
        self.folder = lab.path("gw-" + namespace)
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, "gateway.json")
        self.socket = os.path.join(self.folder, "ctl")
        self.options = list(options)
        self.level = level
        self.process = None
        self.write(config)

    def write(self, config):
        """Writes the configuration; it holds a PSK, so that only its owner may read it."""
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(config, file, indent=2)
        os.chmod(self.path, 0o600)

    def check(self):
        """--check: gives (exit status is 0, output)."""
        output = self.lab.run(self.namespace, "sh", "-c", '"$0" --config "$1" --check; echo "status $?"', self.program, self.path)
        return output.rstrip().endswith("status 0"), output

    def launch(self):
        """Starts it."""
        self.process = self.lab.start(self.namespace, self.program, "--config", self.path, "--control", self.socket,
                                      "--log", "text", "--log-level", self.level, *self.options)

    def start(self):
        """Starts it and waits for its control socket."""
        self.launch()
        if not wait_until(lambda: self._answers() or not self.process.alive(), 15) or not self.process.alive():
            raise LabError("s2s-gateway did not come up: " + self.process.output()[-800:])
        return self

    def _answers(self):
        try:
            return bool(self.status())
        except (OSError, LabError, http.client.HTTPException):
            return False

    def request(self, method, path, body=None):
        """One request; gives (HTTP status, decoded body)."""
        connection = _UnixConnection(self.socket)
        try:
            headers = {"Content-Type": "application/merge-patch+json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text

    def status(self):
        """GET /v1/status."""
        code, body = self.request("GET", "/v1/status")
        if code != 200 or not isinstance(body, dict):
            raise LabError("GET /v1/status: %s %s" % (code, body))
        return body

    def tunnel(self, connection, number=1):
        """One tunnel's object in the status."""
        for item in self.status()["connections"]:
            if item["name"] == connection:
                return item["tunnels"][number - 1]
        raise LabError("no connection %s in the status" % connection)

    def patch_tunnel(self, connection, number, changes):
        """PATCH of a tunnel."""
        return self.request("PATCH", "/v1/connections/%s/tunnels/%d" % (connection, number), changes)

    def restart_tunnel(self, connection, number=1):
        """POST .../restart."""
        return self.request("POST", "/v1/connections/%s/tunnels/%d/restart" % (connection, number))

    def rekey(self, connection, number=1, ike=False):
        """POST .../rekey or .../rekey-ike; gives the HTTP status."""
        return self.request("POST", "/v1/connections/%s/tunnels/%d/rekey%s" % (connection, number, "-ike" if ike else ""))[0]

    def diagnosis(self, connection):
        """GET .../diagnosis."""
        return self.request("GET", "/v1/connections/%s/diagnosis" % connection)[1]

    def reload(self, config):
        """A new configuration and SIGHUP."""
        self.write(config)
        self.process.send(signal.SIGHUP)

    def log(self):
        """What it wrote."""
        return self.process.output() if self.process else ""

    def stop(self):
        """SIGTERM: says goodbye to the peers; gives the exit status."""
        return self.process.stop(signal.SIGTERM, 10)

    def kill(self):
        """kill -9."""
        self.process.stop(signal.SIGKILL)
