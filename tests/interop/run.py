#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The interop ring: real peers in network namespaces, and a check of the wire in every case.

    tests/interop/run.py [--build FOLDER] [--keep] [NAME...]     FOLDER holds examples/s2s-gateway/s2s-gateway

Prints one line a case: ok, not ok, skip, or cannot (the peer has no such thing); then the peer matrix (matrix.py). Logs and
captures of a failed case (of all with --keep) stay in $S2S_BUILD/interop.
"""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bgp_cases
import bgp_odd_cases
import bgp_stack_cases
import daemon_cases
import device_cases
import gateway_cases
import harness_cases
import ike_cases
import matrix
import network_cases
from cases import Cannot, Failed, Skipped
from lab import LabError, why_not


def say(line):
    """One line in one piece, also when several cases speak."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


AT_ONCE = 6  # cases wait most of their time


def run_case(name, function, folder, keep):
    """Runs one case; gives how it ended: "ok", "FAILED", or why there is no answer."""
    began = time.monotonic()
    place = os.path.join(folder, name)
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    try:
        function(place)
        say("ok %s (%.1f s)" % (name, time.monotonic() - began))
        result = "ok"
    except Skipped as skip:
        say("skip %s: %s" % (name, skip))
        result = "skipped: %s" % skip
    except Cannot as cannot:
        say("cannot %s: %s" % (name, cannot))
        result = "the peer cannot: %s" % cannot
    except (Failed, LabError, subprocess.SubprocessError, OSError, LookupError, ValueError) as error:
        trace = traceback.extract_tb(error.__traceback__)
        where = next((frame for frame in reversed(trace) if frame.filename.endswith("_cases.py")), trace[-1])
        say("not ok %s: %s (%s:%d; logs in %s)" % (name, str(error).strip().replace("\n", " | "),
                                                   os.path.basename(where.filename), where.lineno, place))
        return "FAILED"
    if not keep:
        shutil.rmtree(place, ignore_errors=True)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.environ.get("S2S_BUILD", "_build") + "/gcc")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    reason = why_not()
    if reason:
        print("skip all: " + reason)
        return 0
    if os.environ.get("S2S_BUILD"):
        folder = os.path.join(os.environ["S2S_BUILD"], "interop")
    else:
        folder = tempfile.mkdtemp(prefix="s2s-interop-")
    os.makedirs(folder, exist_ok=True)
    cases = [("harness_" + case.__name__, case) for case in harness_cases.CASES]
    cases += ike_cases.cases(os.path.abspath(options.build))
    for table in (bgp_cases, bgp_odd_cases, bgp_stack_cases, gateway_cases, network_cases, daemon_cases, device_cases):
        cases += table.cases(os.path.abspath(options.build))
    cases = [case for case in cases if not options.names or any(wanted in case[0] for wanted in options.names)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda case: run_case(*case, folder, options.keep), cases))
    print(matrix.table(matrix.rows([(name, case, result) for (name, case), result in zip(cases, results)])))
    return 1 if "FAILED" in results else 0


if __name__ == "__main__":
    sys.exit(main())
