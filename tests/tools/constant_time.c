/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether our own code lets time depend on secrets, after the manner of ctgrind: secrets are marked undefined, and valgrind's
 * memcheck names each branch and each address that depends on them (constant_time.sh runs it). Ciphertext and public values
 * are marked defined again when they leave an end, and the result of s2si_equal_secret, whose inside is looked at, is (the
 * linker wraps it). What the crypto library does inside is its own affair and left out.
 *
 *     constant_time auth | sk | esp | cookie | kdf | leak      leak must be caught: the test of the test
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include <s2svpn/esp.h>

#include "tests/sim/ike_pair.h"

bool __real_s2si_equal_secret(const void *a, const void *b, size_t length);
bool __wrap_s2si_equal_secret(const void *a, const void *b, size_t length);

static unsigned compared;

bool __wrap_s2si_equal_secret(const void *a, const void *b, size_t length)
{
    bool equal = __real_s2si_equal_secret(a, b, length);
    VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    compared++;
    return equal;
}

static void hide(const struct s2si_secret *secret)
{
    if (secret->length > 0)
        VALGRIND_MAKE_MEM_UNDEFINED(secret->data, secret->length);
}

static void need(bool kept, const char *what)
{
    if (!kept) {
        printf("constant_time: %s\n", what);
        exit(2);
    }
}

/* ---- AUTH over a whole handshake: PSKs are secret, datagrams are public ---- */

static int publish(struct pair *pair, const struct pair_datagram *datagram)
{
    (void)pair;
    VALGRIND_MAKE_MEM_DEFINED(datagram->data, datagram->length);
    return 1;
}

/* right: the keys are the same. */
static void handshake(bool right)
{
    static struct pair pair;
    ike_pair_init(&pair);
    pair.provider = s2s_crypto_mbedtls();
    pair.judge = publish;
    if (!right)
        pair.end[1].config.psk = (const uint8_t *)"a secret of one end..";
    need(ike_pair_start(&pair) == 0, "no pair");
    hide(&pair.end[0].peer->psk);
    hide(&pair.end[1].peer->psk);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_run(&pair);
    need((ike_pair_ike_sas(&pair, 0) == 1) == right, "the handshake had another end");
    ike_pair_stop(&pair);
}

/* ---- SK and ESP: integrity keys are secret; with AEAD, where one key is all, a forgery is ---- */

static void sk_open(enum s2s_algorithm encryption, enum s2s_algorithm integrity, bool forged)
{
    static uint8_t key[64] = {1}, mac[64] = {2}, salt[4] = {3}, chain[8] = {0, 0, 0, 8}, wire[512], scratch[512];
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    struct s2si_sk seal, open;
    struct s2si_message message;
    struct s2si_message_error error = {0};
    bool aead = integrity == S2S_ALG_NONE;
    struct s2s_crypto_key keys = {.encryption = encryption, .integrity = integrity, .encryption_key = key,
                                  .salt = aead ? salt : NULL, .integrity_key = aead ? NULL : mac};
    struct s2si_ike_header header = {
        .spi_i = 1, .spi_r = 2, .version = S2SI_IKE_VERSION, .exchange = S2SI_INFORMATIONAL, .message_id = 1};
    size_t length = 0;
    if (aead)
        VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    else
        VALGRIND_MAKE_MEM_UNDEFINED(mac, sizeof mac);
    need(s2si_mem_init(&mem, NULL) == 0 && s2si_crypto_open(&crypto, s2s_crypto_mbedtls(), &mem.table) == 0 &&
             s2si_sk_init(&seal, &crypto, &keys, true) == 0 && s2si_sk_init(&open, &crypto, &keys, false) == 0 &&
             s2si_sk_seal(&seal, &header, S2SI_PAYLOAD_NOTIFY, chain, sizeof chain, wire, sizeof wire, &length) == 0,
         "no sealed message");
    VALGRIND_MAKE_MEM_DEFINED(wire, sizeof wire);
    wire[length - 1] ^= forged ? 1 : 0;
    need(s2si_message_parse(wire, length, &message, NULL) == 0, "no message");
    int result = s2si_sk_open(&open, &message, scratch, sizeof scratch, &error);
    need((result == S2S_ERR_AUTH) == forged, "SK opened otherwise");
    s2si_sk_clear(&seal);
    s2si_sk_clear(&open);
    s2si_crypto_close(&crypto);
}

static void esp_open(enum s2s_algorithm encryption, enum s2s_algorithm integrity, bool forged)
{
    uint8_t key[64] = {1}, mac[64] = {2}, salt[4] = {3}, buffer[512] = {0};
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(encryption), *hash = s2s_algorithm_info(integrity);
    struct s2s_selector any = {.start = {.family = 4}, .end = {.family = 4}, .end_port = 65535};
    struct s2s_esp_params params;
    struct s2s_esp_sa_params sa;
    s2s_esp *esp = NULL;
    s2s_esp_sa out = 0, in = 0;
    memset(any.end.bytes, 0xff, 4);
    VALGRIND_MAKE_MEM_UNDEFINED(integrity == S2S_ALG_NONE ? key : mac, 64);
    s2s_esp_params_init(&params, sizeof params);
    params.provider = s2s_crypto_mbedtls();
    s2s_esp_sa_params_init(&sa, sizeof sa);
    sa.spi = 0x1000;
    sa.encryption = encryption;
    sa.integrity = integrity;
    sa.encryption_key = key;
    sa.encryption_key_length = cipher->key_length;
    sa.salt = cipher->salt_length > 0 ? salt : NULL;
    sa.salt_length = cipher->salt_length;
    sa.integrity_key = hash != NULL ? mac : NULL;
    sa.integrity_key_length = hash != NULL ? hash->key_length : 0;
    sa.local_selectors = sa.remote_selectors = &any;
    sa.local_selector_count = sa.remote_selector_count = 1;
    sa.direction = S2S_ESP_OUTBOUND;
    need(s2s_esp_new(&params, &esp) == 0 && s2s_esp_sa_add(esp, &sa, &out) == 0, "no outbound SA");
    sa.direction = S2S_ESP_INBOUND;
    need(s2s_esp_sa_add(esp, &sa, &in) == 0, "no inbound SA");
    struct s2s_packet packet = {.buffer = buffer, .capacity = sizeof buffer, .offset = 64, .length = 40, .sa = out};
    static const uint8_t ip[20] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17, 0x66, 0xc3, 10, 0, 0, 0, 10};
    memcpy(buffer + 64, ip, sizeof ip);
    need(s2s_esp_seal(esp, &packet, 1, 1) == 1, "no ESP packet");
    VALGRIND_MAKE_MEM_DEFINED(buffer, sizeof buffer);
    packet.kind = S2S_PACKET_ESP;
    buffer[packet.offset + packet.length - 1] ^= forged ? 1 : 0;
    size_t opened = s2s_esp_open(esp, &packet, 1, 1);
    need((opened == 0) == forged, "ESP opened otherwise");
    need(!forged || packet.reason == S2S_DROP_INTEGRITY, "ESP was dropped for another reason");
    s2s_esp_free(esp);
}

static void suites(void (*open)(enum s2s_algorithm encryption, enum s2s_algorithm integrity, bool forged))
{
    static const enum s2s_algorithm macs[] = {S2S_HMAC_SHA1_96, S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA2_384_192,
                                              S2S_HMAC_SHA2_512_256};
    for (size_t i = 0; i < S2SI_COUNT(macs); i++) {
        open(S2S_AES128_CBC, macs[i], false);
        open(S2S_AES128_CBC, macs[i], true);
    }
    open(S2S_AES128_GCM16, S2S_ALG_NONE, true);
    open(S2S_CHACHA20_POLY1305, S2S_ALG_NONE, true);
}

/* ---- cookies and key derivation ---- */

static void cookie(void)
{
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    struct s2si_cookies cookies;
    struct s2s_endpoint remote = {.addr = {.family = 4}, .port = 500};
    uint8_t nonce[32] = {1}, out[S2SI_COOKIE_LENGTH];
    struct s2s_span ni = {nonce, sizeof nonce};
    need(s2si_mem_init(&mem, NULL) == 0 && s2si_crypto_open(&crypto, s2s_crypto_mbedtls(), &mem.table) == 0 &&
             s2si_cookies_init(&cookies, &crypto, 0) == 0,
         "no cookies");
    VALGRIND_MAKE_MEM_UNDEFINED(cookies.secret, sizeof cookies.secret);
    need(s2si_cookie_make(&cookies, 1, 7, &remote, ni, out) == 0, "no cookie");
    VALGRIND_MAKE_MEM_DEFINED(out, sizeof out);
    need(s2si_cookie_check(&cookies, 1, 7, &remote, ni, (struct s2s_span){out, sizeof out}), "good cookie refused");
    for (size_t i = 1; i < sizeof out; i++) {
        out[i] ^= 1;
        need(!s2si_cookie_check(&cookies, 1, 7, &remote, ni, (struct s2s_span){out, sizeof out}), "bad cookie taken");
        out[i] ^= 1;
    }
    s2si_cookies_clear(&cookies);
    s2si_crypto_close(&crypto);
}

static void kdf(void)
{
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    struct s2si_secret seed = {NULL, 0};
    struct s2si_ike_keys keys;
    struct s2si_child_keys child;
    uint8_t nonce[32] = {1}, shared[32] = {2}, spi[8] = {3};
    struct s2s_span n = {nonce, sizeof nonce}, g = {shared, sizeof shared};
    struct s2si_cipher_suite suite = {S2S_AES128_CBC, S2S_HMAC_SHA2_256_128};
    enum s2s_algorithm prf = S2S_PRF_HMAC_SHA2_256;
    memset(&keys, 0, sizeof keys);
    memset(&child, 0, sizeof child);
    VALGRIND_MAKE_MEM_UNDEFINED(shared, sizeof shared);
    need(s2si_mem_init(&mem, NULL) == 0 && s2si_crypto_open(&crypto, s2s_crypto_mbedtls(), &mem.table) == 0 &&
             s2si_kdf_skeyseed(&crypto, &mem, prf, n, n, g, &seed) == 0 &&
             s2si_kdf_ike_keys(&crypto, &mem, prf, &suite, &seed, n, n, spi, spi, &keys) == 0 &&
             s2si_kdf_child_keys(&crypto, &mem, prf, &suite, &keys.d, g, n, n, &child) == 0,
         "no keys");
    uint8_t bits = 0;
    need(VALGRIND_GET_VBITS(keys.d.data, &bits, 1) != 1 || bits != 0, "the keys came out public: nothing was tested");
    s2si_secret_clear(&mem, &seed);
    s2si_ike_keys_clear(&mem, &keys);
    s2si_child_keys_clear(&mem, &child);
    s2si_crypto_close(&crypto);
}

static int leak(void)
{
    uint8_t secret[32] = {1};
    volatile size_t length = sizeof secret;
    static const uint8_t given[32] = {2};
    VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
    return memcmp(secret, given, length) == 0 ? 3 : 0; /* what an AUTH compare must not be */
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "leak") == 0)
        return leak();
    if (strcmp(what, "auth") == 0) {
        handshake(true);
        handshake(false);
    } else if (strcmp(what, "sk") == 0) {
        suites(sk_open);
    } else if (strcmp(what, "esp") == 0) {
        suites(esp_open);
    } else if (strcmp(what, "cookie") == 0) {
        cookie();
    } else if (strcmp(what, "kdf") == 0) {
        kdf();
    } else {
        return 2;
    }
    printf("%s: %u compares\n", what, compared);
    return 0;
}
