/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/common/identity.h"

#include <stddef.h>
#include <string.h>

#include <s2svpn/error.h>

const struct s2si_identity s2si_identity_any = {.type = S2SI_ID_ANY};

static size_t kept_size(const struct s2si_identity *id)
{
    return offsetof(struct s2si_identity, data) + id->length;
}

struct s2si_identity *s2si_identity_keep(struct s2si_mem *mem, const struct s2si_identity *id)
{
    struct s2si_identity *kept = s2si_alloc(mem, kept_size(id));
    if (kept != NULL) {
        memcpy(kept, id, kept_size(id));
    }
    return kept;
}

void s2si_identity_free(struct s2si_mem *mem, struct s2si_identity *kept)
{
    if (kept != NULL) {
        s2si_free(mem, kept, kept_size(kept));
    }
}

void s2si_identity_get(const struct s2si_identity *kept, struct s2si_identity *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out, kept, kept_size(kept));
}

static int set(struct s2si_identity *out, enum s2si_id_type type, const char *text)
{
    size_t length = strlen(text);
    *out = (struct s2si_identity){.type = (uint8_t)type};
    if (length == 0 || length > S2SI_ID_LENGTH) {
        return S2S_ERR_INVALID;
    }
    out->length = (uint8_t)length;
    memcpy(out->data, text, length);
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int set_hex(struct s2si_identity *out, const char *text)
{
    size_t length = strlen(text);
    *out = (struct s2si_identity){.type = S2SI_ID_KEY_ID};
    if (length == 0 || length % 2 != 0 || length / 2 > S2SI_ID_LENGTH) {
        return S2S_ERR_INVALID;
    }
    for (size_t i = 0; i < length / 2; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return S2S_ERR_INVALID;
        }
        out->data[i] = (uint8_t)(high << 4 | low);
    }
    out->length = (uint8_t)(length / 2);
    return 0;
}

static int set_key_id(struct s2si_identity *out, const char *text)
{
    return strncmp(text, "0x", 2) == 0 ? set_hex(out, text + 2) : set(out, S2SI_ID_KEY_ID, text);
}

int s2si_identity_parse(const char *text, struct s2si_identity *out)
{
    struct s2s_addr addr;
    if (text == NULL || strcmp(text, "%any") == 0) {
        *out = (struct s2si_identity){.type = S2SI_ID_ANY};
        return 0;
    }
    if (strncmp(text, "keyid:", 6) == 0) {
        return set_key_id(out, text + 6);
    }
    if (text[0] == '@') {
        return set(out, S2SI_ID_FQDN, text + 1);
    }
    if (s2s_addr_parse(text, &addr) == 0) {
        s2si_identity_from_addr(&addr, out);
        return 0;
    }
    return set(out, strchr(text, '@') != NULL ? S2SI_ID_RFC822_ADDR : S2SI_ID_FQDN, text);
}

void s2si_identity_from_addr(const struct s2s_addr *addr, struct s2si_identity *out)
{
    size_t length = s2si_addr_length(addr);
    *out = (struct s2si_identity){.type = S2SI_ID_ANY};
    if (length != 0) {
        out->type = length == 4 ? S2SI_ID_IPV4_ADDR : S2SI_ID_IPV6_ADDR;
        out->length = (uint8_t)length;
        memcpy(out->data, addr->bytes, length);
    }
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool s2si_identity_equal(const struct s2si_identity *a, const struct s2si_identity *b)
{
    if (a->type != b->type || a->length != b->length) {
        return false;
    }
    bool text = a->type == S2SI_ID_FQDN || a->type == S2SI_ID_RFC822_ADDR;
    for (size_t i = 0; i < a->length; i++) {
        if (text ? lower(a->data[i]) != lower(b->data[i]) : a->data[i] != b->data[i]) {
            return false;
        }
    }
    return true;
}

bool s2si_identity_matches(const struct s2si_identity *wanted, const struct s2si_identity *given)
{
    return wanted->type == S2SI_ID_ANY || s2si_identity_equal(wanted, given);
}

static size_t put(char *out, size_t size, size_t at, const char *text)
{
    while (*text != '\0' && at + 1 < size) {
        out[at++] = *text++;
    }
    return at;
}

/* Peer bytes never reach a log raw; the backslash itself is escaped, so that the text is unambiguous. */
static size_t put_byte(char *out, size_t size, size_t at, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    char text[5] = {'\\', 'x', digits[byte >> 4], digits[byte & 15], '\0'};
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
        text[0] = (char)byte;
        text[1] = '\0';
    }
    return put(out, size, at, text);
}

char *s2si_identity_format(const struct s2si_identity *id, char *out, size_t size)
{
    char addr_text[S2S_ADDR_TEXT];
    size_t at = 0;
    if (size == 0) {
        return out;
    }
    if (id->type == S2SI_ID_ANY) {
        at = put(out, size, at, "%any");
    } else if ((id->type == S2SI_ID_IPV4_ADDR && id->length == 4) || (id->type == S2SI_ID_IPV6_ADDR && id->length == 16)) {
        struct s2s_addr addr = s2si_addr_bytes(id->length == 4 ? 4 : 6, id->data);
        at = put(out, size, at, s2s_addr_format(&addr, addr_text));
    } else {
        at = put(out, size, at, id->type == S2SI_ID_KEY_ID ? "keyid:" : "");
        for (size_t i = 0; i < id->length; i++) {
            at = put_byte(out, size, at, id->data[i]);
        }
    }
    out[at] = '\0';
    return out;
}
