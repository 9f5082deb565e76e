#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coverage.py BUILD: line and branch coverage of lib/ike and lib/esp by their unit tests, the IKEv2 tests of the sim ring and
the fuzz corpora, one line each ("coverage lib/ike: 93.1 % of 4000 lines, 80.2 % of 5000 branches"), then the files with the
most lines that nothing reaches. Builds in BUILD with gcc --coverage; reads gcov's JSON, so that nothing else is needed."""
import collections
import glob
import gzip
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ("lib/ike", "lib/esp")
PATTERNS = ("unit/test_ike_", "unit/test_esp_", "sim/test_ikev2_", "sim/test_rekey_stream", "sim/test_on_demand", "fuzz/fuzz_ike_",
            "fuzz/fuzz_esp_")


def names():
    found = []
    for pattern in PATTERNS:
        for path in sorted(glob.glob(os.path.join(TOP, "tests", pattern + "*.c"))):
            name = os.path.splitext(os.path.basename(path))[0]
            if name.startswith(("test_", "fuzz_")):
                found.append(name)
    return found


def build(where, tests):
    flags = "-O0 --coverage"
    subprocess.run(["cmake", "-S", TOP, "-B", where, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=" + flags],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", where] + tests, check=True, stdout=subprocess.DEVNULL)


def run(where, tests):
    environment = dict(os.environ, S2S_TEST_LEVEL="quick")
    for name in tests:
        command = [os.path.join(where, "tests", name)]
        if name.startswith("fuzz_"):
            command.append(os.path.join(TOP, "tests/fuzz/corpus", name[5:]))
        done = subprocess.run(command, cwd=TOP, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 77):
            print("not ok coverage: %s ended with status %d" % (name, done.returncode))


def collect(where):
    """Per file: {line: reached}, [branch reached]; objects of several targets are added up."""
    lines = collections.defaultdict(dict)
    branches = collections.defaultdict(dict)
    data = [os.path.join(folder, name) for folder, _, files in os.walk(where) for name in files if name.endswith(".gcda")]
    for path in data:
        if not any("/%s/" % room in path for room in ROOMS):
            continue
        text = subprocess.run(["gcov", "--json-format", "--stdout", "-b", path], cwd=where, capture_output=True, check=True).stdout
        if text[:2] == b"\x1f\x8b":
            text = gzip.decompress(text)
        for part in json.loads(text)["files"]:
            name = os.path.relpath(os.path.join(where, part["file"]), TOP)
            if not name.startswith(ROOMS) or not name.endswith(".c"):
                continue
            for line in part["lines"]:
                number = line["line_number"]
                lines[name][number] = lines[name].get(number, 0) + line["count"]
                for i, branch in enumerate(line["branches"]):
                    key = (number, i)
                    branches[name][key] = branches[name].get(key, 0) + branch["count"]
    return lines, branches


def share(counts):
    return 100.0 * sum(1 for count in counts if count) / max(1, len(counts)), len(counts)


def report(lines, branches):
    for room in ROOMS:
        ours = [name for name in lines if name.startswith(room)]
        line_share, line_count = share([count for name in ours for count in lines[name].values()])
        branch_share, branch_count = share([count for name in ours for count in branches[name].values()])
        print("coverage %s: %.1f %% of %d lines, %.1f %% of %d branches" % (room, line_share, line_count, branch_share, branch_count))
    missed = sorted(((sum(1 for count in lines[name].values() if not count), name) for name in lines), reverse=True)
    for count, name in missed[:12]:
        print("    %s: %d lines not reached: %s" % (name, count, " ".join(str(n) for n, reached in sorted(lines[name].items()) if not reached)[:100]))


def main():
    where = os.path.abspath(sys.argv[1])
    tests = names()
    build(where, tests)
    run(where, tests)
    report(*collect(where))
    print("ok coverage: %d tests" % len(tests))


main()
