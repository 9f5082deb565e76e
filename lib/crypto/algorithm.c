/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows follow IANA's "Internet Key Exchange Version 2 (IKEv2) Parameters" (transform types 1 to 5) and the lengths
 * of RFC 2404, 2405, 2410, 2451, 3602, 4106, 4868, 7634 (ciphers, integrity), 2409, 3526, 5114, 5903, 8031 (groups).
 */
#include "lib/crypto/algorithm.h"

/* Cipher with an integrity transform beside it; the IV is one block. */
#define CIPHER(value, word, id, bits, key, block, old)                                                                 \
    {                                                                                                                  \
        .algorithm = value, .name = word, .type = S2S_TRANSFORM_ENCRYPTION, .transform_id = id, .key_bits = bits,      \
        .key_length = key, .iv_length = block, .block_length = block, .legacy = old                                    \
    }
/* AEAD of RFC 4106 and RFC 7634: 4 bytes of salt, 8 of explicit IV, 16 of tag. */
#define AEAD(value, word, id, bits, key)                                                                               \
    {                                                                                                                  \
        .algorithm = value, .name = word, .type = S2S_TRANSFORM_ENCRYPTION, .transform_id = id, .key_bits = bits,      \
        .key_length = key, .salt_length = 4, .iv_length = 8, .icv_length = 16, .block_length = 1, .aead = true         \
    }
#define PRF(value, word, id, below, block, output, old)                                                                \
    {                                                                                                                  \
        .algorithm = value, .name = word, .type = S2S_TRANSFORM_PRF, .transform_id = id, .key_length = output,         \
        .block_length = block, .output_length = output, .hash = below, .legacy = old                                   \
    }
#define INTEGRITY(value, word, id, below, block, output, icv, old)                                                     \
    {                                                                                                                  \
        .algorithm = value, .name = word, .type = S2S_TRANSFORM_INTEGRITY, .transform_id = id, .key_length = output,   \
        .icv_length = icv, .block_length = block, .output_length = output, .hash = below, .legacy = old                \
    }
#define GROUP(value, word, id, wire, secret, old)                                                                      \
    {                                                                                                                  \
        .algorithm = value, .name = word, .type = S2S_TRANSFORM_GROUP, .transform_id = id, .public_length = wire,      \
        .secret_length = secret, .legacy = old                                                                         \
    }
#define ESN(value, word, id)                                                                                           \
    {                                                                                                                  \
        .algorithm = value, .name = word, .type = S2S_TRANSFORM_ESN, .transform_id = id                                \
    }
#define HASH(value, word, id, block, output, old)                                                                      \
    {                                                                                                                  \
        .algorithm = value, .name = word, .type = S2S_TRANSFORM_HASH, .transform_id = id, .block_length = block,       \
        .output_length = output, .legacy = old                                                                         \
    }

static const struct s2s_algorithm_info table[] = {
    CIPHER(S2S_AES128_CBC, "aes128", 12, 128, 16, 16, false),
    CIPHER(S2S_AES192_CBC, "aes192", 12, 192, 24, 16, false),
    CIPHER(S2S_AES256_CBC, "aes256", 12, 256, 32, 16, false),
    AEAD(S2S_AES128_GCM16, "aes128gcm16", 20, 128, 16),
    AEAD(S2S_AES192_GCM16, "aes192gcm16", 20, 192, 24),
    AEAD(S2S_AES256_GCM16, "aes256gcm16", 20, 256, 32),
    AEAD(S2S_CHACHA20_POLY1305, "chacha20poly1305", 28, 0, 32),
    CIPHER(S2S_DES_CBC, "des", 2, 0, 8, 8, true),
    CIPHER(S2S_3DES_CBC, "3des", 3, 0, 24, 8, true),
    /* RFC 2410 section 2: no key, no IV, block of one byte. */
    {.algorithm = S2S_NULL_ENCRYPTION,
     .name = "null",
     .type = S2S_TRANSFORM_ENCRYPTION,
     .transform_id = 11,
     .block_length = 1},

    PRF(S2S_PRF_HMAC_SHA1, "prfsha1", 2, S2S_SHA1, 64, 20, false),
    PRF(S2S_PRF_HMAC_SHA2_256, "prfsha256", 5, S2S_SHA2_256, 64, 32, false),
    PRF(S2S_PRF_HMAC_SHA2_384, "prfsha384", 6, S2S_SHA2_384, 128, 48, false),
    PRF(S2S_PRF_HMAC_SHA2_512, "prfsha512", 7, S2S_SHA2_512, 128, 64, false),
    PRF(S2S_PRF_HMAC_MD5, "prfmd5", 1, S2S_MD5, 64, 16, true),

    INTEGRITY(S2S_HMAC_SHA1_96, "sha1", 2, S2S_SHA1, 64, 20, 12, false),
    INTEGRITY(S2S_HMAC_SHA2_256_128, "sha256", 12, S2S_SHA2_256, 64, 32, 16, false),
    INTEGRITY(S2S_HMAC_SHA2_384_192, "sha384", 13, S2S_SHA2_384, 128, 48, 24, false),
    INTEGRITY(S2S_HMAC_SHA2_512_256, "sha512", 14, S2S_SHA2_512, 128, 64, 32, false),
    INTEGRITY(S2S_HMAC_MD5_96, "md5", 1, S2S_MD5, 64, 16, 12, true),

    GROUP(S2S_MODP768, "modp768", 1, 96, 96, true),
    GROUP(S2S_MODP1024, "modp1024", 2, 128, 128, false),
    GROUP(S2S_MODP1536, "modp1536", 5, 192, 192, false),
    GROUP(S2S_MODP2048, "modp2048", 14, 256, 256, false),
    GROUP(S2S_MODP3072, "modp3072", 15, 384, 384, false),
    GROUP(S2S_MODP4096, "modp4096", 16, 512, 512, false),
    GROUP(S2S_MODP6144, "modp6144", 17, 768, 768, false),
    GROUP(S2S_MODP8192, "modp8192", 18, 1024, 1024, false),
    /* RFC 5903 section 7: the public value is x | y, the shared secret x alone. */
    GROUP(S2S_ECP256, "ecp256", 19, 64, 32, false),
    GROUP(S2S_ECP384, "ecp384", 20, 96, 48, false),
    GROUP(S2S_ECP521, "ecp521", 21, 132, 66, false),
    GROUP(S2S_CURVE25519, "x25519", 31, 32, 32, false),
    GROUP(S2S_MODP1024_S160, "modp1024s160", 22, 128, 128, false),
    GROUP(S2S_MODP2048_S224, "modp2048s224", 23, 256, 256, false),
    GROUP(S2S_MODP2048_S256, "modp2048s256", 24, 256, 256, false),

    ESN(S2S_NO_ESN, "noesn", 0),
    ESN(S2S_ESN, "esn", 1),

    HASH(S2S_SHA1, "sha1", 1, 64, 20, false),
    HASH(S2S_SHA2_256, "sha256", 2, 64, 32, false),
    HASH(S2S_SHA2_384, "sha384", 3, 128, 48, false),
    HASH(S2S_SHA2_512, "sha512", 4, 128, 64, false),
    HASH(S2S_MD5, "md5", 0, 64, 16, true),
};

/* Second words: strongSwan's other spellings, the RFCs' own names, the numbers that both clouds show. */
static const struct {
    enum s2s_algorithm algorithm;
    const char *word;
} aliases[] = {
    {S2S_AES128_CBC, "aes"},
    {S2S_AES128_CBC, "aes128cbc"},
    {S2S_AES192_CBC, "aes192cbc"},
    {S2S_AES256_CBC, "aes256cbc"},
    {S2S_AES128_GCM16, "aes128gcm128"},
    {S2S_AES192_GCM16, "aes192gcm128"},
    {S2S_AES256_GCM16, "aes256gcm128"},
    {S2S_AES128_GCM16, "aes128gcm"},
    {S2S_AES192_GCM16, "aes192gcm"},
    {S2S_AES256_GCM16, "aes256gcm"},
    {S2S_CHACHA20_POLY1305, "chacha20"},
    {S2S_3DES_CBC, "tripledes"},

    {S2S_PRF_HMAC_SHA1, "sha1"},
    {S2S_PRF_HMAC_SHA1, "sha"},
    {S2S_PRF_HMAC_SHA1, "hmacsha1"},
    {S2S_PRF_HMAC_SHA2_256, "sha256"},
    {S2S_PRF_HMAC_SHA2_256, "sha2256"},
    {S2S_PRF_HMAC_SHA2_256, "hmacsha2256"},
    {S2S_PRF_HMAC_SHA2_384, "sha384"},
    {S2S_PRF_HMAC_SHA2_384, "sha2384"},
    {S2S_PRF_HMAC_SHA2_384, "hmacsha2384"},
    {S2S_PRF_HMAC_SHA2_512, "sha512"},
    {S2S_PRF_HMAC_SHA2_512, "sha2512"},
    {S2S_PRF_HMAC_SHA2_512, "hmacsha2512"},
    {S2S_PRF_HMAC_MD5, "md5"},

    {S2S_HMAC_SHA1_96, "sha"},
    {S2S_HMAC_SHA1_96, "sha196"},
    {S2S_HMAC_SHA1_96, "hmacsha196"},
    {S2S_HMAC_SHA2_256_128, "sha2256"},
    {S2S_HMAC_SHA2_256_128, "sha2256128"},
    {S2S_HMAC_SHA2_256_128, "hmacsha2256128"},
    {S2S_HMAC_SHA2_384_192, "sha2384"},
    {S2S_HMAC_SHA2_384_192, "sha2384192"},
    {S2S_HMAC_SHA2_384_192, "hmacsha2384192"},
    {S2S_HMAC_SHA2_512_256, "sha2512"},
    {S2S_HMAC_SHA2_512_256, "sha2512256"},
    {S2S_HMAC_SHA2_512_256, "hmacsha2512256"},
    {S2S_HMAC_MD5_96, "hmacmd596"},

    {S2S_CURVE25519, "curve25519"},
    {S2S_ECP256, "secp256r1"},
    {S2S_ECP384, "secp384r1"},
    {S2S_ECP521, "secp521r1"},

    {S2S_SHA1, "sha"},
    {S2S_SHA2_256, "sha2256"},
    {S2S_SHA2_384, "sha2384"},
    {S2S_SHA2_512, "sha2512"},
};

enum { ROWS = sizeof table / sizeof table[0], ALIASES = sizeof aliases / sizeof aliases[0] };

const struct s2s_algorithm_info *s2s_algorithm_at(size_t index)
{
    return index < ROWS ? &table[index] : NULL;
}

const struct s2s_algorithm_info *s2s_algorithm_info(enum s2s_algorithm algorithm)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].algorithm == algorithm) {
            return &table[i];
        }
    }
    return NULL;
}

const char *s2s_algorithm_name(enum s2s_algorithm algorithm)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(algorithm);
    if (algorithm == S2S_ALG_NONE) {
        return "none";
    }
    return info != NULL ? info->name : "unknown";
}

enum s2s_algorithm s2s_algorithm_from_wire(enum s2s_transform_type type, uint16_t transform_id, uint16_t key_bits)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct s2s_algorithm_info *row = &table[i];
        if (row->type == type && row->transform_id == transform_id && row->key_bits == key_bits) {
            return row->algorithm;
        }
    }
    return S2S_ALG_NONE;
}

/* The next character that counts, lower case; '-' and '_' do not count. 0 at the end. Locales play no part. */
static char next_letter(const char **at)
{
    while (**at == '-' || **at == '_') {
        (*at)++;
    }
    char letter = **at;
    if (letter != '\0') {
        (*at)++;
    }
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool same_word(const char *a, const char *b)
{
    char letter;
    do {
        letter = next_letter(&a);
        if (letter != next_letter(&b)) {
            return false;
        }
    } while (letter != '\0');
    return true;
}

/* "14", "group14", "dhgroup14" by the group's number; digits only, no leading zero. 0 if it is no such word. */
static uint16_t group_number(const char *keyword)
{
    static const char *const prefixes[] = {"dhgroup", "group", ""};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const char *at = keyword, *prefix = prefixes[i];
        while (*prefix != '\0' && next_letter(&at) == *prefix) {
            prefix++;
        }
        unsigned number = 0;
        char letter = *prefix == '\0' ? next_letter(&at) : 'x';
        while (letter >= '0' && letter <= '9' && number < 100 && (number > 0 || letter != '0')) {
            number = number * 10 + (unsigned)(letter - '0');
            letter = next_letter(&at);
        }
        if (letter == '\0' && number > 0) {
            return (uint16_t)number;
        }
    }
    return 0;
}

enum s2s_algorithm s2s_algorithm_find(enum s2s_transform_type type, const char *keyword)
{
    if (keyword == NULL || *keyword == '\0') {
        return S2S_ALG_NONE;
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].type == type && same_word(table[i].name, keyword)) {
            return table[i].algorithm;
        }
    }
    for (size_t i = 0; i < ALIASES; i++) {
        const struct s2s_algorithm_info *info = s2s_algorithm_info(aliases[i].algorithm);
        if (info->type == type && same_word(aliases[i].word, keyword)) {
            return info->algorithm;
        }
    }
    uint16_t number = type == S2S_TRANSFORM_GROUP ? group_number(keyword) : 0;
    return number != 0 ? s2s_algorithm_from_wire(type, number, 0) : S2S_ALG_NONE;
}

/* The row of this type above the same hash. */
static enum s2s_algorithm sibling(enum s2s_algorithm algorithm, enum s2s_transform_type from,
                                  enum s2s_transform_type to)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(algorithm);
    for (size_t i = 0; info != NULL && info->type == from && i < ROWS; i++) {
        if (table[i].type == to && table[i].hash == info->hash) {
            return table[i].algorithm;
        }
    }
    return S2S_ALG_NONE;
}

enum s2s_algorithm s2si_algorithm_prf_of(enum s2s_algorithm integrity)
{
    return sibling(integrity, S2S_TRANSFORM_INTEGRITY, S2S_TRANSFORM_PRF);
}

enum s2s_algorithm s2si_algorithm_integrity_of(enum s2s_algorithm prf)
{
    return sibling(prf, S2S_TRANSFORM_PRF, S2S_TRANSFORM_INTEGRITY);
}

static bool is_type(const struct s2s_algorithm_info *info, enum s2s_transform_type type)
{
    return info != NULL && info->type == type;
}

size_t s2si_algorithm_keymat(enum s2s_algorithm encryption)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(encryption);
    return is_type(info, S2S_TRANSFORM_ENCRYPTION) ? (size_t)info->key_length + info->salt_length : 0;
}

size_t s2si_algorithm_icv(enum s2s_algorithm encryption, enum s2s_algorithm integrity)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(encryption);
    const struct s2s_algorithm_info *mac = s2s_algorithm_info(integrity);
    if (cipher != NULL && cipher->aead) {
        return cipher->icv_length;
    }
    return is_type(mac, S2S_TRANSFORM_INTEGRITY) ? mac->icv_length : 0;
}

bool s2si_algorithm_pair(enum s2s_algorithm encryption, enum s2s_algorithm integrity)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(encryption);
    if (!is_type(cipher, S2S_TRANSFORM_ENCRYPTION)) {
        return false;
    }
    if (cipher->aead) {
        return integrity == S2S_ALG_NONE;
    }
    return is_type(s2s_algorithm_info(integrity), S2S_TRANSFORM_INTEGRITY);
}
