# SPDX-License-Identifier: Apache-2.0
"""House checks with a compiler: each header compiles alone."""
import os
import shutil
import subprocess

FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def _compile_alone(tree, header, include, compiler):
    source = '#include %s\ntypedef int s2s_something;\n' % include
    result = subprocess.run(compiler + FLAGS + ["-I", tree.top, "-I", os.path.join(tree.top, "include"), "-"], input=source,
                            capture_output=True, text=True, check=False)
    if result.returncode:
        first = next((line for line in result.stderr.splitlines() if "error" in line), result.stderr[:200])
        return ["%s does not compile alone (%s): %s" % (header, " ".join(compiler[:2]), first)]
    return []


def public_headers_c(tree, _build):
    """Each public header compiles alone as C11."""
    findings = []
    for name in tree.select("include/", suffixes=(".h",)):
        findings += _compile_alone(tree, name, "<%s>" % name[len("include/"):], ["gcc", "-std=c11", "-xc"])
    return findings


def public_headers_cxx(tree, _build):
    """Each public header compiles alone as C++."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        return None
    findings = []
    for name in tree.select("include/", suffixes=(".h",)):
        findings += _compile_alone(tree, name, "<%s>" % name[len("include/"):], [compiler, "-std=c++11", "-xc++"])
    return findings


def internal_headers(tree, _build):
    """Each internal header of the core compiles alone."""
    findings = []
    for name in tree.select("lib/", suffixes=(".h",)):
        if not name.startswith(("lib/backend/", "lib/config/")):
            findings += _compile_alone(tree, name, '"%s"' % name, ["gcc", "-std=c11", "-xc"])
    return findings


CHECKS = (public_headers_c, public_headers_cxx, internal_headers)
