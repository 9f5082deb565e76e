#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A full table over TCP into BIRD 2 and into our speaker, in one run, from the same generator: CPU seconds (user and system) and
resident memory of each until all routes are in its table; then all announced again with other attributes, then the same from a
second peer, then all withdrawn by the first.

    tests/bench/bgp_vs_bird.py BUILD [ROUTES]      BUILD: a Release build; 100,000 routes unless told otherwise
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from bird import Bird
from lab import Lab, wait_until, why_not

FEED, SPEAKER, SECOND = "192.0.2.1", "192.0.2.2", "192.0.2.3"
TICKS = os.sysconf("SC_CLK_TCK")


def usage(pid):
    """CPU seconds and resident MB of a process."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    with open("/proc/%d/statm" % pid, encoding="ascii") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return (int(fields[11]) + int(fields[12])) / TICKS, resident


class OurEnd:
    """bgp_probe as the speaker under test."""

    def __init__(self, lab, build):
        self.process = lab.start("r", build + "/tests/bgp_probe", SPEAKER, FEED, 64999, 65000, "passive", "quiet", "hold=240",
                                 "silent", "also=" + SECOND, needs_input=True)

    def count(self):
        """Routes in its table."""
        before = len(self.process.output())
        self.process.popen.stdin.write(b"status\n")
        self.process.popen.stdin.flush()
        wait_until(lambda: "end" in self.process.output()[before:], 60)
        return sum(int(count) for count in re.findall(r"accepted (\d+)", self.process.output()[before:]))


class BirdEnd:
    """BIRD as the speaker under test: the session, a table, nothing else."""

    def __init__(self, lab, _build):
        self.bird = Bird(lab, "r", SPEAKER, """
protocol bgp p { local %s as 64999; neighbor %s as 65000; passive yes; hold time 240; ipv4 { import all; export none; }; }
protocol bgp q { local %s as 64999; neighbor %s as 65001; passive yes; hold time 240; ipv4 { import all; export none; }; }
""" % (SPEAKER, FEED, SPEAKER, SECOND))
        self.process = self.bird.process

    def count(self):
        """Routes in its table."""
        match = re.search(r"(\d+) of (\d+) routes", self.bird.birdc("show", "route", "count"))
        return int(match.group(1)) if match else 0


def wait_settled(end, wanted):
    """Until all routes are there and there was no more work in the last quarter of a second."""
    last = [-1.0]

    def settled():
        cpu = usage(end.process.pid)[0]
        quiet, last[0] = cpu - last[0] < 0.02, cpu
        return quiet and end.count() == wanted
    if not wait_until(settled, 300, step=0.25):
        raise SystemExit("not ok bgp_vs_bird: %s has %d routes" % (type(end).__name__, end.count()))


def measure(kind, build, routes):
    """[(phase, CPU seconds, resident MB)]."""
    with Lab("bgp-bench") as lab:
        lab.namespace("l")
        lab.namespace("r")
        lab.link("l", "eth0", [FEED + "/24", SECOND + "/24"], "r", "eth0", [SPEAKER + "/24"])
        end = kind(lab, build)
        idle, _ = usage(end.process.pid)
        program = build + "/tests/bgp_feed_tcp"
        first, second, result = None, None, []
        for phase, wanted in (("in", routes), ("again", routes), ("second", 2 * routes), ("withdraw", routes)):
            if phase == "in":
                first = lab.start("l", program, FEED, SPEAKER, 65000, routes, needs_input=True)
            elif phase == "second":
                second = lab.start("l", program, SECOND, SPEAKER, 65001, routes, needs_input=True)
            else:
                first.popen.stdin.write((phase + "\n").encode())
                first.popen.stdin.flush()
            feed, answers = (second, 1) if phase == "second" else (first, {"in": 1, "again": 2, "withdraw": 3}[phase])
            wait_until(lambda feed=feed, answers=answers: feed.output().count("sent") >= answers, 300)
            wait_settled(end, wanted)
            cpu, resident = usage(end.process.pid)
            result.append((phase, cpu - idle, resident))
            idle = cpu
        return result


def main():
    if why_not():
        print("skip bgp_vs_bird: " + why_not())
        return 77
    build = os.path.abspath(sys.argv[1])
    routes = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    theirs, ours = measure(BirdEnd, build, routes), measure(OurEnd, build, routes)
    print("%d routes over TCP, 10 an UPDATE" % routes)
    for (phase, their_cpu, their_memory), (_, cpu, memory) in zip(theirs, ours):
        print("%-9s BIRD %6.2f s CPU %6.1f MB   ours %6.2f s CPU %6.1f MB   ratio %.2f CPU %.2f memory" %
              (phase, their_cpu, their_memory, cpu, memory, cpu / max(their_cpu, 0.01), memory / their_memory))
    print("ok bgp_vs_bird")
    return 0


if __name__ == "__main__":
    sys.exit(main())
