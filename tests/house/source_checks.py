# SPDX-License-Identifier: Apache-2.0
"""House checks on the text of the sources. Each takes a Tree and gives back findings, one line each."""
import ast
import re

from tree import module_of

# What a module may include of lib/. Includes point down only; the protocols do not know each other.
BELOW_PROTOCOLS = ("crypto", "base")
PROTOCOLS = ("ike/v2", "ike/v1", "ike/common", "esp", "bgp") + BELOW_PROTOCOLS
MAY_INCLUDE = {
    "base": (),
    "crypto": ("base",),
    "esp": BELOW_PROTOCOLS,
    "bgp": BELOW_PROTOCOLS,
    "ike/common": BELOW_PROTOCOLS,
    "ike/v1": ("ike/common",) + BELOW_PROTOCOLS,
    "ike/v2": ("ike/common",) + BELOW_PROTOCOLS,
    "gateway": PROTOCOLS,
    "cloud": ("gateway",) + PROTOCOLS,
    "config": ("cloud", "gateway") + PROTOCOLS,
    "backend": ("base",),
}
# The headers of C11 that do no I/O and know no time (stdio for snprintf; what is called is checked in the objects).
C_HEADERS = {"%s.h" % name for name in (
    "ctype errno float inttypes limits math stdalign stdarg stdbool stddef stdint stdio stdlib stdnoreturn string").split()}
THIRD_PARTY = {"config": ("cjson/", "expat.h")}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
CODE_LINES = 800
FUNCTION_LINES = 100
SIZED = ("lib/", "include/", "examples/", "bindings/", "tests/")


def line_of(text, position):
    """The line number of a position."""
    return text.count("\n", 0, position) + 1


def _include_fault(name, module, kind, target):
    """What is wrong with one include, or None."""
    if kind == "<" and target.startswith("s2svpn/"):
        return None
    if name.startswith("include/"):
        return None if kind == "<" and target in C_HEADERS else "a public header includes only <s2svpn/...> and C's headers"
    if name.startswith(("examples/", "bindings/")):
        return "a program uses only include/s2svpn" if target.startswith("lib/") else None
    if kind == '"':
        if not target.startswith("lib/"):
            return "write the path from the top of the tree: \"lib/...\""
        other = module_of(target)
        if other != module and other not in MAY_INCLUDE.get(module, ()):
            return "%s may not include %s" % (module, other)
        return None
    if target in C_HEADERS or module == "backend" or target.startswith(THIRD_PARTY.get(module, "\0")):
        return None
    return "%s may not include <%s>: system and third-party headers belong to lib/backend and lib/config" % (module, target)


def includes(tree):
    """An include points down; a third party's header stands in lib/backend and lib/config alone."""
    findings = []
    for name in tree.select("lib/", "include/", "examples/", "bindings/"):
        text = tree.code(name)
        for match in INCLUDE.finditer(text):
            fault = _include_fault(name, module_of(name), match.group(1), match.group(2))
            if fault:
                findings.append("%s:%d: %s: %s" % (name, line_of(text, match.start()), match.group(2), fault))
    return findings


def own_header_first(tree):
    """A .c file includes its own header before all others, so that the header cannot lean on them."""
    findings = []
    for name in tree.select("lib/", suffixes=(".c",)):
        own = name[:-2] + ".h"
        first = INCLUDE.search(tree.code(name))
        if own in tree.files and (not first or first.group(2) != own):
            findings.append("%s: the first include is not \"%s\"" % (name, own))
    return findings


def listed_sources(tree):
    """Each lib/**/*.c stands in one sources.cmake, and each listed file exists."""
    listed = []
    for name in tree.select("lib/", suffixes=("sources.cmake",)):
        text = re.sub(r"#[^\n]*", "", tree.text(name))
        listed += re.findall(r"lib/[\w/.-]+\.c\b", text)
    present = set(tree.select("lib/", suffixes=(".c",)))
    findings = ["%s: in no sources.cmake" % name for name in sorted(present - set(listed))]
    findings += ["%s: listed in a sources.cmake but not there" % name for name in sorted(set(listed) - present)]
    return findings + ["%s: listed twice" % name for name in sorted(set(listed)) if listed.count(name) > 1]


def function_lengths(text):
    """(line, name, lines) of each C function in text without comments: braces at the line's start, as the house writes them."""
    lines = text.split("\n")
    start = None
    for number, line in enumerate(lines):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            head = start - 1
            while head > 0 and (not lines[head].strip() or lines[head][0] in " \t"):
                head -= 1
            match = re.search(r"(\w+)\s*\(", lines[head])
            if match:
                yield head + 1, match.group(1), number - head + 1
            start = None


def _python_lengths(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.name, node.end_lineno - node.lineno + 1


def sizes(tree):
    """Files of at most 800 lines of code, functions of at most 100 lines."""
    findings = []
    for name in tree.select(*SIZED, suffixes=(".c", ".h", ".py")):
        python = name.endswith(".py")
        text = re.sub(r"(?m)^\s*#.*$", "", tree.text(name)) if python else tree.code(name)
        code = sum(1 for line in text.split("\n") if line.strip())
        if code > CODE_LINES:
            findings.append("%s: %d lines of code, more than %d" % (name, code, CODE_LINES))
        for line, function, length in (_python_lengths(tree.text(name)) if python else function_lengths(text)):
            if length > FUNCTION_LINES:
                findings.append("%s:%d: %s has %d lines, more than %d" % (name, line, function, length, FUNCTION_LINES))
    return findings


def licence_lines(tree):
    """Each source file says its licence in its first lines."""
    findings = []
    for name in tree.files:
        if not name.endswith((".c", ".h", ".py", ".sh", ".cmake", ".in", "CMakeLists.txt", ".ci/run")):
            continue
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(tree.text(name).split("\n")[:4]):
            findings.append("%s: no SPDX line" % name)
    return findings


def function_macros(tree):
    """No function-like macro in a public header: cffi and other languages cannot see one."""
    findings = []
    for name in tree.select("include/", suffixes=(".h",)):
        for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)\(", tree.code(name), re.MULTILINE):
            findings.append("%s: macro %s takes arguments" % (name, match.group(1)))
    return findings


def struct_sizes(tree):
    """Config structs, actions, events, statuses and seam tables start with size_t struct_size."""
    findings = []
    pattern = re.compile(r"^struct (s2s_(?:\w+_(?:params|config|status|stats|ops)|action|event)) \{\s*([^;]*);", re.MULTILINE)
    for name in tree.select("include/", suffixes=(".h",)):
        for struct, member in pattern.findall(tree.code(name)):
            if " ".join(member.split()) != "size_t struct_size":
                findings.append("%s: struct %s does not start with size_t struct_size" % (name, struct))
    return findings


def declarations(tree):
    """name -> (file, documented) of each S2S_API declaration. A comment covers the declarations that follow it without a gap."""
    found = {}
    for name in tree.select("include/", suffixes=(".h",)):
        text = tree.text(name)
        for match in re.finditer(r"^S2S_API\b[^;{]*?\b(s2s_\w+)\s*(?:\(|;|\[)[^;]*;[^\n]*", text, re.MULTILINE):
            above = text[:match.start()].rstrip(" \t")
            block = above[above.rfind("\n\n") + 1:]
            found[match.group(1)] = (name, above.endswith("*/\n") or "*/\n" in block or "/**<" in match.group())
    return found


def documentation(tree):
    """Each function of the public headers has its comment."""
    return ["%s: %s has no comment" % (name, symbol) for symbol, (name, documented) in sorted(declarations(tree).items())
            if not documented]


def machine_paths(tree):
    """No path of the machine on which something was written."""
    findings = []
    for name in tree.files:
        if name.endswith((".c", ".h", ".py", ".sh", ".cmake", ".txt", ".md", ".in", ".json")):
            for match in re.finditer(r"(?<![\w.])/(?:work|home/\w+|root)/\w+", tree.text(name)):
                findings.append("%s:%d: %s" % (name, line_of(tree.text(name), match.start()), match.group()))
    return findings


CHECKS = (includes, own_header_first, listed_sources, sizes, licence_lines, function_macros, struct_sizes, documentation,
          machine_paths)
