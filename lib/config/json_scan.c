/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is refused before cJSON sees it: cJSON is lenient (control characters, bytes that are not UTF-8, \u0000, which
 * cuts a string short) and goes deep. RFC 8259 sections 7 and 8.1, RFC 3629.
 */
#include <string.h>

#include "lib/config/config.h"

struct scan {
    const unsigned char *text;
    size_t length, at;
    unsigned depth, max_depth;
};

/* Length of the UTF-8 sequence that stands here, 0 if none does (RFC 3629 section 4). */
size_t s2si_utf8_length(const unsigned char *text, size_t left)
{
    static const struct {
        unsigned char first, last, second_low, second_high, length;
    } rows[] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        if (text[0] < rows[i].first || text[0] > rows[i].last) {
            continue;
        }
        if (left < rows[i].length || text[1] < rows[i].second_low || text[1] > rows[i].second_high) {
            return 0;
        }
        for (size_t k = 2; k < rows[i].length; k++) {
            if ((text[k] & 0xc0u) != 0x80u) {
                return 0;
            }
        }
        return rows[i].length;
    }
    return 0;
}

static const char *scan_escape(struct scan *scan)
{
    const unsigned char *text = scan->text + scan->at;
    size_t left = scan->length - scan->at;

    if (left < 2 || !strchr("\"\\/bfnrtu", text[1]) || text[1] == '\0') {
        return "an escape in a string is one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX";
    }
    if (text[1] == 'u' && left >= 6 && memcmp(text + 2, "0000", 4) == 0) {
        return "a string holds no NUL (\\u0000)";
    }
    scan->at += 2;
    return NULL;
}

/* From the opening quotation mark to behind the closing one. */
static const char *scan_string(struct scan *scan)
{
    scan->at++;
    while (scan->at < scan->length) {
        unsigned char byte = scan->text[scan->at];
        const char *rule = NULL;
        if (byte == '"') {
            scan->at++;
            return NULL;
        }
        if (byte == '\\') {
            rule = scan_escape(scan);
        } else if (byte < 0x20 || byte == 0x7f) {
            rule = "a string holds no control character; write it as an escape";
        } else if (byte < 0x80) {
            scan->at++;
        } else {
            size_t step = s2si_utf8_length(scan->text + scan->at, scan->length - scan->at);
            rule = step ? NULL : "the text is UTF-8";
            scan->at += step;
        }
        if (rule) {
            return rule;
        }
    }
    return "a string ends with a quotation mark";
}

static const char *scan_mark(struct scan *scan)
{
    unsigned char byte = scan->text[scan->at];

    if (byte == '"') {
        return scan_string(scan);
    }
    if (byte == '{' || byte == '[') {
        if (++scan->depth > scan->max_depth) {
            return "too many objects and lists stand in one another";
        }
    } else if (byte == '}' || byte == ']') {
        scan->depth -= scan->depth > 0;
    } else if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
        return "a JSON text holds no control character";
    } else if (byte >= 0x7f) {
        return "outside of strings a JSON text is ASCII";
    }
    scan->at++;
    return NULL;
}

const char *s2si_json_scan(const char *text, size_t length, unsigned max_depth, size_t *at)
{
    struct scan scan = { (const unsigned char *)text, length, 0, 0, max_depth };

    while (scan.at < scan.length) {
        const char *rule = scan_mark(&scan);
        if (rule) {
            *at = scan.at;
            return rule;
        }
    }
    return NULL;
}
