/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_log: keys in the formats of Wireshark's tables ikev2_decryption_table and esp_sa, so that a capture can be read.
 * Only where a caller asked for it by name; nothing of it goes to the log.
 */
#include <stdio.h>

#include "lib/ike/v2/state.h"

#define LINE 1024

static const struct name {
    enum s2s_algorithm algorithm;
    const char *ike, *esp;
} names[] = {
    {S2S_AES128_CBC, "AES-CBC-128 [RFC3602]", "AES-CBC [RFC3602]"},
    {S2S_AES192_CBC, "AES-CBC-192 [RFC3602]", "AES-CBC [RFC3602]"},
    {S2S_AES256_CBC, "AES-CBC-256 [RFC3602]", "AES-CBC [RFC3602]"},
    {S2S_AES128_GCM16, "AES-GCM-128 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]"},
    {S2S_AES192_GCM16, "AES-GCM-192 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]"},
    {S2S_AES256_GCM16, "AES-GCM-256 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]"},
    {S2S_CHACHA20_POLY1305, "CHACHA20_POLY1305 [RFC7634]", "ChaCha20 with Poly1305 [RFC7634]"},
    {S2S_3DES_CBC, "3DES [RFC2451]", "TripleDES-CBC [RFC2451]"},
    {S2S_NULL_ENCRYPTION, "NULL [RFC2410]", "NULL"},
    {S2S_HMAC_SHA1_96, "HMAC_SHA1_96 [RFC2404]", "HMAC-SHA-1-96 [RFC2404]"},
    {S2S_HMAC_SHA2_256_128, "HMAC_SHA2_256_128 [RFC4868]", "HMAC-SHA-256-128 [RFC4868]"},
    {S2S_HMAC_SHA2_384_192, "HMAC_SHA2_384_192 [RFC4868]", "HMAC-SHA-384-192 [RFC4868]"},
    {S2S_HMAC_SHA2_512_256, "HMAC_SHA2_512_256 [RFC4868]", "HMAC-SHA-512-256 [RFC4868]"},
    {S2S_HMAC_MD5_96, "HMAC_MD5_96 [RFC2403]", "HMAC-MD5-96 [RFC2403]"},
    {S2S_ALG_NONE, "NONE [RFC4306]", "NULL"},
};

static const char *name_of(enum s2s_algorithm algorithm, bool esp)
{
    for (size_t i = 0; i < S2SI_COUNT(names); i++) {
        if (names[i].algorithm == algorithm)
            return esp ? names[i].esp : names[i].ike;
    }
    return "unknown";
}

static size_t put(char *line, size_t at, const char *text)
{
    size_t length = strlen(text);
    if (at + length >= LINE)
        return at;
    memcpy(line + at, text, length + 1);
    return at + length;
}

static size_t put_hex(char *line, size_t at, const uint8_t *data, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length && at + 2 < LINE; i++) {
        line[at++] = digits[data[i] >> 4];
        line[at++] = digits[data[i] & 15];
    }
    line[at] = '\0';
    return at;
}

static size_t put_spi(char *line, size_t at, uint64_t spi)
{
    uint8_t bytes[8];
    s2si_put_u64(bytes, spi);
    return put_hex(line, at, bytes, sizeof bytes);
}

void s2si_key_log_sa(const struct s2si_ike_sa *sa)
{
    char line[LINE];
    const struct s2si_ike_keys *keys = &sa->keys;
    if (sa->ike->key_log == NULL)
        return;
    size_t at = put_spi(line, 0, sa->spi_i);
    at = put_spi(line, put(line, at, ","), sa->spi_r);
    at = put_hex(line, put(line, at, ","), keys->ei.data, keys->ei.length);
    at = put_hex(line, put(line, at, ","), keys->er.data, keys->er.length);
    at = put(line, put(line, at, ",\""), name_of(sa->suite.encryption, false));
    at = put_hex(line, put(line, at, "\","), keys->ai.data, keys->ai.length);
    at = put_hex(line, put(line, at, ","), keys->ar.data, keys->ar.length);
    at = put(line, put(line, at, ",\""), name_of(sa->suite.integrity, false));
    (void)put(line, at, "\"");
    sa->ike->key_log(sa->ike->key_log_user, false, line);
    s2si_wipe(line, sizeof line);
}

static void log_direction(const struct s2si_child_sa *child, bool inbound)
{
    const struct s2si_ike_child *data = &child->data;
    const struct s2si_secret *key = inbound ? &data->key_in : &data->key_out;
    const struct s2si_secret *integ = inbound ? &data->integ_in : &data->integ_out;
    const struct s2s_addr *from = inbound ? &data->remote.addr : &data->local.addr;
    const struct s2s_addr *to = inbound ? &data->local.addr : &data->remote.addr;
    char line[LINE], source[S2S_ADDR_TEXT], destination[S2S_ADDR_TEXT], spi[16];
    (void)snprintf(spi, sizeof spi, "0x%08x", inbound ? data->spi_in : data->spi_out);
    size_t at = put(line, 0, to->family == 6 ? "\"IPv6\",\"" : "\"IPv4\",\"");
    at = put(line, put(line, at, s2s_addr_format(from, source)), "\",\"");
    at = put(line, put(line, at, s2s_addr_format(to, destination)), "\",\"");
    at = put(line, put(line, put(line, at, spi), "\",\""), name_of(data->suite.encryption, true));
    at = put_hex(line, put(line, at, "\",\"0x"), key->data, key->length);
    if (integ->length == 0)
        at = put_hex(line, at, inbound ? data->salt_in : data->salt_out, S2S_CRYPTO_MAX_SALT);
    at = put(line, put(line, at, "\",\""), name_of(data->suite.integrity, true));
    at = put(line, at, integ->length > 0 ? "\",\"0x" : "\",\"");
    at = put_hex(line, at, integ->data, integ->length);
    (void)put(line, at, "\"");
    child->ike->key_log(child->ike->key_log_user, true, line);
    s2si_wipe(line, sizeof line);
}

void s2si_key_log_child(const struct s2si_child_sa *child)
{
    if (child->ike->key_log == NULL)
        return;
    log_direction(child, true);
    log_direction(child, false);
}
