/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_sa: a CHILD_SA as data (RFC 7296 sections 1.3, 2.8, 2.17): which directions should be installed with which
 * keys.
 *
 *   LARVAL ─> INSTALLING ─> UP ─> REPLACED ─> DELETING ─> DRAINING ─> GONE
 *                                    └── the peer's DELETE ──^
 *
 * Nothing here calls the kernel: wants are edited and the child is marked dirty; the gateway compares and answers.
 */
#include <stdio.h>

#include "lib/ike/v2/state.h"

#define SECONDS(n) ((s2s_time)(n)*S2S_SECOND)
#define ANSWER_TIME SECONDS(2)    /* an answer is with the initiator by then */
#define REPLACED_TIME SECONDS(20) /* the DELETE of a replaced CHILD_SA is overdue */

struct s2si_child_sa *s2si_child_new(struct s2si_ike_sa *sa, bool initiator)
{
    struct s2si_ike *ike = sa->ike;
    struct s2si_child_sa *child = s2si_alloc(ike->mem, sizeof *child);
    if (child == NULL)
        return NULL;
    child->ike = ike;
    child->sa = sa;
    child->peer = sa->peer;
    child->initiator = initiator;
    child->data.id = s2si_new_id(ike);
    child->data.owner = sa->peer->config.owner;
    child->data.local = sa->local;
    child->data.remote = sa->remote;
    child->data.udp_encapsulation = sa->natt;
    s2si_list_init(&child->output);
    if (s2si_map_put(&ike->children, &child->data.id, sizeof child->data.id, child) != 0) {
        s2si_free(ike->mem, child, sizeof *child);
        return NULL;
    }
    s2si_list_append(&sa->children, &child->node);
    s2si_list_append(&sa->peer->children, &child->peer_node);
    if (s2si_deadlines_init(ike, &child->deadlines, OWNER_CHILD, child) != 0) {
        s2si_child_free(child);
        return NULL;
    }
    return child;
}

static void forget_selectors(struct s2si_child_sa *child)
{
    struct s2si_mem *mem = child->ike->mem;
    s2si_free(mem, child->data.local_ts, child->data.local_ts_count * sizeof *child->data.local_ts);
    s2si_free(mem, child->data.remote_ts, child->data.remote_ts_count * sizeof *child->data.remote_ts);
    child->data.local_ts = child->data.remote_ts = NULL;
    child->data.local_ts_count = child->data.remote_ts_count = 0;
}

int s2si_child_set_selectors(struct s2si_child_sa *child, const struct s2s_selector *local, size_t local_count,
                             const struct s2s_selector *remote, size_t remote_count)
{
    struct s2si_mem *mem = child->ike->mem;
    forget_selectors(child);
    child->data.local_ts = s2si_selectors_copy(mem, local, local_count);
    child->data.remote_ts = s2si_selectors_copy(mem, remote, remote_count);
    child->data.local_ts_count = (uint8_t)(child->data.local_ts ? local_count : 0);
    child->data.remote_ts_count = (uint8_t)(child->data.remote_ts ? remote_count : 0);
    return child->data.local_ts_count == local_count && child->data.remote_ts_count == remote_count ? 0 : S2S_ERR_NO_MEMORY;
}

void s2si_child_free(struct s2si_child_sa *child)
{
    struct s2si_ike *ike = child->ike;
    forget_selectors(child);
    s2si_deadlines_clear(ike, &child->deadlines);
    (void)s2si_map_remove(&ike->children, &child->data.id, sizeof child->data.id);
    s2si_list_remove(&child->node);
    s2si_list_remove(&child->peer_node);
    s2si_list_remove(&child->output);
    s2si_secret_clear(ike->mem, &child->data.key_in);
    s2si_secret_clear(ike->mem, &child->data.key_out);
    s2si_secret_clear(ike->mem, &child->data.integ_in);
    s2si_secret_clear(ike->mem, &child->data.integ_out);
    s2si_free_secret(ike->mem, child, sizeof *child);
}

/* ---- keys ---- */

static int split_key(struct s2si_mem *mem, const struct s2si_cipher_suite *suite, const struct s2si_secret *encryption,
                     struct s2si_secret *integrity, struct s2si_secret *key, uint8_t *salt, struct s2si_secret *integ)
{
    struct s2s_crypto_key parts;
    int result = s2si_kdf_key(suite, encryption, integrity, &parts);
    if (result != 0)
        return result;
    size_t length = encryption->length - (parts.salt != NULL ? S2S_CRYPTO_MAX_SALT : 0);
    if (parts.salt != NULL)
        memcpy(salt, parts.salt, S2S_CRYPTO_MAX_SALT);
    s2si_secret_move(mem, integ, integrity);
    return s2si_secret_set(mem, key, encryption->data, length);
}

int s2si_child_derive(struct s2si_child_sa *child, struct s2si_negotiation *talks)
{
    struct s2si_ike *ike = child->ike;
    struct s2si_ike_child *data = &child->data;
    struct s2si_child_keys keys = {0};
    struct s2si_cipher_suite suite = {talks->suite.encryption, talks->suite.integrity};
    struct s2s_span ni = {talks->ni.data, talks->ni.length}, nr = {talks->nr.data, talks->nr.length};
    struct s2s_span shared = {talks->shared.data, talks->shared.length};
    data->suite = talks->suite;
    int result = s2si_kdf_child_keys(ike->crypto, ike->mem, child->sa->suite.prf, &suite, &child->sa->keys.d, shared,
                                     ni, nr, &keys);
    bool first = child->initiator;
    if (result == 0)
        result = split_key(ike->mem, &suite, first ? &keys.initiator_encryption : &keys.responder_encryption,
                           first ? &keys.initiator_integrity : &keys.responder_integrity, &data->key_out,
                           data->salt_out, &data->integ_out);
    if (result == 0)
        result = split_key(ike->mem, &suite, first ? &keys.responder_encryption : &keys.initiator_encryption,
                           first ? &keys.responder_integrity : &keys.initiator_integrity, &data->key_in, data->salt_in,
                           &data->integ_in);
    s2si_child_keys_clear(ike->mem, &keys);
    s2si_lowest_of(&talks->ni, &talks->nr, &child->lowest);
    if (result == 0)
        s2si_key_log_child(child);
    return result;
}

/* ---- installing ---- */

static void start_clocks(struct s2si_child_sa *child)
{
    struct s2si_ike *ike = child->ike;
    s2s_time lifetime = child->peer->config.child_lifetime;
    child->data.created = ike->now;
    child->data.hard_expire = lifetime != 0 ? ike->now + lifetime : S2S_TIME_NEVER;
    if (lifetime == 0)
        return;
    s2si_deadline_set(ike, &child->deadlines, AT_CHILD_REKEY,
                      ike->now + s2si_rekey_time(child->peer, lifetime, child->initiator));
    s2si_deadline_set(ike, &child->deadlines, AT_CHILD_EXPIRE, ike->now + lifetime);
}

void s2si_child_install(struct s2si_child_sa *child, bool inbound, bool outbound)
{
    if (child->state == CH_LARVAL) {
        child->state = CH_INSTALLING;
        start_clocks(child);
    }
    child->data.want_in = child->data.want_in || inbound;
    child->data.want_out = child->data.want_out || outbound;
    s2si_output_dirty(child);
}

static void tell(struct s2si_child_sa *child, enum s2si_ike_event_type type, enum s2si_ike_reason reason)
{
    struct s2si_ike_output event = {.owner = child->data.owner,
                                    .event = type,
                                    .reason = reason,
                                    .initiator = child->initiator,
                                    .rekeyed = child->replaces != 0,
                                    .spi_in = child->data.spi_in,
                                    .spi_out = child->data.spi_out};
    s2si_output_event(child->ike, &event);
}

static void retire(struct s2si_child_sa *old, const struct s2si_child_sa *heir)
{
    old->replaced_by = heir->data.id;
    old->data.rekeyed = true;
    old->want_rekey = false;
    if (old->state == CH_UP || old->state == CH_INSTALLING) {
        old->state = CH_REPLACED;
        s2si_deadline_stop(old->ike, &old->deadlines, AT_CHILD_REKEY);
        s2si_deadline_set(old->ike, &old->deadlines, AT_CHILD_REDUNDANT, old->ike->now + REPLACED_TIME);
    }
    if (old->data.want_out) {
        old->data.want_out = false;
        s2si_output_dirty(old);
    }
}

/*
 * Both ends missed a CHILD_SA and made one each, for the same traffic: as with crossing rekeys, the one with the lowest
 * nonce is deleted by who started it (RFC 7296 section 2.8.1); both ends come to the same result.
 */
static void settle_duplicates(struct s2si_child_sa *child)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &child->sa->children)
    {
        struct s2si_child_sa *other = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        if (other->state != CH_UP || other->initiator == child->initiator ||
            !s2si_ts_equal(other->data.local_ts, other->data.local_ts_count, child->data.local_ts,
                           child->data.local_ts_count) ||
            !s2si_ts_equal(other->data.remote_ts, other->data.remote_ts_count, child->data.remote_ts,
                           child->data.remote_ts_count))
            continue;
        bool lower = s2si_lowest_compare(&child->lowest, &other->lowest) < 0;
        struct s2si_child_sa *loser = lower ? child : other, *winner = lower ? other : child;
        if (!loser->initiator)
            continue;
        loser->redundant_of = winner->data.id;
        s2si_deadline_set(child->ike, &loser->deadlines, AT_CHILD_REDUNDANT, child->ike->now + S2S_SECOND);
    }
}

/* Both directions are installed: traffic is safe on it. */
static void came_up(struct s2si_child_sa *child)
{
    struct s2si_child_sa *old = s2si_child_by_id(child->ike, child->replaces);
    child->state = CH_UP;
    child->reported = true;
    child->peer->child_failures = 0;
    if (child->replaces != 0)
        child->peer->child_rekeys++;
    tell(child, child->replaces != 0 ? S2SI_IKE_EV_CHILD_REKEYED : S2SI_IKE_EV_CHILD_UP, S2SI_IKE_REASON_NONE);
    if (old != NULL && old->state != CH_GONE)
        retire(old, child);
    if (child->replaces != 0)
        s2si_rekey_child_installed(child);
    else if (child->sa != NULL)
        settle_duplicates(child);
}

void s2si_child_takes_over(struct s2si_child_sa *child)
{
    if (!child->outbound_later)
        return;
    child->outbound_later = false;
    s2si_deadline_stop(child->ike, &child->deadlines, AT_CHILD_REDUNDANT);
    s2si_child_install(child, true, true);
}

/*
 * Responder, the answer to a request for a new CHILD_SA is out. The initiator can read what we send once it has that
 * answer: at once if nothing else carries traffic, else a little later, so that no packet overtakes the answer.
 */
void s2si_child_answered(struct s2si_child_sa *child)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &child->peer->children)
    {
        const struct s2si_child_sa *other = S2SI_CONTAINER(at, const struct s2si_child_sa, peer_node);
        child->outbound_later =
            child->outbound_later || (other != child && other->state == CH_UP && other->data.has_out);
    }
    if (child->outbound_later)
        s2si_deadline_set(child->ike, &child->deadlines, AT_CHILD_REDUNDANT, child->ike->now + ANSWER_TIME);
    else
        s2si_child_install(child, true, true);
}

/* What waited beside this one has its turn. */
static void relieve(struct s2si_ike_peer *peer)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &peer->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->outbound_later && child->replaces == 0)
            s2si_child_takes_over(child);
    }
}

/* The kernel refused. A responder still has its answer to give; else the peer must be told by DELETE. */
static void refused(struct s2si_child_sa *child, int result)
{
    struct s2si_ike_sa *sa = child->sa;
    if (child->state == CH_GONE || child->state == CH_DRAINING || sa == NULL)
        return;
    if (sa->theirs.wait == WAIT_INSTALL && sa->theirs.talks->child == child->data.id) {
        s2si_exchange_resume(sa, &sa->theirs, result);
        return;
    }
    s2si_child_close(child);
    s2si_child_failed(sa, S2SI_IKE_REASON_KERNEL, 0, "the kernel refused the SA");
}

static void installed_one(struct s2si_child_sa *child)
{
    struct s2si_ike_sa *sa = child->sa;
    if (child->data.has_in && sa != NULL && sa->theirs.wait == WAIT_INSTALL &&
        sa->theirs.talks->child == child->data.id) {
        s2si_exchange_resume(sa, &sa->theirs, 0);
        return;
    }
    if (child->state == CH_INSTALLING && child->data.has_in && child->data.has_out)
        came_up(child);
}

void s2si_ike_child_result(struct s2si_ike *ike, uint64_t id, bool inbound, bool installed, int result, s2s_time now)
{
    struct s2si_child_sa *child = s2si_child_by_id(ike, id);
    if (now > ike->now)
        ike->now = now;
    if (child == NULL)
        return;
    if (result == 0 && inbound)
        child->data.has_in = installed;
    if (result == 0 && !inbound)
        child->data.has_out = installed;
    if (child->state == CH_GONE) {
        if (!child->data.has_in && !child->data.has_out && !child->dirty)
            s2si_child_free(child);
        return;
    }
    if (!installed && result == 0)
        return;
    if (result != 0)
        refused(child, result);
    else
        installed_one(child);
}

/* ---- the end ---- */

static void gone(struct s2si_child_sa *child)
{
    for (unsigned i = 0; i < S2SI_DEADLINES; i++)
        s2si_deadline_stop(child->ike, &child->deadlines, i);
    child->state = CH_GONE;
    child->data.want_in = child->data.want_out = false;
    s2si_output_dirty(child);
}

void s2si_child_drain_start(struct s2si_child_sa *child)
{
    for (unsigned i = 0; i < S2SI_DEADLINES; i++)
        s2si_deadline_stop(child->ike, &child->deadlines, i);
    child->state = CH_DRAINING;
    s2si_output_dirty(child);
    s2si_deadline_set(child->ike, &child->deadlines, AT_CHILD_DRAIN, child->ike->now + child->peer->config.drain);
}

void s2si_child_rest(struct s2si_child_sa *child, enum s2si_ike_reason reason, bool drain)
{
    bool draining = child->state == CH_DRAINING, standing = child->sa != NULL && child->sa->state == ST_UP;
    if (child->state == CH_GONE || (draining && drain))
        return;
    if (child->reported && !child->data.rekeyed && !draining)
        tell(child, S2SI_IKE_EV_CHILD_DOWN, reason);
    child->reported = child->outbound_later = false;
    s2si_list_remove(&child->node);
    s2si_list_init(&child->node);
    child->sa = NULL;
    child->data.want_out = false;
    if (drain && child->data.want_in && child->peer->config.drain != 0)
        s2si_child_drain_start(child);
    else
        gone(child);
    relieve(child->peer);
    if (standing && !s2si_peer_has_child(child->peer))
        s2si_peer_child_wanted(child->peer, false);
}

void s2si_child_close(struct s2si_child_sa *child)
{
    if (child->state >= CH_DELETING || child->sa == NULL)
        return;
    child->state = CH_DELETING;
    child->want_rekey = false;
    s2si_deadline_stop(child->ike, &child->deadlines, AT_CHILD_REKEY);
    s2si_deadline_stop(child->ike, &child->deadlines, AT_CHILD_REDUNDANT);
    if (child->data.want_out) {
        child->data.want_out = false;
        s2si_output_dirty(child);
    }
    child->outbound_later = false;
    relieve(child->peer);
    s2si_rekey_child_deleted(child->sa, child); /* its heir sends from now on */
    s2si_exchange_next(child->sa);
}

static void expired(struct s2si_child_sa *child)
{
    struct s2si_ike_peer *peer = child->peer;
    bool last = child->state == CH_UP && !child->data.rekeyed;
    s2si_child_close(child);
    if (last && !s2si_peer_has_child(peer))
        s2si_peer_child_wanted(peer, false);
}

/* AT_CHILD_REDUNDANT: a DELETE of the peer's that did not come, or a duplicate. */
static void redundant(struct s2si_child_sa *child)
{
    const struct s2si_child_sa *winner = s2si_child_by_id(child->ike, child->redundant_of);
    if (child->outbound_later)
        s2si_child_takes_over(child);
    else if (child->redundant_of == 0 || (winner != NULL && winner->state == CH_UP))
        s2si_child_close(child);
}

void s2si_child_deadline(struct s2si_child_sa *child, unsigned which)
{
    switch (which) {
    case AT_CHILD_REKEY:
        child->want_rekey = true;
        if (child->sa != NULL)
            s2si_exchange_next(child->sa);
        break;
    case AT_CHILD_EXPIRE:
        expired(child);
        break;
    case AT_CHILD_DRAIN:
        gone(child);
        break;
    default:
        redundant(child);
    }
}

/* ---- looking ---- */

struct s2si_child_sa *s2si_child_by_spi_in(struct s2si_ike_sa *sa, uint32_t spi)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &sa->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        if (child->state != CH_LARVAL && child->data.spi_in == spi)
            return child;
    }
    return NULL;
}

struct s2si_child_sa *s2si_child_by_spi_out(struct s2si_ike_sa *sa, uint32_t spi)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &sa->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        if (child->state != CH_LARVAL && child->data.spi_out == spi)
            return child;
    }
    return NULL;
}

const struct s2si_ike_child *s2si_ike_child_get(const struct s2si_ike *ike, uint64_t id)
{
    const struct s2si_child_sa *child = s2si_child_by_id(ike, id);
    return child == NULL || child->state == CH_GONE ? NULL : &child->data;
}

const struct s2si_ike_child *s2si_ike_child_next(const struct s2si_ike_peer *peer, const struct s2si_ike_child *after)
{
    const struct s2si_list *at = &peer->children;
    if (after != NULL) {
        const struct s2si_child_sa *child = s2si_child_by_id(peer->ike, after->id);
        at = child != NULL ? &child->peer_node : NULL;
    }
    if (at == NULL)
        return NULL;
    for (at = at->next; at != &peer->children; at = at->next) {
        const struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->state != CH_LARVAL && child->state != CH_GONE)
            return &child->data;
    }
    return NULL;
}

void s2si_ike_spi_done(struct s2si_ike *ike, uint64_t op, uint32_t spi, int result, s2s_time now)
{
    struct s2si_child_sa *child = s2si_child_by_id(ike, op);
    if (now > ike->now)
        ike->now = now;
    if (child == NULL || child->state != CH_LARVAL || child->sa == NULL)
        return;
    struct s2si_ike_sa *sa = child->sa;
    struct s2si_slot *slots[2] = {&sa->mine, &sa->theirs};
    child->data.spi_in = spi;
    for (size_t i = 0; i < 2; i++) {
        if (slots[i]->wait == WAIT_SPI && slots[i]->op == op) {
            s2si_exchange_resume(sa, slots[i], spi == 0 && result == 0 ? S2S_ERR_KERNEL : result);
            return;
        }
    }
}
