#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the log of a ctest run (ctest --output-junit FILE) into one line a test case: ok, not ok or skip.

A CMocka program counts by its own cases, so that a case that was skipped inside a program that passed stays visible.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

CASE = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (\S+)", re.MULTILINE)


def lines_of(case):
    """The lines of one ctest test."""
    name = case.get("name")
    status = case.get("status")
    output = (case.findtext("system-out") or "")
    if status == "run":
        verdict = {"OK": "ok", "SKIPPED": "skip"}
        seen = [(result, test) for result, test in CASE.findall(output) if result != "FAILED"]
        reasons = dict(re.findall(r"^skip (\S+): (.*)$", output, re.MULTILINE))
        if not seen:
            return ["ok %s" % name]
        return ["%s %s/%s%s" % (verdict[result], name, test,
                                ": " + reasons.get(test, "the test says so") if result == "SKIPPED" else "")
                for result, test in dict.fromkeys(seen)]
    if status in ("disabled", "notrun"):
        skipped = case.find("skipped")
        reason = skipped.get("message", "") if skipped is not None else ""
        if "SKIP_RETURN_CODE" in reason:
            tail = output.strip().splitlines()
            return ["skip %s: %s" % (name, tail[-1] if tail else "the test says so")]
        return ["not ok %s: not run (%s)" % (name, reason or "not built")]
    failed = sorted({test for result, test in CASE.findall(output) if result == "FAILED" and not test.isdigit()})
    passed = sorted({test for result, test in CASE.findall(output) if result == "OK"} - set(failed))
    if not failed:
        failure = case.find("failure")
        reason = failure.get("message", "") if failure is not None else ""
        return ["ok %s/%s" % (name, test) for test in passed] + ["not ok %s: %s" % (name, reason)]
    return ["ok %s/%s" % (name, test) for test in passed] + ["not ok %s/%s" % (name, test) for test in failed]


def main():
    tree = ElementTree.parse(sys.argv[1])
    show = "--show" in sys.argv[2:]
    failures = 0
    for case in tree.getroot().iter("testcase"):
        lines = lines_of(case)
        bad = any(line.startswith("not ok") for line in lines)
        if bad:
            failures += 1
            print((case.findtext("system-out") or "").rstrip()[-6000:])
        elif show:
            print((case.findtext("system-out") or "").rstrip())
        for line in lines:
            print(line)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
