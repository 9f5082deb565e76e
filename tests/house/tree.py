# SPDX-License-Identifier: Apache-2.0
"""The tree that the house checks look at: its files, its C text without comments, the module of a path."""
import os
import re
import subprocess

MODULES = ("base", "crypto", "esp", "ike/common", "ike/v1", "ike/v2", "bgp", "gateway", "cloud", "config", "backend")
CORE = tuple(module for module in MODULES if module not in ("config", "backend"))
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)


class Tree:
    """A source tree: what git knows or would take, or every file where there is no git."""

    def __init__(self, top):
        self.top = os.path.abspath(top)
        self._text = {}
        self.files = sorted(self._git_files() or self._walk())

    def _git_files(self):
        if not os.path.exists(os.path.join(self.top, ".git")):
            return None
        listing = subprocess.run(["git", "-C", self.top, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=False)
        names = listing.stdout.decode().split("\0")
        return [name for name in names if name and os.path.isfile(os.path.join(self.top, name))]

    def _walk(self):
        found = []
        for folder, _, names in os.walk(self.top):
            found += [os.path.relpath(os.path.join(folder, name), self.top) for name in names]
        return found

    def select(self, *prefixes, suffixes=(".c", ".h")):
        """The files below one of the folders with one of the endings."""
        return [name for name in self.files if name.startswith(prefixes) and name.endswith(suffixes)]

    def text(self, name):
        """The file's text."""
        if name not in self._text:
            with open(os.path.join(self.top, name), encoding="utf-8", errors="replace") as file:
                self._text[name] = file.read()
        return self._text[name]

    def code(self, name):
        """C text with comments blanked out; line numbers stay."""
        return COMMENT.sub(lambda match: match.group() if match.group()[0] in "\"'" else
                           re.sub(r"[^\n]", " ", match.group()), self.text(name))


def module_of(name):
    """"ike/v2" of "lib/ike/v2/message.c"; None outside lib/."""
    if not name.startswith("lib/"):
        return None
    for module in MODULES:
        if name.startswith("lib/%s/" % module):
            return module
    return name.split("/")[1]
