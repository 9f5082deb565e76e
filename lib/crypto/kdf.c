/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/crypto/kdf.h"

#include <s2svpn/error.h>
#include <string.h>

enum { SEED_MAX = 5, SPI_LENGTH = 8, BLOCKS_MAX = 255 };

static const struct s2s_algorithm_info *info_of(enum s2s_algorithm algorithm, enum s2s_transform_type type)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(algorithm);
    return info != NULL && info->type == type ? info : NULL;
}

static struct s2s_span span_of(const struct s2si_secret *secret)
{
    return (struct s2s_span){secret->data, secret->length};
}

/*
 * RFC 7296 section 2.13:  T1 = prf (K, S | 0x01),  T2 = prf (K, T1 | S | 0x02),  T3 = prf (K, T2 | S | 0x03), ...
 */
int s2si_kdf_prf_plus(struct s2si_crypto *crypto, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                      const struct s2s_span *seed, size_t count, uint8_t *out, size_t length)
{
    const struct s2s_algorithm_info *info = info_of(prf, S2S_TRANSFORM_PRF);
    if (info == NULL || count > SEED_MAX || length > (size_t)BLOCKS_MAX * info->output_length) {
        return S2S_ERR_INVALID;
    }
    uint8_t block[S2S_CRYPTO_MAX_HASH];
    uint8_t number = 1;
    struct s2s_span in[SEED_MAX + 2];
    in[0] = (struct s2s_span){block, 0};
    for (size_t i = 0; i < count; i++) {
        in[1 + i] = seed[i];
    }
    in[1 + count] = (struct s2s_span){&number, 1};
    int result = 0;
    for (size_t done = 0; done < length && result == 0; number++) {
        uint8_t next[S2S_CRYPTO_MAX_HASH];
        result = s2si_crypto_prf(crypto, prf, key, key_length, in, count + 2, next);
        memcpy(block, next, info->output_length);
        s2si_wipe(next, sizeof next);
        in[0].length = info->output_length;
        size_t part = length - done < info->output_length ? length - done : info->output_length;
        memcpy(out + done, block, part);
        done += part;
    }
    s2si_wipe(block, sizeof block);
    if (result != 0) {
        s2si_wipe(out, length);
    }
    return result;
}

/* One prf call whose output becomes a secret. */
static int prf_secret(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf, struct s2s_span key,
                      const struct s2s_span *in, size_t count, struct s2si_secret *out)
{
    const struct s2s_algorithm_info *info = info_of(prf, S2S_TRANSFORM_PRF);
    uint8_t value[S2S_CRYPTO_MAX_HASH];
    int result = info == NULL ? S2S_ERR_INVALID : s2si_crypto_prf(crypto, prf, key.data, key.length, in, count, value);
    if (result == 0) {
        result = s2si_secret_set(mem, out, value, info->output_length);
    }
    s2si_wipe(value, sizeof value);
    if (result != 0) {
        s2si_secret_clear(mem, out);
    }
    return result;
}

int s2si_kdf_skeyseed(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf, struct s2s_span ni,
                      struct s2s_span nr, struct s2s_span shared, struct s2si_secret *out)
{
    /* Ni | Nr is the key, whole: all our PRFs take keys of any length (RFC 7296 section 2.14). Nonces have 16 to 256
       bytes (section 3.9); CAVP uses shorter ones, which do no harm here. */
    uint8_t key[512];
    if (ni.length + nr.length > sizeof key) {
        return S2S_ERR_INVALID;
    }
    memcpy(key, ni.data, ni.length);
    memcpy(key + ni.length, nr.data, nr.length);
    return prf_secret(crypto, mem, prf, (struct s2s_span){key, ni.length + nr.length}, &shared, 1, out);
}

int s2si_kdf_skeyseed_rekey(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm old_prf,
                            const struct s2si_secret *old_d, struct s2s_span shared, struct s2s_span ni,
                            struct s2s_span nr, struct s2si_secret *out)
{
    struct s2s_span in[] = {shared, ni, nr};
    return prf_secret(crypto, mem, old_prf, span_of(old_d), in, S2SI_COUNT(in), out);
}

/* Keying material on its way from prf+ into secrets. */
struct slice {
    struct s2si_secret *to;
    size_t length;
};

static int derive(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf,
                  const struct s2si_secret *key, const struct s2s_span *seed, size_t seed_count,
                  const struct slice *slices, size_t count)
{
    struct s2si_secret material = {NULL, 0};
    size_t total = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        total += slices[i].length;
    }
    int result = s2si_secret_reserve(mem, &material, total);
    if (result == 0) {
        result = s2si_kdf_prf_plus(crypto, prf, key->data, key->length, seed, seed_count, material.data, total);
    }
    for (size_t i = 0; i < count && result == 0; i++) {
        s2si_secret_clear(mem, slices[i].to);
        if (slices[i].length > 0) {
            result = s2si_secret_set(mem, slices[i].to, material.data + at, slices[i].length);
        }
        at += slices[i].length;
    }
    s2si_secret_clear(mem, &material);
    for (size_t i = 0; i < count && result != 0; i++) {
        s2si_secret_clear(mem, slices[i].to);
    }
    return result;
}

/* @return false if the suite is no usable pair. */
static bool suite_lengths(const struct s2si_cipher_suite *suite, size_t *encryption, size_t *integrity)
{
    const struct s2s_algorithm_info *mac = info_of(suite->integrity, S2S_TRANSFORM_INTEGRITY);
    *encryption = s2si_algorithm_keymat(suite->encryption);
    *integrity = mac != NULL ? mac->key_length : 0;
    return s2si_algorithm_pair(suite->encryption, suite->integrity);
}

int s2si_kdf_ike_keys(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf,
                      const struct s2si_cipher_suite *suite, const struct s2si_secret *skeyseed, struct s2s_span ni,
                      struct s2s_span nr, const uint8_t *spi_i, const uint8_t *spi_r, struct s2si_ike_keys *out)
{
    const struct s2s_algorithm_info *info = info_of(prf, S2S_TRANSFORM_PRF);
    size_t e, a;
    if (info == NULL || !suite_lengths(suite, &e, &a)) {
        s2si_ike_keys_clear(mem, out);
        return S2S_ERR_INVALID;
    }
    const struct s2s_span seed[] = {ni, nr, {spi_i, SPI_LENGTH}, {spi_r, SPI_LENGTH}};
    const size_t p = info->key_length;
    const struct slice slices[] = {{&out->d, p},  {&out->ai, a}, {&out->ar, a}, {&out->ei, e},
                                   {&out->er, e}, {&out->pi, p}, {&out->pr, p}};
    return derive(crypto, mem, prf, skeyseed, seed, S2SI_COUNT(seed), slices, S2SI_COUNT(slices));
}

int s2si_kdf_child_keys(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf,
                        const struct s2si_cipher_suite *suite, const struct s2si_secret *d, struct s2s_span shared,
                        struct s2s_span ni, struct s2s_span nr, struct s2si_child_keys *out)
{
    size_t e, a;
    if (!suite_lengths(suite, &e, &a)) {
        s2si_child_keys_clear(mem, out);
        return S2S_ERR_INVALID;
    }
    const struct s2s_span seed[] = {shared, ni, nr};
    const struct slice slices[] = {{&out->initiator_encryption, e},
                                   {&out->initiator_integrity, a},
                                   {&out->responder_encryption, e},
                                   {&out->responder_integrity, a}};
    return derive(crypto, mem, prf, d, seed, S2SI_COUNT(seed), slices, S2SI_COUNT(slices));
}

int s2si_kdf_psk_auth(struct s2si_crypto *crypto, enum s2s_algorithm prf, const struct s2si_secret *psk,
                      const struct s2s_span *octets, size_t count, uint8_t *out)
{
    static const char pad[] = "Key Pad for IKEv2"; /* 17 characters, no NUL (RFC 7296 section 2.15) */
    const struct s2s_algorithm_info *info = info_of(prf, S2S_TRANSFORM_PRF);
    const struct s2s_span text = {(const uint8_t *)pad, sizeof pad - 1};
    uint8_t key[S2S_CRYPTO_MAX_HASH];
    if (info == NULL) {
        return S2S_ERR_INVALID;
    }
    int result = s2si_crypto_prf(crypto, prf, psk->data, psk->length, &text, 1, key);
    if (result == 0) {
        result = s2si_crypto_prf(crypto, prf, key, info->output_length, octets, count, out);
    }
    s2si_wipe(key, sizeof key);
    return result;
}

int s2si_kdf_key(const struct s2si_cipher_suite *suite, const struct s2si_secret *encryption,
                 const struct s2si_secret *integrity, struct s2s_crypto_key *out)
{
    const struct s2s_algorithm_info *cipher = info_of(suite->encryption, S2S_TRANSFORM_ENCRYPTION);
    size_t e, a;
    if (!suite_lengths(suite, &e, &a) || encryption->length != e || integrity->length != a) {
        return S2S_ERR_INVALID;
    }
    *out = (struct s2s_crypto_key){
        .encryption = suite->encryption,
        .integrity = suite->integrity,
        .encryption_key = encryption->data,
        .salt = cipher->salt_length > 0 ? encryption->data + cipher->key_length : NULL,
        .integrity_key = integrity->data,
    };
    return 0;
}

void s2si_ike_keys_clear(struct s2si_mem *mem, struct s2si_ike_keys *keys)
{
    struct s2si_secret *const all[] = {&keys->d, &keys->ai, &keys->ar, &keys->ei, &keys->er, &keys->pi, &keys->pr};
    for (size_t i = 0; i < S2SI_COUNT(all); i++) {
        s2si_secret_clear(mem, all[i]);
    }
}

void s2si_child_keys_clear(struct s2si_mem *mem, struct s2si_child_keys *keys)
{
    s2si_secret_clear(mem, &keys->initiator_encryption);
    s2si_secret_clear(mem, &keys->initiator_integrity);
    s2si_secret_clear(mem, &keys->responder_encryption);
    s2si_secret_clear(mem, &keys->responder_integrity);
}
