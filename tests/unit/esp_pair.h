/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ESP engines, a seals what b opens, and what tests of them share: suites, packets in buffers of exactly the needed
 * size (so that a sanitizer sees a byte too far), inner packets, and ESP packets made by hand with the right keys.
 *
 *     10.0.0.0/16, fd00:a::/32  a ─── 198.51.100.1 ───> 203.0.113.1 ─── b  10.1.0.0/16, fd00:b::/32
 */
#ifndef S2SI_TEST_ESP_PAIR_H
#define S2SI_TEST_ESP_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <s2svpn/esp.h>
#include "lib/base/base.h"

struct suite_name {
    enum s2s_algorithm encryption, integrity;
};
extern const struct suite_name all_suites[];
extern const size_t suite_count;

enum { TEST_SPI = 0x40de0001, TEST_SELECTORS = 2 };

struct esp_pair {
    const struct s2s_crypto_provider *provider;
    const struct s2s_allocator *allocator;    /* may be set before pair_open */
    struct s2s_esp_sa_params out, in;         /* may be changed before pair_open */
    struct s2s_selector near[TEST_SELECTORS]; /* a's side */
    struct s2s_selector far[TEST_SELECTORS];  /* b's side */
    uint8_t key[S2S_CRYPTO_MAX_KEY], integrity_key[S2S_CRYPTO_MAX_KEY], salt[4];
    s2s_esp *a, *b;
    s2s_esp_sa sa_out, sa_in;
};

void pair_init(struct esp_pair *pair, const struct s2s_crypto_provider *provider, struct suite_name suite);
void pair_open(struct esp_pair *pair);
void pair_close(struct esp_pair *pair);
uint64_t pair_drops(const struct esp_pair *pair, enum s2s_drop_reason reason); /* of b's SA */

/* Runs body with a fresh pair for each suite, provider (mbedTLS where it is built, and the test provider) and ESN
 * setting. */
void each_pair(void (*body)(struct esp_pair *pair));

struct s2s_addr test_addr(const char *text);
struct s2s_selector test_selector(const char *prefix);

/* An entry whose buffer has headroom, length bytes of data (copied if not NULL) and tailroom. */
struct s2s_packet packet_new(uint8_t kind, const void *data, size_t length, size_t headroom, size_t tailroom);
void packet_free(struct s2s_packet *packet);
static inline uint8_t *packet_data(const struct s2s_packet *packet)
{
    return packet->buffer + packet->offset;
}

/* A UDP packet (ports 1000 -> 2000) of size bytes, from 28 (IPv4) or 48 (IPv6) on. out has size bytes. */
void inner_make(uint8_t *out, size_t size, const char *source, const char *destination);
/* The same as an entry for seal on the pair's outbound SA. */
struct s2s_packet inner_packet(const struct esp_pair *pair, size_t size, const char *source, const char *destination);
struct s2s_packet inner4(const struct esp_pair *pair, size_t size); /* 10.0.0.1 -> 10.1.0.1 */

/* A sealed packet of the pair's keys with any plaintext (trailer included) and any sequence number, as an entry for
 * open. */
struct s2s_packet craft(const struct esp_pair *pair, uint64_t sequence, const void *plaintext, size_t length);
/* The same around a good inner packet of 40 bytes. */
struct s2s_packet craft_good(const struct esp_pair *pair, uint64_t sequence);

/* Opens one entry; its reason, S2S_DROP_NONE if it is to be delivered. Frees the entry. */
int open_one(struct esp_pair *pair, struct s2s_packet packet);
/* Seals inner4 of 40 bytes and turns the entry into one for open. */
struct s2s_packet sealed(struct esp_pair *pair);

#endif
