/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ikev2: the object itself: its tables, its random numbers, its end. See state.h for the map of this room and for how
 * data flows through it.
 *
 * Where the RFC's sections are: receive.c 2.1, 2.2, 2.5, 2.21 · exchange.c 2.1 to 2.4 · admission.c 2.6 ·
 * ike_sa_init*.c 1.2, 2.6, 2.7, 3.4 · ike_auth*.c 1.2, 2.15, 2.16 · child_negotiation.c 2.7, 2.9, 2.17 · create_child.c
 * 1.3.1 · rekey_child.c 1.3.3, 2.8 · rekey_ike.c 1.3.2, 2.18 · informational.c 1.4 · collision.c 2.8.1, 2.8.2, 2.25 ·
 * natt.c 2.23 · notify_rules.c 2.21, 3.10.1 · transitions.c all message flows.
 */
#include "lib/ike/v2/ikev2.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/ike/v2/state.h"

/* Reasons in lib/README.md. */
void s2si_ike_limits_init(struct s2si_ike_limits *limits)
{
    *limits = (struct s2si_ike_limits){
        .half_open_total = 1000,
        .half_open_per_address = 10,
        .cookie_total = 100,
        .cookie_per_address = 3,
        .half_open_seconds = 30,
        .dh_per_second = 200,
        .message_bytes = 16384,
        .fragments = 64,
        .fragment_bytes = 16384,
        .fragment_seconds = 15,
        .children = 16,
    };
}

static int make_buffers(struct s2si_ike *ike)
{
    ike->room = ike->limits.message_bytes + 256u;
    ike->scratch = s2si_alloc(ike->mem, ike->room);
    ike->chain = s2si_alloc(ike->mem, ike->room);
    ike->wire = s2si_alloc(ike->mem, ike->room);
    return ike->scratch != NULL && ike->chain != NULL && ike->wire != NULL ? 0 : S2S_ERR_NO_MEMORY;
}

static void init_maps(struct s2si_ike *ike)
{
    uint64_t seed[2] = {0, 0};
    (void)s2si_crypto_random(ike->crypto, (uint8_t *)seed, sizeof seed);
    s2si_map_init(&ike->by_spi, ike->mem, seed[0], seed[1]);
    s2si_map_init(&ike->by_id, ike->mem, seed[0], seed[1]);
    s2si_map_init(&ike->children, ike->mem, seed[0], seed[1]);
    s2si_map_init(&ike->inits, ike->mem, seed[1], seed[0]);
}

struct s2si_ike *s2si_ike_new(const struct s2si_ike_params *params)
{
    struct s2si_ike *ike = s2si_alloc(params->mem, sizeof *ike);
    if (ike == NULL)
        return NULL;
    ike->mem = params->mem;
    ike->log = params->log;
    ike->crypto = params->crypto;
    ike->limits = params->limits;
    ike->key_log = params->key_log;
    ike->key_log_user = params->key_log_user;
    ike->dh_tokens = ike->limits.dh_per_second;
    s2si_list_init(&ike->peers);
    s2si_list_init(&ike->sas);
    s2si_list_init(&ike->outputs);
    s2si_list_init(&ike->jobs);
    s2si_list_init(&ike->dirty);
    init_maps(ike);
    s2si_timers_init(&ike->timers, ike->mem);
    if (make_buffers(ike) != 0 || s2si_cookies_init(&ike->cookies, ike->crypto, 0) != 0) {
        s2si_ike_free(ike);
        return NULL;
    }
    return ike;
}

static void free_buffer(struct s2si_ike *ike, uint8_t *buffer)
{
    if (buffer != NULL)
        s2si_free_secret(ike->mem, buffer, ike->room);
}

static void free_children(struct s2si_ike *ike)
{
    size_t cursor = 0;
    struct s2si_child_sa *child;
    while ((child = s2si_map_next(&ike->children, &cursor)) != NULL)
        s2si_child_free(child);
}

void s2si_ike_free(struct s2si_ike *ike)
{
    if (ike == NULL)
        return;
    while (!s2si_list_empty(&ike->peers))
        s2si_ike_peer_remove(S2SI_CONTAINER(ike->peers.next, struct s2si_ike_peer, node), ike->now);
    while (!s2si_list_empty(&ike->sas))
        s2si_sa_free(S2SI_CONTAINER(ike->sas.next, struct s2si_ike_sa, node));
    free_children(ike);
    s2si_output_clear(ike);
    s2si_jobs_clear(ike);
    s2si_cookies_clear(&ike->cookies);
    s2si_timers_clear(&ike->timers);
    s2si_map_clear(&ike->by_spi);
    s2si_map_clear(&ike->by_id);
    s2si_map_clear(&ike->children);
    s2si_map_clear(&ike->inits);
    free_buffer(ike, ike->scratch);
    free_buffer(ike, ike->chain);
    free_buffer(ike, ike->wire);
    s2si_free_secret(ike->mem, ike, sizeof *ike);
}

uint64_t s2si_new_id(struct s2si_ike *ike)
{
    return ++ike->next_id;
}

struct s2si_ike_sa *s2si_sa_by_id(const struct s2si_ike *ike, uint64_t id)
{
    return id == 0 ? NULL : s2si_map_get(&ike->by_id, &id, sizeof id);
}

struct s2si_child_sa *s2si_child_by_id(const struct s2si_ike *ike, uint64_t id)
{
    return id == 0 ? NULL : s2si_map_get(&ike->children, &id, sizeof id);
}

uint32_t s2si_random32(struct s2si_ike *ike)
{
    uint8_t bytes[4] = {0};
    (void)s2si_crypto_random(ike->crypto, bytes, sizeof bytes); /* jitter alone: a failing source costs only spread */
    return s2si_get_u32(bytes);
}

void s2si_say(struct s2si_ike *ike, enum s2s_log_level level, const struct s2si_ike_peer *peer, const char *format, ...)
{
    char text[320];
    va_list arguments;
    if (ike->log == NULL || ike->log->function == NULL || level > ike->log->level)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    s2si_log(ike->log, level, "ike", peer != NULL && peer->name != NULL ? peer->name : "", "%s", text);
}

void s2si_ike_counters(const struct s2si_ike *ike, struct s2si_ike_counters *out)
{
    *out = ike->counters;
}
