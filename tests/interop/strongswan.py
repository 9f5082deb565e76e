# SPDX-License-Identifier: Apache-2.0
"""strongSwan as a peer: charon-systemd in a namespace, ESP in userspace (kernel-libipsec), steered by swanctl over a socket
of its own."""
import os
import re
import signal

from lab import LabError, wait_until

CONF = """
charon-systemd {
    load = random nonce aes des sha1 sha2 md5 hmac kdf pem pkcs1 x509 revocation constraints pubkey openssl gcm chapoly curve25519 kernel-libipsec kernel-netlink socket-default updown vici
    plugins {
        vici {
            socket = unix://%(folder)s/vici
        }
        kernel-libipsec {
            allow_peer_ts = yes
            %(libipsec)s
        }
    }
    retransmit_timeout = 1.0
    retransmit_base = 1.3
    %(options)s
    filelog {
        log {
            path = %(folder)s/charon.log
            default = %(level)d
            ike = %(detail)d
            cfg = %(detail)d
            knl = %(level)d
            time_format = %%H:%%M:%%S
            flush_line = yes
        }
    }
}
"""

# $0 the root, $1 a folder to show inside it. The mounts belong to the process's own mount namespace and end with it.
IN_ROOT = """
root=$0
folder=$1
shift
mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root$folder" "$root/run" &&
mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" && mount --bind "$folder" "$root$folder" &&
exec chroot "$root" "$@"
"""


def swanctl_section(value, indent=0):
    """A nested dict as swanctl.conf text."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += ["%s%s {" % (" " * indent, key), swanctl_section(item, indent + 2), "%s}" % (" " * indent)]
        else:
            item = ",".join(map(str, item)) if isinstance(item, (list, tuple)) else item
            lines.append("%s%s = %s" % (" " * indent, key, item))
    return "\n".join(lines)


def parse_pretty(text):
    """What `swanctl --pretty` prints, as a list of events, each a nested dict."""
    root = {}
    stack = [root]
    events = []
    values = None
    for line in text.splitlines():
        line = line.strip()
        if values is not None:
            if line == "]":
                values = None
            elif line:
                values.append(line)
        elif line.endswith("{"):
            section = {}
            name = line[:-1].strip()
            if len(stack) == 1:
                events.append(section)
            stack[-1][name] = section
            stack.append(section)
        elif line == "}" and len(stack) > 1:
            stack.pop()
        elif line.endswith("= ["):
            values = stack[-1].setdefault(line[:-3].strip(), [])
        elif " = " in line:
            key, value = line.split(" = ", 1)
            stack[-1][key] = value
    return events


class StrongSwan:
    """One charon and its configuration. With root it runs inside that folder (another Debian's files, see
    tests/tools/trixie.sh); its own folder is seen there under the same path."""

    def __init__(self, lab, namespace, options="", libipsec="", root=None, quiet=False):
        self.lab = lab
        self.namespace = namespace
        self.folder = lab.path("ss-" + namespace)
        os.makedirs(self.folder)
        self.conf = os.path.join(self.folder, "strongswan.conf")
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(CONF % {"folder": self.folder, "options": options, "libipsec": libipsec,
                               "level": 0 if quiet else 1, "detail": 0 if quiet else 2})
        self.uri = "unix://%s/vici" % self.folder
        self.command = ["charon-systemd"] if root is None else ["sh", "-c", IN_ROOT, root, self.folder, "charon-systemd"]
        self.loaded = None
        self._start()

    def _start(self):
        self.process = self.lab.start(self.namespace, *self.command, environment={"STRONGSWAN_CONF": self.conf})
        if not wait_until(lambda: self._answers() or not self.process.alive(), 15) or not self.process.alive():
            raise LabError("charon-systemd did not come up: " + self.process.output()[-600:] + self.log()[-600:])

    def restart(self, kill=False):
        """Ends it, politely or with -9, and starts it anew with what it had loaded."""
        self.process.stop(signal.SIGKILL if kill else signal.SIGTERM)
        if os.path.exists(self.folder + "/vici"):
            os.unlink(self.folder + "/vici")
        self._start()
        if self.loaded:
            self.load(*self.loaded)

    def _answers(self):
        return os.path.exists(self.folder + "/vici") and "vici" in self.swanctl("--stats", check=False) or \
            "uptime" in self.swanctl("--stats", check=False)

    def swanctl(self, *arguments, check=True, seconds=30):
        """Runs one swanctl command."""
        return self.lab.run(self.namespace, "env", "STRONGSWAN_CONF=" + self.conf, "swanctl", *arguments, "--uri", self.uri,
                            check=check, seconds=seconds)

    def load(self, connections, secrets):
        """Loads connections and secrets, nested dicts of swanctl.conf."""
        self.loaded = (connections, secrets)
        path = os.path.join(self.folder, "swanctl.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(swanctl_section({"connections": connections, "secrets": secrets}) + "\n")
        os.chmod(path, 0o600)
        return self.swanctl("--load-all", "--clear", "--noprompt", "--file", path)

    def initiate(self, child, seconds=20, check=True):
        """Starts a child and its IKE_SA; gives the output."""
        return self.swanctl("--initiate", "--child", child, "--timeout", str(seconds), check=check, seconds=seconds + 10)

    def terminate(self, ike, check=True):
        """Deletes an IKE_SA with its children."""
        return self.swanctl("--terminate", "--ike", ike, "--timeout", "10", check=check)

    def rekey_child(self, child):
        """Rekeys the CHILD_SA."""
        return self.swanctl("--rekey", "--child", child)

    def rekey_ike(self, ike):
        """Rekeys the IKE_SA."""
        return self.swanctl("--rekey", "--ike", ike)

    def sas(self):
        """The IKE_SAs: dicts with uniqueid, state, encr-alg, ..., child-sas (a list of dicts)."""
        found = []
        for event in parse_pretty(self.swanctl("--list-sas", "--pretty")):
            for name, section in event.items():
                if isinstance(section, dict) and "uniqueid" in section:
                    section["name"] = name
                    children = section.get("child-sas") or {}
                    section["child-sas"] = list(children.values()) if isinstance(children, dict) else []
                    found.append(section)
        return found

    def children(self, state="INSTALLED"):
        """CHILD_SAs in a state."""
        return [child for sa in self.sas() for child in sa["child-sas"] if child.get("state") == state]

    def established(self):
        """IKE_SAs that are up."""
        return [sa for sa in self.sas() if sa.get("state") == "ESTABLISHED"]

    def log(self):
        """charon's log."""
        path = os.path.join(self.folder, "charon.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def received(self, notify):
        """How often a notify came in, by charon's own account of the messages that it parsed."""
        return len(re.findall(r"parsed \w+ (?:request|response) \d+ \[[^\]]*N\(%s\)" % re.escape(notify), self.log()))
