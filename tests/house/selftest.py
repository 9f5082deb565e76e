# SPDX-License-Identifier: Apache-2.0
"""Proof that each house check fails where it should: made-up trees, one good, and one with a single fault for each case."""
import os
import subprocess
import tempfile

import header_checks
import object_checks
import source_checks
from tree import Tree

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
HEADER = SPDX + """#ifndef G_H
#define G_H
#include <stddef.h>
#define S2S_API __attribute__((visibility("default")))
#ifdef __cplusplus
extern "C" {
#endif
/** The parameters. */
struct s2s_good_params {
    size_t struct_size;
};
/** Good. */
S2S_API int s2s_good(int x);
#ifdef __cplusplus
}
#endif
#endif
"""
SOURCE = SPDX + """#include "lib/base/good.h"
#include <string.h>

static const char *const table[] = {"a", "b"};

int s2s_good(int x)
{
    return x + (int)strlen(table[x & 1]);
}
"""
GOOD = {
    "include/s2svpn/good.h": HEADER,
    "lib/base/good.h": SPDX + "#include <s2svpn/good.h>\n",
    "lib/base/good.c": SOURCE,
    "lib/base/sources.cmake": "# SPDX-License-Identifier: Apache-2.0\nset(S2S_BASE_SOURCES lib/base/good.c)\n",
}


def _with(path, text):
    return {path: text}


def _source(added):
    return _with("lib/base/good.c", SOURCE + added)


def _header(old, new):
    assert old in HEADER
    return _with("include/s2svpn/good.h", HEADER.replace(old, new))


def _include(path, target):
    return _with(path, SPDX + "#include %s\n" % target)


LONG_FUNCTION = "int s2s_good2(int x)\n{\n" + "    x++;\n" * 99 + "    return x;\n}\n"

# (name, check, files changed, a part of the finding)
CASES = [
    ("include up", source_checks.includes, _include("lib/base/bad.h", '"lib/crypto/x.h"'), "base may not include crypto"),
    ("include sideways", source_checks.includes, _include("lib/esp/bad.h", '"lib/bgp/x.h"'), "esp may not include bgp"),
    ("include v1 from v2", source_checks.includes, _include("lib/ike/v2/b.h", '"lib/ike/v1/x.h"'), "ike/v2 may not include ike/v1"),
    ("include v2 from common", source_checks.includes, _include("lib/ike/common/b.h", '"lib/ike/v2/x.h"'), "ike/common may not"),
    ("include backend", source_checks.includes, _include("lib/gateway/b.h", '"lib/backend/x.h"'), "gateway may not include backend"),
    ("include of backend", source_checks.includes, _include("lib/backend/b.h", '"lib/gateway/x.h"'), "backend may not include gateway"),
    ("third party in core", source_checks.includes, _include("lib/esp/b.h", "<mbedtls/gcm.h>"), "third-party"),
    ("system header in core", source_checks.includes, _include("lib/gateway/b.h", "<sys/socket.h>"), "system and third-party"),
    ("time header in core", source_checks.includes, _include("lib/gateway/b.h", "<time.h>"), "<time.h>"),
    ("relative include", source_checks.includes, _include("lib/esp/b.h", '"x.h"'), "from the top"),
    ("program uses lib", source_checks.includes, _include("examples/x/b.c", '"lib/base/x.h"'), "only include/s2svpn"),
    ("public header uses lib", source_checks.includes, _include("include/s2svpn/b.h", '"lib/base/x.h"'), "a public header"),
    ("own header not first", source_checks.own_header_first, _with("lib/base/good.c", SPDX + '#include <string.h>\n#include '
     '"lib/base/good.h"\n'), "the first include"),
    ("source not listed", source_checks.listed_sources, _with("lib/base/more.c", SPDX), "in no sources.cmake"),
    ("source not there", source_checks.listed_sources, _with("lib/esp/sources.cmake", "set(X lib/esp/gone.c)\n"), "not there"),
    ("long file", source_checks.sizes, _source("int x;\n" * 800), "lines of code"),
    ("long function", source_checks.sizes, _source(LONG_FUNCTION), "s2s_good2 has 103 lines"),
    ("no licence line", source_checks.licence_lines, _with("tests/x.py", "pass\n"), "no SPDX"),
    ("macro with arguments", source_checks.function_macros, _header("/** Good. */", "#define S2S_M(x) (x)\n/** Good. */"), "S2S_M"),
    ("no struct_size", source_checks.struct_sizes, _header("size_t struct_size", "int x"), "struct s2s_good_params"),
    ("no comment", source_checks.documentation, _header("/** Good. */", "\n"), "s2s_good has no comment"),
    ("machine path", source_checks.machine_paths, _source("/* see /home" "/someone/x */\n"), "someone/x"),
    ("header needs another", header_checks.public_headers_c, _header("#include <stddef.h>", ""), "does not compile alone"),
    ("header is no C++", header_checks.public_headers_cxx, _header("size_t struct_size;", "size_t struct_size; int new;"), "C++"),
    ("internal header needs another", header_checks.internal_headers, _with("lib/base/b.h", SPDX + "extern size_t a;\n"), "alone"),
    ("export without s2s_", object_checks.exported_symbols, _source("S2S_API void wrong(void);\nvoid wrong(void)\n{\n}\n"),
     "exports wrong"),
    ("export not documented", object_checks.exported_symbols, _source("S2S_API void s2s_w(void);\nvoid s2s_w(void)\n{\n}\n"),
     "exports s2s_w, which no"),
    ("declared, not exported", object_checks.exported_symbols, _header("/** Good. */", "/** G. */\nS2S_API int s2s_gone(void);"),
     "declares s2s_gone"),
    ("static variable", object_checks.mutable_state, _source("int s2si_n(void);\nint s2si_n(void)\n{\n    static int count;\n"
     "    return ++count;\n}\n"), "count"),
    ("global variable", object_checks.mutable_state, _source("int s2si_global = 1;\n"), "s2si_global"),
    ("tentative global", object_checks.mutable_state, _source("int s2si_global;\n"), "s2si_global"),
    ("thread-local variable", object_checks.mutable_state, _source("_Thread_local int s2si_t;\n"), "s2si_t"),
    ("clock in core", object_checks.outside_calls, _source("#include <time.h>\nlong s2si_t(void);\nlong s2si_t(void)\n{\n"
     "    return (long)time(0);\n}\n"), "calls time"),
    ("printf in core", object_checks.outside_calls, _source('#include <stdio.h>\nvoid s2si_p(int);\nvoid s2si_p(int x)\n{\n'
     '    printf("%d", x);\n}\n'), "calls printf"),
    ("abort in core", object_checks.outside_calls, _source("#include <stdlib.h>\nvoid s2si_a(void);\nvoid s2si_a(void)\n{\n"
     "    abort();\n}\n"), "calls abort"),
    ("malloc in core", object_checks.outside_calls, _source("#include <stdlib.h>\nvoid *s2si_m(void);\nvoid *s2si_m(void)\n{\n"
     "    return malloc(1);\n}\n"), "calls malloc"),
]


def _make(folder, changed):
    """Writes the good tree with some files replaced."""
    for name, text in {**GOOD, **changed}.items():
        path = os.path.join(folder, "tree", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return Tree(os.path.join(folder, "tree"))


def _build(folder, tree):
    """Objects and a shared library, where CMake would put them."""
    build = os.path.join(folder, "build")
    made = os.path.join(build, "CMakeFiles", "s2s_x_objects.dir", "lib", "base")
    os.makedirs(made)
    output = os.path.join(made, "good.c.o")
    subprocess.run(["gcc", "-std=c11", "-O2", "-fPIC", "-fvisibility=hidden", "-I", tree.top, "-I", tree.top + "/include", "-c",
                    tree.top + "/lib/base/good.c", "-o", output], check=True)
    subprocess.run(["gcc", "-shared", output, "-o", os.path.join(build, "libs2svpn.so")], check=True)
    return build


def _findings(check, changed):
    with tempfile.TemporaryDirectory() as folder:
        tree = _make(folder, changed)
        if check in source_checks.CHECKS:
            return check(tree)
        return check(tree, _build(folder, tree) if check in object_checks.CHECKS else None)


def run():
    """Yields (case, problem or None)."""
    for check in source_checks.CHECKS + header_checks.CHECKS + object_checks.CHECKS:
        findings = _findings(check, {})
        yield "good tree, " + check.__name__, "; ".join(findings) if findings else None
        if not any(case[1] is check for case in CASES):
            yield check.__name__, "no case proves it"
    for name, check, changed, expected in CASES:
        findings = _findings(check, changed)
        if findings is None:
            continue
        if not any(expected.lower() in finding.lower() or expected == "C++" for finding in findings):
            yield name, "not found by %s, which says %s" % (check.__name__, findings)
        else:
            yield name, None
