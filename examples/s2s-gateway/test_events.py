# SPDX-License-Identifier: Apache-2.0
"""test_events.py SOCKET CONNECTION: GET /v1/events of a running s2s-gateway as a program would use it: numbers, resumption,
gaps, heartbeat, readers that do not read, too many readers. Prints a line a case; exit status 1 if one failed."""
import json
import socket
import sys
import time

PATH, CONNECTION = sys.argv[1], sys.argv[2]
KEPT, HEARTBEAT, READERS = 256, 15, 16
failures = []


def check(name, good, detail=""):
    print("%s %s%s" % ("ok" if good else "not ok", name, "" if good else ": %s" % (detail,)))
    if not good:
        failures.append(name)


class Stream:
    """A reader of server-sent events that sees each of their fields."""

    def __init__(self, query="", headers=(), buffer=None):
        self.socket = socket.socket(socket.AF_UNIX)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(5)
        self.socket.connect(PATH)
        lines = ["GET /v1/events%s HTTP/1.0" % query, "Host: localhost", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.buffer, self.comments, self.retry = b"", 0, None

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                break
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head.decode()

    def block(self, timeout):
        """The next block of lines as a dict; None at the end or when nothing came in time."""
        end = time.monotonic() + timeout
        while b"\n\n" not in self.buffer:
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                return None
            if not data:
                return None
            self.buffer += data
        block, _, self.buffer = self.buffer.partition(b"\n\n")
        fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if ": " in line and line[0] != ":")
        self.comments += any(line.startswith(":") for line in block.decode().split("\n"))
        self.retry = fields.get("retry", self.retry)
        return fields

    def events(self, count, timeout=5):
        out = []
        while len(out) < count:
            fields = self.block(timeout)
            if fields is None:
                break
            if "data" in fields:
                out.append(fields)
        return out

    def drained(self, timeout=5):
        """Bytes until the other side closes, or None if it does not."""
        self.socket.settimeout(timeout)
        total = 0
        try:
            while data := self.socket.recv(65536):
                total += len(data)
        except socket.timeout:
            return None
        except ConnectionError:
            pass
        return total

    def close(self):
        self.socket.close()


def patch(enabled):
    body = json.dumps({"enabled": enabled})
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(PATH)
        one.sendall(("PATCH /v1/connections/%s/tunnels/2 HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s"
                     % (CONNECTION, len(body), body)).encode())
        while one.recv(65536):
            pass


first = Stream("?since=0")
check("content type", "text/event-stream" in first.head())
got = first.events(3)
numbers = [int(event["id"]) for event in got]
check("numbers follow one another", numbers == [1, 2, 3], numbers)
check("event names its type", all(json.loads(event["data"])["type"] == event["event"] for event in got))
check("the data has the number", all(json.loads(event["data"])["number"] == int(event["id"]) for event in got))
check("retry is told", first.retry == "1000", first.retry)
first.close()

resumed = Stream(headers=["Last-Event-ID: 2"])
resumed.head()
check("Last-Event-ID resumes", [event["id"] for event in resumed.events(1)] == ["3"])
resumed.close()
early = Stream(headers=["Last-Event-ID: 999999999"])
early.head()
check("a number of an earlier life starts over", [event["id"] for event in early.events(1)] == ["1"])
early.close()
odd = Stream(headers=["Last-Event-ID: two"])
odd.head()
check("a number that is none is none", odd.events(1, 0.5) == [])
odd.close()

slow = Stream(buffer=4096)  # reads nothing while events go by
live = Stream()
live.head()
for i in range(1600):
    patch(i % 2 == 1)
    if i == KEPT:
        tail = live.events(KEPT, 1)
        check("a living reader misses nothing",
              [int(event["id"]) for event in tail] == list(range(int(tail[0]["id"]), int(tail[0]["id"]) + len(tail))))
        live.close()

late = Stream("?since=1")
late.head()
got = late.events(2)
lost = json.loads(got[0]["data"])
check("a gap is told", got[0]["event"] == "events_lost" and lost["first"] == 2 and lost["last"] + 1 == int(got[1]["id"]), got)
late.close()

many = [Stream() for _ in range(READERS + 1)]
heads = [one.head().split("\r\n")[0] for one in many]
check("too many readers are refused", any(" 503 " in head for head in heads) and " 200 " in heads[0], heads)
for one in many:
    one.close()

idle = Stream()
idle.head()
started = time.monotonic()
while idle.comments < 2 and time.monotonic() < started + HEARTBEAT + 3:
    idle.block(started + HEARTBEAT + 3 - time.monotonic())
check("a comment keeps it alive", idle.comments >= 2, idle.comments)
idle.close()
size = slow.drained(HEARTBEAT + 3)
check("a reader that does not read is cut, with bounded memory", size is not None and size < 800000, size)
sys.exit(1 if failures else 0)
