#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the rows of tests/unit/cloud_sheet.txt and checks what each says covers it.

    tests/tools/cloud_sheet.py [--top TREE] [--list STATE]

A row is covered only if each field that it names has a row in that cloud's table, and each test exists. Ends with a line a part
and the sum; exit status 1 when something that is named does not exist.
"""
import argparse
import os
import re
import sys

STATES = ("covered", "waiting", "left", "open")
OBJECTS = {"GW": "gateway", "RT": "route_table", "CGW": "customer_gateway", "CONN": "connection", "TUN": "tunnel", "ROUTE": "route"}
MACROS = {"G": "GW", "T": "RT", "C": "CGW", "N": "CONN", "U": "TUN", "R": "ROUTE"}


def read(top, name):
    with open(os.path.join(top, name), encoding="utf-8") as file:
        return file.read()


def fields_by_id(top):
    """Field id -> object.key, from the one table of parameters."""
    text = read(top, "lib/gateway/params_table.c")
    found = {}
    for macro, name, key in re.findall(r'^\s+([GTCNUR])\((\w+), "([^"]+)"', text, re.MULTILINE):
        found["S2SI_%s_%s" % (MACROS[macro], name)] = "%s.%s" % (OBJECTS[MACROS[macro]], key)
    for name, key in re.findall(r'^\s+(?:LIST|ALGORITHMS)\((\w+), "([^"]+)"', text, re.MULTILINE):
        found[name] = "%s.%s" % (OBJECTS[name.split("_")[1]], key)
    return found


def fields_of(top, cloud, names):
    """The keys that a cloud's table has rows for."""
    text = read(top, "lib/cloud/%s_fields.c" % cloud)
    return {names[row] for row in re.findall(r"\{\.field = (\w+)", text)}


def cases_of(top, program):
    """The cases that a test program registers."""
    for folder in ("tests/unit", "tests/sim"):
        if os.path.exists(os.path.join(top, folder, program + ".c")):
            return set(re.findall(r"cmocka_unit_test\w*\((\w+)", read(top, "%s/%s.c" % (folder, program))))
    return set()


class Sheet:
    """The rows, and what is wrong with them."""

    def __init__(self, top):
        self.top, self.faults, self.rows, self.reasons = top, [], [], {}
        names = fields_by_id(top)
        self.fields = {cloud: fields_of(top, cloud, names) for cloud in ("alibaba", "aws")}
        part = ""
        for number, line in enumerate(read(top, "tests/unit/cloud_sheet.txt").split("\n"), 1):
            if line.startswith("## "):
                part = line[3:]
            elif line.startswith("= "):
                self.reasons[line.split()[1]] = line.split(None, 2)[2]
            elif line and not line.startswith("#"):
                self.add(number, part, line)

    def add(self, number, part, line):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 3 or cells[1] not in STATES:
            self.faults.append("line %d: not a row" % number)
            return
        self.rows.append((part,) + tuple(cells))
        if cells[1] == "left" and cells[2] not in self.reasons:
            self.faults.append("line %d: no reason \"%s\"" % (number, cells[2]))
        if cells[1] == "covered":
            self.faults += ["line %d: %s does not exist" % (number, each.strip()) for each in cells[2].split(";")
                            if not self.exists(each.split())]

    def exists(self, words):
        if len(words) == 3 and words[0] == "field":
            return words[2] in self.fields.get(words[1], ())
        if len(words) == 3 and words[0] == "test":
            cases = cases_of(self.top, words[1])
            return words[2] in cases or (words[2] == "*" and bool(cases))
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--list", choices=STATES)
    options = parser.parse_args()
    sheet = Sheet(options.top)
    for part, row, state, why in sheet.rows:
        if state == options.list:
            print("%s: %s: %s" % (part, row, sheet.reasons.get(why, why)))
    for part in dict.fromkeys(row[0] for row in sheet.rows):
        counts = [sum(1 for row in sheet.rows if row[0] == part and row[2] == state) for state in STATES]
        print("%-32s %3d covered, %2d waiting, %2d left out, %2d open" % ((part,) + tuple(counts)))
    for fault in sheet.faults:
        print("cloud_sheet.txt: " + fault)
    print("%d rows: " % len(sheet.rows) + ", ".join("%d %s" % (sum(1 for row in sheet.rows if row[2] == state), word)
          for state, word in zip(STATES, ("covered", "waiting", "left out with reason", "open"))))
    return 1 if sheet.faults or not sheet.rows else 0


if __name__ == "__main__":
    sys.exit(main())
