# SPDX-License-Identifier: Apache-2.0
"""House checks on what the compiler made: shared libraries and object files of a build folder."""
import glob
import os
import re
import subprocess

from source_checks import declarations
from tree import CORE, module_of

# All that the core may call outside itself: C's functions on memory and text. It reads no clock, does no I/O, ends no process,
# and gets its memory from the allocator that it was handed.
CORE_MAY_CALL = re.compile(r"^(mem(cpy|move|set|cmp|chr|mem)|str(len|nlen|cmp|ncmp|chr|rchr|str|spn|cspn|pbrk|tol|toul|toll|toull)"
                           r"|v?snprintf|qsort|bsearch|abs|labs|strcasecmp|strncasecmp|__ctype_\w+|toupper|tolower"
                           r"|__isoc23_strto\w+|__\w+_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|sanitizer)_\w+)$")
# The default allocator stands in one file.
MAY_CALL_MORE = {"lib/base/mem.c": {"malloc", "calloc", "realloc", "free"}}
NEVER = re.compile(r"^(exit|_exit|_Exit|quick_exit|abort|__assert_fail|printf|puts|putchar|vprintf|system|popen|gets|strtok|rand|srand|"
                   r"random|srandom|__printf_chk|__vprintf_chk)$")
MUTABLE = re.compile(r"^(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)")


def _run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def objects(build):
    """module -> object files of the three libraries."""
    found = {}
    for path in glob.glob(os.path.join(build, "CMakeFiles", "s2s_*_objects.dir", "lib", "**", "*.o"), recursive=True):
        name = path[path.index("_objects.dir/") + len("_objects.dir/"):]
        found.setdefault(module_of(name), []).append((name[:-2], path))
    return found


def libraries(build):
    """The shared libraries."""
    return sorted(path for path in glob.glob(os.path.join(build, "libs2svpn*.so")) if os.path.exists(path))


def exported(path):
    """The symbols that a shared library exports."""
    return {line.split()[-1].split("@")[0] for line in _run("nm", "-D", "--defined-only", path).splitlines() if line.strip()}


def exported_symbols(tree, build):
    """What the shared libraries export begins with s2s_ and is declared in a public header; what that declares is exported."""
    findings = []
    declared = declarations(tree)
    seen = set()
    paths = libraries(build)
    if not paths:
        return ["no shared library in %s" % build]
    for path in paths:
        symbols = exported(path)
        seen |= symbols
        library = os.path.basename(path)
        findings += ["%s exports %s, which does not begin with s2s_" % (library, symbol)
                     for symbol in sorted(symbols) if not symbol.startswith("s2s_")]
        findings += ["%s exports %s, which no public header documents" % (library, symbol)
                     for symbol in sorted(symbols) if symbol.startswith("s2s_") and symbol not in declared]
    findings += ["%s declares %s, which no library exports" % (declared[symbol][0], symbol)
                 for symbol in sorted(set(declared) - seen)]
    return findings


def mutable_state(_tree, build):
    """No global or static variable that can change. Constant tables that only need relocation (.data.rel.ro) are none."""
    findings = []
    for files in objects(build).values():
        for name, path in files:
            for line in _run("objdump", "-t", "-w", path).splitlines():
                match = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+ +(?:\.hidden )?(\S+)$", line)
                if not match or match.group(3).startswith("__odr_asan."):
                    continue  # AddressSanitizer's own mark beside a global constant
                if "d" not in match.group(1) and MUTABLE.match(match.group(2)):
                    findings.append("%s: %s can change (section %s)" % (name, match.group(3), match.group(2)))
    return sorted(findings)


def outside_calls(_tree, build):
    """The core calls nothing but itself and C's functions on memory; no library ends the process or prints."""
    findings = []
    for module, files in objects(build).items():
        for name, path in files:
            for line in _run("nm", "-u", path).splitlines():
                symbol = line.split()[-1].split("@")[0]
                if symbol.startswith(("s2s_", "s2si_")) or symbol in MAY_CALL_MORE.get(name, ()):
                    continue
                if (module in CORE and not CORE_MAY_CALL.match(symbol)) or NEVER.match(symbol):
                    findings.append("%s calls %s" % (name, symbol))
    if not any(module in CORE for module in objects(build)):
        findings.append("no object of the core in %s" % build)
    return sorted(findings)


CHECKS = (exported_symbols, mutable_state, outside_calls)
