# SPDX-License-Identifier: Apache-2.0
"""The peer matrix: which peer, in which version, in which role, was asked what, and how it ended. run.py prints it after the
cases; `python3 tests/interop/run.py --build BUILD bgp_` prints the BGP part. A row is a case that says whom it meets:

    PeerCase(function of a folder, peer, function that gives the version, role, what is exercised)
"""
import functools
import textwrap

HEAD = ("peer", "version", "role", "case", "exercised", "result")
WIDEST = (12, 12, 16, 34, 64, 60)


class PeerCase:
    """A case that is a row of the matrix."""

    def __init__(self, function, peer, version, role, what):  # pylint: disable=too-many-arguments
        self.function = function
        self.peer = peer
        self.version = version
        self.role = role
        self.what = what

    def __call__(self, folder):
        return self.function(folder)


@functools.lru_cache(maxsize=None)
def _version(function):
    """A peer's version, asked once."""
    try:
        return function()
    except (OSError, LookupError, ValueError):
        return "-"


def rows(results):
    """Rows of [(name, function, result)], in a stable order; cases that are no PeerCase have none."""
    return [(case.peer, _version(case.version), case.role, name, case.what, result)
            for name, case, result in results if isinstance(case, PeerCase)]


def table(lines):
    """The rows as text, long cells folded."""
    if not lines:
        return ""
    widths = [min(most, max(len(str(line[i])) for line in lines + [HEAD])) for i, most in enumerate(WIDEST)]
    text = []
    for number, line in enumerate([HEAD] + lines):
        cells = [textwrap.wrap(str(cell), width) or [""] for cell, width in zip(line, widths)]
        for i in range(max(map(len, cells))):
            parts = [(cell[i] if i < len(cell) else "").ljust(width) for cell, width in zip(cells, widths)]
            text.append(("  " + "  ".join(parts)).rstrip())
        if number == 0:
            text.append("  " + "  ".join("-" * width for width in widths))
    return "\n".join(["peer matrix"] + text)
