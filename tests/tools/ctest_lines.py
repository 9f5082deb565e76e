#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the log of a ctest run (ctest --output-junit FILE) into one line a test case: ok, not ok or skip.

A CMocka program counts by its own cases, so that a case that was skipped inside a program that passed stays visible.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

CASE = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (\S+)", re.MULTILINE)


def case_lines(name, output):
    """The lines of a CMocka program's own cases."""
    seen = dict((test, result) for result, test in CASE.findall(output) if not test.isdigit())
    reasons = dict(re.findall(r"^skip (\S+): (.*)$", output, re.MULTILINE))
    verdict = {"OK": "ok", "SKIPPED": "skip", "FAILED": "not ok"}
    return ["%s %s/%s%s" % (verdict[result], name, test,
                            ": " + reasons.get(test, "the test says so") if result == "SKIPPED" else "")
            for test, result in seen.items()]


def lines_of(case):
    """The lines of one ctest test."""
    name = case.get("name")
    status = case.get("status")
    output = (case.findtext("system-out") or "")
    if status == "run":
        if "[==========] 0 test(s) run." in output:
            return ["not ok %s: it ran no test" % name]
        return case_lines(name, output) or ["ok %s" % name]
    if status in ("disabled", "notrun"):
        skipped = case.find("skipped")
        reason = skipped.get("message", "") if skipped is not None else ""
        if "SKIP_RETURN_CODE" in reason:
            tail = output.strip().splitlines()
            return ["skip %s: %s" % (name, tail[-1] if tail else "the test says so")]
        return ["not ok %s: not run (%s)" % (name, reason or "not built")]
    lines = case_lines(name, output)
    if not any(line.startswith("not ok") for line in lines):
        failure = case.find("failure")
        lines.append("not ok %s: %s" % (name, failure.get("message", "") if failure is not None else "it failed"))
    return lines


def show_output(case):
    """What the program wrote, indented, so that no line of it is taken for one of ours."""
    for line in (case.findtext("system-out") or "").rstrip()[-6000:].splitlines():
        print("    " + line)


def main():
    tree = ElementTree.parse(sys.argv[1])
    show = "--show" in sys.argv[2:]
    failures = 0
    for case in tree.getroot().iter("testcase"):
        lines = lines_of(case)
        bad = any(line.startswith("not ok") for line in lines)
        failures += bad
        if bad or show:
            show_output(case)
        print("\n".join(lines))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
