/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esp: the ESP engine (RFC 4303, tunnel mode). What the public header promises is done in these files:
 *
 *     esp.c     the engine, its table of SAs, counters
 *     sa.c      one SA: from parameters to keys inside the provider, and back to nothing
 *     seal.c    inner packet ──> selectors, sequence number, IV, padding ──> provider ──> outer packet
 *     open.c    outer packet ──> SPI, replay ──> provider ──> replay, padding, selectors ──> inner packet
 *     replay.c  the window
 *     suite.c   the sizes
 *
 * Outbound is RFC 4303 section 3.3, inbound RFC 4303 section 3.4 and RFC 4301 section 5.2.
 *
 * A batch is cut into runs of packets of one SA. Each run is prepared packet by packet, goes to the provider in one
 * call, and is finished packet by packet. The scratch space of a run lives in the engine, so packets cost no
 * allocation.
 *
 * IVs. AEAD suites take the sequence number (64 bits with ESN, else 32) as IV: it never repeats under a key, because
 * the SA ends before its numbers do (RFC 4106 section 3.1, RFC 7634 section 2). CBC needs IVs that nobody can predict
 * (RFC 3602 section 3): they come from the provider's random source, one draw for the whole run; a generator of our own
 * or a counter encrypted under the key would be as good but would add a construction that someone must trust.
 */
#ifndef S2SI_ESP_ENGINE_H
#define S2SI_ESP_ENGINE_H

#include <s2svpn/esp.h>
#include "lib/base/base.h"
#include "lib/crypto/crypto.h"
#include "lib/esp/replay.h"
#include "lib/esp/suite.h"

enum { S2SI_ESP_AAD = 12 }; /* SPI and 64-bit sequence number (RFC 4106 section 5) */

struct s2si_esp_sa {
    s2s_esp_sa handle;
    enum s2s_esp_direction direction;
    uint32_t spi;
    struct s2si_esp_suite suite;
    void *transform; /* the provider's; holds the only copy of the keys */
    bool esn, copy_dscp;
    enum s2s_esp_encapsulation encapsulation;
    enum s2s_esp_df df;
    struct s2s_endpoint local, remote;
    struct s2s_selector *selectors; /* local ones, then remote ones */
    size_t local_count, remote_count;
    uint64_t owner;
    struct s2si_replay replay; /* inbound */
    uint64_t sequence;         /* outbound: last used */
    uint64_t soft_limit, iv_mask;
    bool soft_reached, soft_named;
    uint64_t packets, bytes;
    uint64_t drops[S2S_DROP_REASONS];
    s2s_time last;
};

/* Packets of one SA on their way through the provider. */
struct s2si_esp_run {
    struct s2si_esp_sa *sa;
    size_t count;
    struct s2s_packet *packets[S2S_PACKET_BATCH];
    struct s2s_crypto_op ops[S2S_PACKET_BATCH];
    size_t inner[S2S_PACKET_BATCH]; /* outbound: bytes of the inner packets */
    uint8_t aad[S2S_PACKET_BATCH][S2SI_ESP_AAD];
    uint8_t ivs[S2S_PACKET_BATCH * S2S_CRYPTO_MAX_IV]; /* random ones, before they go into the packets */
};

/* A place for an SA; the generation makes the handles of its earlier tenants invalid. */
struct s2si_esp_slot {
    struct s2si_esp_sa *sa;
    uint16_t generation;
};

struct s2s_esp {
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    bool own_context;
    uint32_t max_sas;
    struct s2si_esp_slot *slots;
    size_t slot_count;      /* allocated */
    struct s2si_map by_spi; /* inbound */
    size_t soft_waiting;    /* SAs that reached their soft limit and were not named yet */
    struct s2s_esp_stats stats;
    struct s2si_esp_run run;
};

/* ---- sa.c ---- */

/* Checks the parameters and builds an SA outside the table. @return as s2s_esp_sa_add. */
int s2si_esp_sa_new(s2s_esp *esp, const struct s2s_esp_sa_params *params, struct s2si_esp_sa **sa);
void s2si_esp_sa_free(s2s_esp *esp, struct s2si_esp_sa *sa); /* NULL is allowed */
/* Whether one of each list matches (RFC 4301 section 4.4.1); inbound packets are seen from the other side. */
bool s2si_esp_sa_selects(const struct s2si_esp_sa *sa, const struct s2si_ip *ip);

/* ---- esp.c ---- */

struct s2si_esp_sa *s2si_esp_sa_of(const s2s_esp *esp, s2s_esp_sa handle); /* NULL if stale or 0 */
struct s2si_esp_sa *s2si_esp_inbound(const s2s_esp *esp, uint32_t spi);    /* NULL if there is none */
/* Sets the verdict and counts; sa may be NULL. */
void s2si_esp_drop(s2s_esp *esp, struct s2si_esp_sa *sa, struct s2s_packet *packet, enum s2s_drop_reason reason);

/* ---- shared by seal.c and open.c ---- */

/* Whether the entry's data lies inside its buffer. */
static inline bool s2si_esp_in_buffer(const struct s2s_packet *packet)
{
    return packet->offset <= packet->capacity && packet->length <= packet->capacity - packet->offset;
}

/* The next operation of the run, with what is authenticated beside the data: the header as it stands in the packet, or
   with the high half of an ESN: inside the AAD for AEAD (RFC 4106 section 5), behind the data for HMAC (RFC 4303
   section 3.3.2.2). */
struct s2s_crypto_op *s2si_esp_run_add(struct s2si_esp_run *run, struct s2s_packet *packet, uint8_t *header);

#endif
