/* SPDX-License-Identifier: Apache-2.0 */
/* ike_messages: valid IKEv2 messages and keys for the codec's tests. */
#ifndef TEST_IKE_MESSAGES_H
#define TEST_IKE_MESSAGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <s2svpn/error.h>
#include "lib/ike/v2/fragment.h"
#include "lib/ike/v2/message.h"
#include "lib/ike/v2/message_rules.h"
#include "lib/ike/v2/payload.h"
#include "lib/ike/v2/sk.h"
#include "lib/ike/v2/ts.h"

#define IKE_SPI_I 0xc0c1c2c3c4c5c6c7u
#define IKE_SPI_R 0xd0d1d2d3d4d5d6d7u

/* One key for both directions, so that what seal wrote open reads. */
struct ike_keys {
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    struct s2si_sk seal, open;
};

void ike_keys_open(struct ike_keys *keys, enum s2s_algorithm encryption, enum s2s_algorithm integrity);
void ike_keys_close(struct ike_keys *keys);

struct s2si_ike_header ike_header(uint8_t exchange, bool response, uint32_t message_id);
/* A proposal with the algorithms given per type, 0-terminated; NULL for a type that is not there. */
struct s2si_proposal ike_proposal(uint8_t protocol, const uint16_t *encryption, const uint16_t *prf,
                                  const uint16_t *integrity, const uint16_t *group, const uint16_t *esn);
struct s2si_proposal_list ike_list_ike(void); /* AES-GCM, then AES-CBC with HMAC */
struct s2si_proposal_list ike_list_esp(void); /* with SPI */
struct s2s_selector ike_selector(const char *prefix);

/* The first request, with everything that appendix C of RFC 7296 lists. @return its length. */
size_t ike_init_request(uint8_t *out, size_t capacity);
size_t ike_init_response(uint8_t *out, size_t capacity);
/* Chains for SK. */
void ike_chain_auth_request(struct s2si_message_writer *writer, uint8_t *out, size_t capacity);
void ike_chain_child_request(struct s2si_message_writer *writer, uint8_t *out, size_t capacity, bool ke, bool ts);
void ike_chain_delete(struct s2si_message_writer *writer, uint8_t *out, size_t capacity);
/* A chain sealed as request of this exchange. @return its length. */
size_t ike_sealed(struct ike_keys *keys, uint8_t exchange, const struct s2si_message_writer *chain, uint8_t *out,
                  size_t capacity);

#endif
