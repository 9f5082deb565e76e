# SPDX-License-Identifier: Apache-2.0
"""What a case is made of."""


class Failed(AssertionError):
    """A case saw what it must not, or did not see what it must."""


class Skipped(Exception):
    """A case cannot run here; the text says why."""


def expect(condition, message):
    """Fails the case with a message."""
    if not condition:
        raise Failed(message)
