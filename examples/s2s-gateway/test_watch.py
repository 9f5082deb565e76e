# SPDX-License-Identifier: Apache-2.0
"""test_watch.py S2S CONNECTION: `s2s watch` in a terminal of 80 columns, judged by what is on the screen; then in a narrower
one, after a change of size, without colours, and where there is no terminal. Prints a line a case."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

S2S, CONNECTION = sys.argv[1], sys.argv[2]
failed = []


def check(name, good, detail=""):
    print("%s %s%s" % ("ok" if good else "not ok", name, "" if good else ": %r" % (detail,)))
    if not good:
        failed.append(name)


class Screen:
    """As much of a terminal as watch uses: home, clear to the end of line and screen, colours, two screens."""

    def __init__(self, columns, rows, **environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(environment)
            os.environ["TERM"] = "xterm"
            time.sleep(0.2)  # until the size is set
            os.execv(S2S, [S2S, "watch", "0.3"])
        self.raw = b""
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.raw += os.read(self.fd, 65536)
                except OSError:
                    return

    def lines(self):
        """The last whole page."""
        pages = self.raw.split(b"\x1b[H")
        page = next((page for page in reversed(pages) if b"\x1b[J" in page), b"").split(b"\x1b[J")[0]
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", page.decode()).replace("\r", "").rstrip("\n").split("\n")

    def end(self):
        os.kill(self.pid, signal.SIGINT)
        self.run(1)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


wide = Screen(80, 24)
wide.run(1.5)
page = wide.lines()
check("watch: the gateway", "gateway vpn (alibaba)" in page[0], page[:1])
check("watch: both tunnels", sum(line[2:].startswith(CONNECTION + "/") for line in page) == 2, page)
check("watch: rates", "b/s" in page[2], page)
check("watch: the last events", any(line.startswith("tunnel_status: ") for line in page), page)
check("watch: the peer's whole address", any(line.endswith(" 203.0.113.1") for line in page), page)
check("watch: no line is wider than the terminal", all(len(line) <= 80 for line in page), page)
check("watch: no more lines than the terminal has", len(page) < 24, len(page))
check("watch: colours", b"\x1b[1m" in wide.raw)
check("watch: an alternate screen", b"\x1b[?1049h" in wide.raw)
wide.resize(50, 6)
wide.run(0.7)
page = wide.lines()
check("watch: a smaller terminal", all(len(line) <= 50 for line in page) and len(page) <= 5, page)
status = wide.end()
check("watch: Ctrl-C ends it well", status == 0, status)
check("watch: the screen is given back", wide.raw.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), wide.raw[-30:])

plain = Screen(80, 24, NO_COLOR="1")
plain.run(1)
plain.end()
check("watch: NO_COLOR", not re.search(rb"\x1b\[[0-9]*m", plain.raw), plain.raw[:200])

pipe = subprocess.Popen([S2S, "watch", "0.3"], stdout=subprocess.PIPE)
time.sleep(1)
pipe.send_signal(signal.SIGTERM)
out = pipe.communicate(timeout=5)[0]
check("watch: no terminal, no control characters", b"\x1b" not in out and out.count(b"gateway vpn") >= 2, out[:200])
sys.exit(1 if failed else 0)
