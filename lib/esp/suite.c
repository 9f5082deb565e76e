/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/esp/suite.h"

#include <s2svpn/esp.h>

enum { WORD = 4, IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8 };

bool s2si_esp_suite(enum s2s_algorithm encryption, enum s2s_algorithm integrity, struct s2si_esp_suite *out)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(encryption);
    if (cipher == NULL || !s2si_algorithm_pair(encryption, integrity)) {
        return false;
    }
    *out = (struct s2si_esp_suite){
        .encryption = cipher,
        .integrity = s2s_algorithm_info(integrity),
        .aead = cipher->aead,
        .iv_length = (uint8_t)cipher->iv_length,
        .icv_length = (uint8_t)s2si_algorithm_icv(encryption, integrity),
        /* The cipher's blocks (CBC), and always whole words (RFC 4303 section 2.4). */
        .align = (uint8_t)(!cipher->aead && cipher->block_length > WORD ? cipher->block_length : WORD),
    };
    return true;
}

size_t s2si_esp_padding(const struct s2si_esp_suite *suite, size_t inner_length)
{
    size_t over = (inner_length + S2SI_ESP_TRAILER) % suite->align;
    return over == 0 ? 0 : suite->align - over;
}

/* ---- sizes for MTU and MSS ---- */

/* Bytes outside of what align counts. */
static size_t fixed_part(const struct s2si_esp_suite *suite, enum s2s_esp_encapsulation encapsulation, int outer_family)
{
    size_t outer = outer_family == 6 ? IPV6_HEADER : IPV4_HEADER;
    size_t udp = encapsulation == S2S_ESP_UDP ? UDP_HEADER : 0;
    return outer + udp + S2SI_ESP_HEADER + suite->iv_length + suite->icv_length;
}

size_t s2s_esp_overhead(enum s2s_algorithm encryption, enum s2s_algorithm integrity,
                        enum s2s_esp_encapsulation encapsulation, int outer_family, size_t inner_size)
{
    struct s2si_esp_suite suite;
    if (!s2si_esp_suite(encryption, integrity, &suite)) {
        return 0;
    }
    return fixed_part(&suite, encapsulation, outer_family) + s2si_esp_padding(&suite, inner_size) + S2SI_ESP_TRAILER;
}

size_t s2s_esp_mtu(enum s2s_algorithm encryption, enum s2s_algorithm integrity,
                   enum s2s_esp_encapsulation encapsulation, int outer_family, size_t outer_mtu)
{
    struct s2si_esp_suite suite;
    if (!s2si_esp_suite(encryption, integrity, &suite)) {
        return 0;
    }
    size_t fixed = fixed_part(&suite, encapsulation, outer_family);
    size_t room = outer_mtu < fixed ? 0 : (outer_mtu - fixed) / suite.align * suite.align;
    return room < S2SI_ESP_TRAILER ? 0 : room - S2SI_ESP_TRAILER;
}
