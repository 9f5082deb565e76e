# SPDX-License-Identifier: Apache-2.0
"""Builds the extension module _s2svpn from the public headers (cffi, API mode).

The C compiler sees the real headers; cffi sees the same declarations with the preprocessor lines taken off. No list of
functions is kept here: what a public header declares is what Python gets.

    python3 build_s2svpn.py [--include DIR] [--lib DIR] [--with event,config] [--out DIR]
"""
import argparse
import os
import re

import cffi

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# Core headers in the order in which they include one another; the optional ones follow what is linked.
CORE = ["api", "error", "types", "algorithm", "packet", "crypto", "action", "event", "engine", "loop", "kernel", "driver",
        "profile", "tunnel", "connection", "gateway", "route", "bgp_session", "esp", "sim"]
CONFIG = ["files", "config", "device_files", "bgp_json", "metrics"]


def declarations(text):
    """The header's declarations without comments, conditionals and decorations; integer constants stay."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text).replace("\\\n", " ")
    out = []
    for line in text.splitlines():
        constant = re.match(r"\s*#\s*define\s+(S2S_\w+)\s+\(?(-?(?:0x)?[0-9A-Fa-f]+)u?\)?\s*$", line)
        if constant:
            out.append("#define %s %s" % constant.groups())
        elif not re.match(r"\s*#", line):
            out.append(line)
    text = "\n".join(out)
    text = re.sub(r"\bS2S_(API|EXTERN_C_BEGIN|EXTERN_C_END)\b", "", text)
    return re.sub(r"__attribute__\s*\(\(.*?\)\)", "", text)


def builder(include, libraries, lib_dir, headers):
    ffi = cffi.FFI()
    source = []
    for name in headers:
        path = os.path.join(include, "s2svpn", name + ".h")
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as header:
            ffi.cdef(declarations(header.read()))
        source.append("#include <s2svpn/%s.h>" % name)
    ffi.cdef("""
        extern "Python" void s2s_py_log(void *user, const struct s2s_log_line *line);
        extern "Python" void s2s_py_event(void *user, const struct s2s_event *event);
        extern "Python" void s2s_py_done(void *user);
    """)
    ffi.set_source("_s2svpn", "\n".join(source), include_dirs=[include], libraries=libraries, library_dirs=[lib_dir],
                   runtime_library_dirs=[os.path.abspath(lib_dir)], extra_compile_args=["-std=c11"])
    return ffi


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--include", default=os.path.join(TOP, "include"))
    parser.add_argument("--lib", default=os.path.join(TOP, "build"), help="where libs2svpn.so is")
    parser.add_argument("--out", default=".", help="where the module goes")
    options = parser.parse_args()
    ffi = builder(os.path.abspath(options.include), ["s2svpn-config", "s2svpn-event", "s2svpn"], options.lib, CORE + CONFIG)
    print(ffi.compile(tmpdir=options.out, verbose=False))


if __name__ == "__main__":
    main()
