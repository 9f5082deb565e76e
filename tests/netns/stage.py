# SPDX-License-Identifier: Apache-2.0
"""Namespaces, the probe process and ip(8) output for the tests of kernel tun. Everything bears this run's own prefix."""
import json
import os
import queue
import signal
import subprocess
import threading
import time

PREFIX = "tun-%d-" % os.getpid()
PATIENCE = 10.0  # until an expected line counts as missing; nothing is asserted about time


class Failure(Exception):
    """What a case found wrong."""


def run(*words, check=True):
    """A command's output."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if check and done.returncode != 0:
        raise Failure("%s: %s" % (" ".join(words), done.stderr.strip() or done.stdout.strip()))
    return done.stdout


class Namespace:
    """A network namespace of this run."""

    def __init__(self, name):
        self.name = PREFIX + name
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words, check=True):
        """ip(8) inside."""
        return run("ip", "-n", self.name, *words, check=check)

    def json(self, *words):
        """ip(8) inside, as data; a table that is not there is empty."""
        text = self.ip("-j", *words, check=False)
        return [entry for entry in json.loads(text or "[]") if entry]

    def run(self, *words, check=True):
        """Any command inside."""
        return run("ip", "netns", "exec", self.name, *words, check=check)

    def sysctl(self, name, value):
        """Sets net.NAME inside."""
        self.run("sysctl", "-q", "-w", "net.%s=%s" % (name, value))

    def routes(self, table, family="-4"):
        """One line a route of a table: (type, destination, device, metric)."""
        return sorted((entry.get("type", "unicast"), entry["dst"], entry.get("dev", "-"), entry.get("metric", 0), entry.get("prefsrc", "-"))
                      for entry in self.json(family, "route", "show", "table", str(table)))

    def rules(self, family="-4"):
        """Our rules, as text."""
        return [line.strip() for line in self.ip(family, "rule").splitlines() if "proto 83" in line]

    def delete(self):
        """Removes it."""
        run("ip", "netns", "delete", self.name, check=False)


class Probe:
    """tun_probe inside a namespace."""

    def __init__(self, program, namespace, gateway="gw", *arguments):
        self.process = subprocess.Popen(["ip", "netns", "exec", namespace.name, program, gateway, *arguments], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()
        self.table = int(self.expect("ready").split()[1])

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def expect(self, start):
        """The next line that starts so; lines before it are kept in seen."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise Failure("no line '%s...'; seen: %s" % (start, self.seen[-5:])) from None
            if line is None:
                raise Failure("the probe ended; no line '%s...'; seen: %s" % (start, self.seen[-5:]))
            if line.startswith(start):
                return line
            self.seen.append(line)

    def say(self, line):
        """A command without waiting."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ok(self, line):
        """A command that must succeed; the rest of its answer."""
        word = line.split()[0]
        self.say(line)
        answer = self.next_answer(word)
        if not answer.startswith("ok "):
            raise Failure("%s: %s" % (line, answer))
        return answer[len("ok " + word):].strip()

    def refused(self, line, *parts):
        """A command that must be refused, with these words."""
        self.say(line)
        answer = self.next_answer(line.split()[0])
        missing = [part for part in parts if part not in answer]
        if not answer.startswith("refused ") or missing:
            raise Failure("%s: '%s' lacks %s" % (line, answer, missing))

    def next_answer(self, word):
        """ok or refused for a word."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                raise Failure("the probe ended at %s; seen: %s" % (word, self.seen[-5:]))
            if line.startswith(("ok %s" % word, "refused %s:" % word)):
                return line
            if line.startswith("what?"):
                raise Failure("the probe does not understand: " + line)
            self.seen.append(line)
        raise Failure("no answer to %s; seen: %s" % (word, self.seen[-5:]))

    def child(self):
        """The probe's own pid (ip netns exec becomes it)."""
        return self.process.pid

    def kill(self):
        """kill -9."""
        os.kill(self.child(), signal.SIGKILL)
        self.process.wait()

    def quit(self):
        """A regular end; the sanitizers' verdict is its exit status."""
        if self.process.poll() is None:
            try:
                self.say("quit")
                self.process.wait(timeout=PATIENCE)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.kill()
        if self.process.returncode not in (0, -signal.SIGKILL):
            raise Failure("the probe ended with status %d" % self.process.returncode)


def wait_for(what, condition):
    """Waits until condition() holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Failure("never came true: " + what)
        time.sleep(0.02)


def same(what, got, wanted):
    """Raises when they differ."""
    if got != wanted:
        raise Failure("%s: %r instead of %r" % (what, got, wanted))
