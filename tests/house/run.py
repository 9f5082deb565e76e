#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house checks: rules of the design that a compiler does not know. First each check is proved on a bad tree.

    tests/house/run.py [--build BUILD_FOLDER] [--top TREE] [--no-selftest]

Prints a line a check (ok, not ok, skip), and the findings above it.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import header_checks
import object_checks
import selftest
import source_checks
from tree import Tree


def report(check, findings):
    """The line of one check. None as findings means that it could not be made."""
    title = "%s (%s)" % (check.__name__, " ".join(check.__doc__.split("\n")[0].split()).rstrip("."))
    if findings is None:
        print("skip %s: a compiler is missing" % title)
        return True
    for finding in findings:
        print("    " + finding)
    print("%s %s%s" % ("not ok" if findings else "ok", title, ": %d found" % len(findings) if findings else ""))
    return not findings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    parser.add_argument("--top", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--no-selftest", action="store_true")
    options = parser.parse_args()
    good = True
    if not options.no_selftest:
        for name, problem in selftest.run():
            print("%s selftest %s%s" % ("not ok" if problem else "ok", name, ": " + problem if problem else ""))
            good = good and not problem
    tree = Tree(options.top)
    for check in source_checks.CHECKS:
        good = report(check, check(tree)) and good
    for check in header_checks.CHECKS:
        good = report(check, check(tree, options.build)) and good
    for check in object_checks.CHECKS:
        if options.build:
            good = report(check, check(tree, options.build)) and good
        else:
            print("skip %s: no build folder was named" % check.__name__)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
