/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suite: what a pair of algorithms means for the layout of an ESP packet (RFC 4303 section 2):
 *
 *     SPI | sequence number | IV | inner packet | padding | pad length | next header | ICV
 *     \---- header: 8 ----/       \------------- multiple of align --------------/
 */
#ifndef S2SI_ESP_SUITE_H
#define S2SI_ESP_SUITE_H

#include "lib/base/mem.h"
#include "lib/crypto/algorithm.h"

enum { S2SI_ESP_HEADER = 8, S2SI_ESP_TRAILER = 2 };

struct s2si_esp_suite {
    const struct s2s_algorithm_info *encryption, *integrity; /* integrity is NULL with AEAD */
    bool aead;
    uint8_t iv_length, icv_length;
    uint8_t align; /* of inner packet, padding and trailer together: the cipher's block, at least 4 */
};

/* @return false if the two cannot stand together or one is unknown. */
bool s2si_esp_suite(enum s2s_algorithm encryption, enum s2s_algorithm integrity, struct s2si_esp_suite *out);
/* Padding bytes for an inner packet of this length: the fewest that align needs. */
size_t s2si_esp_padding(const struct s2si_esp_suite *suite, size_t inner_length);

#endif
