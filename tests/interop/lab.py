# SPDX-License-Identifier: Apache-2.0
"""The lab: network namespaces, links between them, processes inside them, captures; all removed by name and pid.

    with Lab("first") as lab:
        lab.namespace("left"); lab.namespace("right")
        lab.link("left", "eth0", ["192.0.2.1/24"], "right", "eth0", ["192.0.2.2/24"])
        lab.run("left", "ping", "-c1", "192.0.2.2")

Nothing here touches the machine's own network: each link joins two namespaces that the lab made. A lab writes what it made
into a state file first, so that the next lab removes what a killed one left behind.
"""
import itertools
import json
import os
import signal
import subprocess
import tempfile
import time


class LabError(Exception):
    """The lab could not do what it was asked."""


def wait_until(question, seconds, step=0.02):
    """Asks until the answer is true or the time is over; gives the last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() >= end:
            return answer
        time.sleep(step)


def start_time(pid):
    """When a process began, in kernel ticks; tells it from a later one with the same pid. None when it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


class Process:
    """A process in a namespace, with its output in a file."""

    def __init__(self, lab, namespace, command, log, environment=None, needs_input=False):
        self.command = command
        self.log = log
        self._output = open(log, "ab")  # pylint: disable=consider-using-with
        self.popen = subprocess.Popen(  # pylint: disable=consider-using-with
            lab.inside(namespace, command), stdin=subprocess.PIPE if needs_input else subprocess.DEVNULL, stdout=self._output,
            stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}, start_new_session=True)
        lab.remember_process(self.popen.pid)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        """Whether it still runs."""
        return self.popen.poll() is None

    def output(self):
        """What it has written so far."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def send(self, number):
        """Sends a signal."""
        if self.alive():
            self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=5):
        """Ends it politely, then not; gives its exit status."""
        self.send(number)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self._output.close()
        return self.popen.returncode


class Ping:
    """A ping under way; its packets carry a marker that the wire check looks for."""

    MARKER = bytes.fromhex("73327376706e2d696e7465726f702121")  # 16 octets

    def __init__(self, lab, namespace, target, interval=0.05, count=None, size=200):
        # A SIGINT ends it with its summary; -W bounds the wait for the last answer.
        command = ["ping", "-n", "-D", "-i", str(interval), "-s", str(size), "-W", "2", "-p", self.MARKER.hex()]
        command += ["-c", str(count)] if count else []
        log = lab.path("ping-%s-%d.txt" % (namespace, len(lab.processes)))
        self.process = lab.start(namespace, *command, target, log=log)

    def replies(self):
        """Sequence numbers answered so far."""
        return {int(line.split("icmp_seq=")[1].split()[0]) for line in self.process.output().splitlines()
                if "icmp_seq=" in line and "bytes from" in line}

    def finish(self):
        """Waits (with a count) or ends it; gives (sent, received)."""
        if "-c" in self.process.command:
            try:
                self.process.popen.wait(60)
            except subprocess.TimeoutExpired:
                pass
        self.process.stop(signal.SIGINT)
        for line in self.process.output().splitlines():
            words = line.split()
            if "packets transmitted" in line:
                return int(words[0]), int(words[3])
        raise LabError("ping gave no summary: " + self.process.output()[-300:])


class Lab:
    """Namespaces with a prefix of their own, and everything inside them."""

    STATE = "lab-state-%d-%d.json"
    _number = itertools.count(1)

    def __init__(self, name, folder=None):
        base = folder or os.path.join(os.environ.get("S2S_BUILD", tempfile.gettempdir()), "interop")
        os.makedirs(base, exist_ok=True)
        self.base = base
        number = next(self._number)
        self.prefix = "s2s%dx%d-" % (os.getpid(), number)
        # Sockets live here and their paths are short-limited (108 octets), hence no deep folder.
        self.folder = tempfile.mkdtemp(prefix=name[:24] + "-", dir=base)
        self.processes = []
        self.namespaces = []
        self.captures = []
        self._pids = []
        self._state = os.path.join(base, self.STATE % (os.getpid(), number))

    def __enter__(self):
        remove_left_over(self.base)
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, name):
        """A file of this lab."""
        return os.path.join(self.folder, name)

    # ---- what was made, so that it can be removed

    def _save(self):
        with open(self._state + ".new", "w", encoding="utf-8") as file:
            json.dump({"owner": [os.getpid(), start_time(os.getpid())], "namespaces": self.namespaces, "pids": self._pids}, file)
        os.replace(self._state + ".new", self._state)

    def remember_process(self, pid):
        """Notes a pid that the lab must end."""
        self._pids.append([pid, start_time(pid)])
        self._save()

    def close(self):
        """Ends the processes, newest first, then removes the namespaces."""
        for process in reversed(self.processes):
            if process.alive():
                process.stop()
        for name in self.namespaces:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)
        self.namespaces, self.processes, self._pids = [], [], []
        if os.path.exists(self._state):
            os.unlink(self._state)

    # ---- namespaces and links

    def inside(self, namespace, command):
        """The command as it runs in a namespace."""
        return ["ip", "netns", "exec", self.prefix + namespace] + [str(word) for word in command]

    def run(self, namespace, *command, check=True, seconds=30):
        """Runs a command to its end; gives its output."""
        result = subprocess.run(self.inside(namespace, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds, check=False)
        if check and result.returncode:
            raise LabError("%s: %s gave %d: %s" % (namespace, " ".join(map(str, command)), result.returncode, result.stdout[-800:]))
        return result.stdout

    def start(self, namespace, *command, log=None, environment=None, needs_input=False):
        """Starts a process that runs on."""
        log = log or self.path("%s-%s-%d.log" % (namespace, os.path.basename(str(command[0])), len(self.processes)))
        process = Process(self, namespace, [str(word) for word in command], log, environment, needs_input)
        self.processes.append(process)
        return process

    def namespace(self, name, forward=False):
        """Makes a namespace; IPv6 is off on its links until addresses of IPv6 are given (no router solicitation on the wire)."""
        full = self.prefix + name
        self.namespaces.append(full)
        self._save()
        result = subprocess.run(["ip", "netns", "add", full], capture_output=True, text=True, check=False)
        if result.returncode:
            raise LabError("no namespace: " + result.stderr.strip())
        self.run(name, "ip", "link", "set", "lo", "up")
        if forward:
            self.run(name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                     "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                     "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0")

    def link(self, left, left_device, left_addresses, right, right_device, right_addresses):
        """A cable between two namespaces."""
        subprocess.run(["ip", "link", "add", left_device, "netns", self.prefix + left, "type", "veth",
                        "peer", "name", right_device, "netns", self.prefix + right], check=True)
        for name, device, addresses in ((left, left_device, left_addresses), (right, right_device, right_addresses)):
            v6 = any(":" in address for address in addresses)
            self.run(name, "sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=%d" % (device, 0 if v6 else 1))
            for address in addresses:
                self.run(name, "ip", "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
            self.run(name, "ip", "link", "set", device, "up")

    def route(self, namespace, destination, via):
        """A route by a next hop."""
        self.run(namespace, "ip", *(["-6"] if ":" in via else []), "route", "replace", destination, "via", via)

    def ping(self, namespace, target, **options):
        """Starts a ping."""
        return Ping(self, namespace, target, **options)

    def capture(self, namespace, device, name=None):
        """Starts tcpdump on a link and waits until it listens; gives the capture."""
        capture = Capture(self, namespace, device, self.path((name or "outer-%s-%s" % (namespace, device)) + ".pcap"))
        self.captures.append(capture)
        return capture


class Capture:
    """A capture under way."""

    def __init__(self, lab, namespace, device, path):
        self.path = path
        # --immediate-mode and -U: a packet is in the file as soon as it passed.
        self.process = lab.start(namespace, "tcpdump", "-n", "-i", device, "-s", "0", "-U", "--immediate-mode", "-Z", "root",
                                 "-w", path, log=path + ".log")
        if not wait_until(lambda: "listening on" in self.process.output() or not self.process.alive(), 10) or \
                not self.process.alive():
            raise LabError("tcpdump: " + self.process.output())

    def stop(self):
        """Ends the capture; gives the file."""
        if self.process.alive():
            time.sleep(0.1)
            self.process.stop(signal.SIGINT)
        return self.path


def remove_left_over(base):
    """Removes what labs of this folder left behind whose own process is gone: by the names and pids that they noted."""
    for name in os.listdir(base):
        if not (name.startswith("lab-state-") and name.endswith(".json")):
            continue
        path = os.path.join(base, name)
        try:
            with open(path, encoding="utf-8") as file:
                state = json.load(file)
        except (OSError, ValueError):
            continue
        owner, began = state["owner"]
        if start_time(owner) == began:
            continue
        for pid, began in state["pids"]:
            if began and start_time(pid) == began:
                os.kill(pid, signal.SIGKILL)
        for namespace in state["namespaces"]:
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL, check=False)
        os.unlink(path)


def why_not():
    """Why no lab can be made here; None when it can."""
    if os.geteuid() != 0:
        return "namespaces need root (or: unshare -Urnm with a writable /run)"
    probe = "s2s%d-probe" % os.getpid()
    result = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if result.returncode:
        return "ip netns add: " + result.stderr.strip()
    subprocess.run(["ip", "netns", "del", probe], check=False)
    return None
