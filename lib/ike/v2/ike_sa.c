/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_sa: birth, keys, life and end of an IKE_SA (RFC 7296 sections 2.4, 2.8, 2.14, 2.18).
 *
 *   INIT_I ─> AUTH_I ─> UP ─> REKEYED ─> gone          DELETE of the old one by whoever won the rekey
 *   INIT_R ───────────> UP ─> CLOSING ─> gone          CLOSING: our DELETE
 *      └──> LINGER ─> gone <──┘                        LINGER: the peer's DELETE or a failed AUTH, answered again if
 * asked again
 */
#include <stdio.h>

#include "lib/ike/v2/state.h"

#define SECONDS(n) ((s2s_time)(n)*S2S_SECOND)
#define LINGER_TIME SECONDS(10)     /* a retransmission may still come */
#define REKEYED_TIME SECONDS(30)    /* the peer's DELETE of the old IKE_SA is overdue */
#define REDUNDANT_OWN SECONDS(1)    /* the loser of crossing initiations goes: by who made it ... */
#define REDUNDANT_OTHER SECONDS(10) /* ... or in the end by the other */

/* ---- tables ---- */

uint64_t s2si_sa_own_spi(const struct s2si_ike_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}

int s2si_sa_set_own_spi(struct s2si_ike_sa *sa, uint64_t spi)
{
    struct s2si_ike *ike = sa->ike;
    for (int tries = 0; spi == 0 && tries < 8; tries++) {
        uint8_t bytes[8] = {0};
        if (s2si_crypto_random(ike->crypto, bytes, sizeof bytes) != 0)
            return S2S_ERR_CRYPTO;
        spi = s2si_get_u64(bytes);
        if (s2si_map_get(&ike->by_spi, &spi, sizeof spi) != NULL)
            spi = 0;
    }
    if (spi == 0)
        return S2S_ERR_CRYPTO;
    int result = s2si_map_put(&ike->by_spi, &spi, sizeof spi, sa);
    if (result != 0)
        return result;
    if (sa->initiator)
        sa->spi_i = spi;
    else
        sa->spi_r = spi;
    return 0;
}

struct s2si_ike_sa *s2si_sa_new(struct s2si_ike *ike, struct s2si_ike_peer *peer, bool initiator)
{
    struct s2si_ike_sa *sa = s2si_alloc(ike->mem, sizeof *sa);
    if (sa == NULL)
        return NULL;
    sa->ike = ike;
    sa->peer = peer;
    sa->initiator = initiator;
    sa->id = s2si_new_id(ike);
    sa->created = sa->last_seen = ike->now;
    s2si_list_init(&sa->peer_node);
    s2si_list_init(&sa->children);
    struct s2si_fragment_limits limits = {ike->limits.fragments, ike->limits.fragment_bytes,
                                          SECONDS(ike->limits.fragment_seconds)};
    s2si_reassembly_init(&sa->reassembly, ike->mem, &limits);
    if (s2si_map_put(&ike->by_id, &sa->id, sizeof sa->id, sa) != 0) {
        s2si_free(ike->mem, sa, sizeof *sa);
        return NULL;
    }
    s2si_list_append(&ike->sas, &sa->node);
    if (s2si_deadlines_init(ike, &sa->deadlines, OWNER_SA, sa) != 0) {
        s2si_sa_free(sa);
        return NULL;
    }
    return sa;
}

static void auth_data_free(struct s2si_ike_sa *sa)
{
    struct s2si_mem *mem = sa->ike->mem;
    if (sa->auth == NULL)
        return;
    s2si_secret_clear(mem, &sa->auth->request);
    s2si_secret_clear(mem, &sa->auth->response);
    s2si_secret_clear(mem, &sa->auth->ni);
    s2si_secret_clear(mem, &sa->auth->nr);
    s2si_free_secret(mem, sa->auth, sizeof *sa->auth);
    sa->auth = NULL;
}

void s2si_sa_not_half_open(struct s2si_ike_sa *sa)
{
    if (sa->half_open)
        sa->ike->counters.half_open--;
    sa->half_open = false;
}

/* The IKE_SA_INIT request is known as a duplicate as long as the IKE_SA lives. */
static void forget_init(struct s2si_ike_sa *sa)
{
    uint8_t key[24];
    s2si_sa_not_half_open(sa);
    s2si_put_u64(key, sa->spi_i);
    memcpy(key + 8, sa->init_address, 16);
    if (s2si_map_get(&sa->ike->inits, key, sizeof key) == sa)
        (void)s2si_map_remove(&sa->ike->inits, key, sizeof key);
}

static void unlink_tables(struct s2si_ike_sa *sa)
{
    struct s2si_ike *ike = sa->ike;
    uint64_t spi = s2si_sa_own_spi(sa);
    forget_init(sa);
    if (spi != 0 && s2si_map_get(&ike->by_spi, &spi, sizeof spi) == sa)
        (void)s2si_map_remove(&ike->by_spi, &spi, sizeof spi);
    (void)s2si_map_remove(&ike->by_id, &sa->id, sizeof sa->id);
    s2si_list_remove(&sa->node);
    s2si_list_remove(&sa->peer_node);
    s2si_deadlines_clear(ike, &sa->deadlines);
}

static void rest_children(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, bool drain)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &sa->children)
    s2si_child_rest(S2SI_CONTAINER(at, struct s2si_child_sa, node), reason, drain);
}

void s2si_sa_free(struct s2si_ike_sa *sa)
{
    struct s2si_ike *ike = sa->ike;
    rest_children(sa, S2SI_IKE_REASON_ADMIN, false);
    s2si_exchange_abort(sa, &sa->mine);
    s2si_exchange_abort(sa, &sa->theirs);
    unlink_tables(sa);
    auth_data_free(sa);
    s2si_packet_drop(ike, sa->answer);
    s2si_plain_drop(ike, sa->answer_plain);
    s2si_reassembly_clear(&sa->reassembly);
    s2si_sk_clear(&sa->sk_in);
    s2si_sk_clear(&sa->sk_out);
    s2si_ike_keys_clear(ike->mem, &sa->keys);
    s2si_identity_free(ike->mem, sa->peer_id);
    s2si_free_secret(ike->mem, sa, sizeof *sa);
}

bool s2si_sa_keep_identity(struct s2si_ike_sa *sa, const struct s2si_identity *id)
{
    s2si_identity_free(sa->ike->mem, sa->peer_id);
    sa->peer_id = s2si_identity_keep(sa->ike->mem, id);
    return sa->peer_id != NULL;
}

int s2si_sa_attach(struct s2si_ike_sa *sa, struct s2si_ike_peer *peer)
{
    sa->peer = peer;
    s2si_list_remove(&sa->peer_node);
    s2si_list_append(&peer->sas, &sa->peer_node);
    return 0;
}

/* ---- keys ---- */

static int open_transforms(struct s2si_ike_sa *sa)
{
    struct s2si_cipher_suite suite = {sa->suite.encryption, sa->suite.integrity};
    const struct s2si_ike_keys *keys = &sa->keys;
    struct s2s_crypto_key initiator, responder;
    int result = s2si_kdf_key(&suite, &keys->ei, &keys->ai, &initiator);
    if (result == 0)
        result = s2si_kdf_key(&suite, &keys->er, &keys->ar, &responder);
    if (result == 0)
        result = s2si_sk_init(&sa->sk_out, sa->ike->crypto, sa->initiator ? &initiator : &responder, true);
    if (result == 0)
        result = s2si_sk_init(&sa->sk_in, sa->ike->crypto, sa->initiator ? &responder : &initiator, false);
    return result;
}

int s2si_sa_derive(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_ike_sa *predecessor)
{
    struct s2si_ike *ike = sa->ike;
    struct s2si_secret seed = {NULL, 0};
    struct s2s_span ni = {talks->ni.data, talks->ni.length}, nr = {talks->nr.data, talks->nr.length};
    struct s2s_span shared = {talks->shared.data, talks->shared.length};
    struct s2si_cipher_suite suite = {talks->suite.encryption, talks->suite.integrity};
    uint8_t spi_i[8], spi_r[8];
    s2si_put_u64(spi_i, sa->spi_i);
    s2si_put_u64(spi_r, sa->spi_r);
    sa->suite = talks->suite;
    int result = predecessor == NULL ? s2si_kdf_skeyseed(ike->crypto, ike->mem, sa->suite.prf, ni, nr, shared, &seed)
                                     : s2si_kdf_skeyseed_rekey(ike->crypto, ike->mem, predecessor->suite.prf,
                                                               &predecessor->keys.d, shared, ni, nr, &seed);
    if (result == 0)
        result =
            s2si_kdf_ike_keys(ike->crypto, ike->mem, sa->suite.prf, &suite, &seed, ni, nr, spi_i, spi_r, &sa->keys);
    s2si_secret_clear(ike->mem, &seed);
    s2si_lowest_of(&talks->ni, &talks->nr, &sa->lowest);
    if (result == 0)
        result = open_transforms(sa);
    if (result == 0)
        s2si_key_log_sa(sa);
    return result;
}

/* ---- established ---- */

static struct s2si_ike_output event_for(const struct s2si_ike_sa *sa, enum s2si_ike_event_type type)
{
    return (struct s2si_ike_output){
        .owner = sa->peer->config.owner,
        .event = type,
        .initiator = sa->initiator,
        .local = sa->local,
        .remote = sa->remote,
        .nat_local = sa->nat_local,
        .nat_remote = sa->nat_remote,
    };
}

/*
 * Both ends started at once: two IKE_SAs stand. The one made with the lowest of the four nonces goes, as after a rekey
 * (RFC 7296 section 2.8.1 and 2.25): both ends know all nonces and come to the same result. An IKE_SA that was there
 * before the new one began is another matter: it may be stale, so it is asked for a sign of life.
 */
static void settle_duplicates(struct s2si_ike_sa *sa)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &sa->peer->sas)
    {
        struct s2si_ike_sa *other = S2SI_CONTAINER(at, struct s2si_ike_sa, peer_node);
        if (other == sa)
            continue;
        if (other->state == ST_INIT_I) { /* the peer knows nothing of it yet */
            s2si_sa_free(other);
        } else if (other->id == sa->instead_of) {
            s2si_sa_close(other, S2SI_IKE_REASON_REPLACED);
        } else if (other->state == ST_UP && other->initiator != sa->initiator && other->established_at >= sa->created) {
            struct s2si_ike_sa *loser = s2si_lowest_compare(&other->lowest, &sa->lowest) < 0 ? other : sa;
            loser->redundant_of = loser == sa ? other->id : sa->id;
            s2si_deadline_set(sa->ike, &loser->deadlines, AT_LIMIT,
                              sa->ike->now + (loser->initiator ? REDUNDANT_OWN : REDUNDANT_OTHER));
        } else if (other->state == ST_UP) {
            other->want_liveness = true;
            s2si_exchange_next(other);
        }
    }
}

static void start_clocks(struct s2si_ike_sa *sa)
{
    struct s2si_ike *ike = sa->ike;
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    s2s_time lifetime = config->ike_lifetime != 0 ? config->ike_lifetime : SECONDS(86400);
    s2si_deadline_set(ike, &sa->deadlines, AT_REKEY, ike->now + s2si_rekey_time(sa->peer, lifetime, sa->initiator));
    s2si_deadline_set(ike, &sa->deadlines, AT_EXPIRE, ike->now + lifetime);
    s2si_deadline_stop(ike, &sa->deadlines, AT_LIMIT);
    if (config->dpd)
        s2si_deadline_set(ike, &sa->deadlines, AT_LIVENESS, ike->now + config->dpd_delay);
    if (sa->natt && sa->nat_local && config->nat_keepalive != 0)
        s2si_deadline_set(ike, &sa->deadlines, AT_KEEPALIVE, ike->now + config->nat_keepalive);
}

void s2si_sa_in_waiting(struct s2si_ike_sa *sa)
{
    sa->state = ST_UP;
    sa->authenticated = true;
    sa->established_at = sa->last_seen = sa->ike->now;
    s2si_sa_not_half_open(sa);
    auth_data_free(sa);
    start_clocks(sa);
}

void s2si_sa_established(struct s2si_ike_sa *sa, bool rekeyed)
{
    struct s2si_ike_peer *peer = sa->peer;
    s2si_sa_in_waiting(sa);
    peer->failures = 0;
    peer->restarting = false;
    peer->last_reason = S2SI_IKE_REASON_NONE;
    peer->last_notify = 0;
    if (rekeyed)
        peer->ike_rekeys++;
    else
        settle_duplicates(sa);
    sa->reported = true;
    struct s2si_ike_output event = event_for(sa, S2SI_IKE_EV_IKE_UP);
    event.rekeyed = rekeyed;
    s2si_output_event(sa->ike, &event);
    s2si_say(sa->ike, S2S_LOG_INFO, peer, "IKE_SA %016llx_i %016llx_r %s", (unsigned long long)sa->spi_i,
             (unsigned long long)sa->spi_r, rekeyed ? "rekeyed" : "established");
    s2si_deadline_set(sa->ike, &sa->deadlines, AT_WISH, sa->ike->now);
    if (sa->doomed)
        s2si_sa_close(sa, S2SI_IKE_REASON_ADMIN);
}

void s2si_sa_moved(struct s2si_ike_sa *sa, const struct s2s_endpoint *local, const struct s2s_endpoint *remote)
{
    struct s2si_list *at;
    if (s2si_endpoint_equal(&sa->local, local) && s2si_endpoint_equal(&sa->remote, remote))
        return;
    sa->local = *local;
    sa->remote = *remote;
    sa->path_size = 0; /* another path */
    S2SI_LIST_EACH(at, &sa->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        child->data.local = *local;
        child->data.remote = *remote;
        if (child->data.want_in || child->data.want_out)
            s2si_output_dirty(child);
    }
    if (sa->reported) {
        struct s2si_ike_output event = event_for(sa, S2SI_IKE_EV_MOVED);
        s2si_output_event(sa->ike, &event);
    }
}

void s2si_sa_move_children(struct s2si_ike_sa *from, struct s2si_ike_sa *to)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &from->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        s2si_list_remove(at);
        s2si_list_append(&to->children, at);
        child->sa = to;
    }
    from->state = ST_REKEYED;
    from->successor = to->id;
    from->reported = false;
    to->want_child = to->want_child || from->want_child;
    s2si_deadline_stop(from->ike, &from->deadlines, AT_REKEY);
    s2si_deadline_stop(from->ike, &from->deadlines, AT_LIVENESS);
    s2si_deadline_stop(from->ike, &from->deadlines, AT_KEEPALIVE);
    s2si_deadline_set(from->ike, &from->deadlines, AT_LIMIT, from->ike->now + REKEYED_TIME);
    s2si_deadline_set(to->ike, &to->deadlines, AT_WISH, to->ike->now);
}

/* Where the peer refuses to rekey (section 2.8: "reauthentication"): make before break, with all of IKE_AUTH. */
void s2si_sa_reauthenticate(struct s2si_ike_sa *sa)
{
    if (sa->state == ST_UP && s2si_peer_connecting(sa->peer) == NULL && sa->peer->config.remote.family != 0)
        (void)s2si_init_start(sa->peer, sa->id);
}

/* ---- the end ---- */

static void tell_down(struct s2si_ike_peer *peer, bool initiator, enum s2si_ike_reason reason, uint16_t notify,
                      uint8_t stage)
{
    struct s2si_ike_output event = {.owner = peer->config.owner,
                                    .event = S2SI_IKE_EV_IKE_DOWN,
                                    .reason = reason,
                                    .notify = notify,
                                    .initiator = initiator,
                                    .mismatch.stage = stage};
    peer->last_reason = reason;
    peer->last_notify = notify;
    s2si_output_event(peer->ike, &event);
    s2si_say(peer->ike, S2S_LOG_INFO, peer, "IKE_SA down, reason %d", (int)reason);
}

static void after_end(struct s2si_ike_peer *peer, bool reported, bool connecting, bool initiator,
                      enum s2si_ike_reason reason, uint16_t notify, uint8_t stage)
{
    if (connecting) {
        s2si_peer_attempt_failed(peer, reason, notify);
    } else if (reported && s2si_peer_established(peer) == NULL) {
        tell_down(peer, initiator, reason, notify, stage);
        s2si_peer_lost(peer, reason == S2SI_IKE_REASON_DPD && peer->config.dpd_action == 2);
    }
}

static uint8_t stage_of(const struct s2si_ike_sa *sa)
{
    enum s2si_task task = sa->mine.task;
    return sa->state == ST_INIT_I   ? S2SI_STAGE_INIT
           : sa->state == ST_AUTH_I ? S2SI_STAGE_AUTH
           : task == TASK_CHILD_NEW || task == TASK_CHILD_REKEY ? S2SI_STAGE_CHILD : S2SI_STAGE_NONE;
}

const char *s2si_sa_nat_words(const struct s2si_ike_sa *sa)
{
    return sa->nat_local && sa->nat_remote ? "a NAT before either end"
           : sa->nat_local                 ? "a NAT before this end"
                                           : "a NAT before the peer";
}

void s2si_sa_down(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, uint16_t notify, bool drain)
{
    struct s2si_ike_peer *peer = sa->peer;
    bool connecting = (sa->state & (ST_INIT_I | ST_AUTH_I)) != 0 && !sa->doomed;
    struct s2si_ike_mismatch mismatch = {.stage = stage_of(sa)};
    if (reason == S2SI_IKE_REASON_NAT_FORBIDDEN)
        s2si_mismatch_values(S2SI_DIFFERS_NAT, "encapsulation never", s2si_sa_nat_words(sa), &mismatch);
    if (connecting && !sa->told_failure)
        s2si_peer_differs(peer, S2SI_IKE_EV_FAILED, reason, notify, NULL, &mismatch);
    bool reported = sa->reported, initiator = sa->initiator;
    if (sa->close_reason != S2SI_IKE_REASON_NONE)
        reason = sa->close_reason;
    rest_children(sa, reason, drain);
    s2si_sa_free(sa);
    if (peer != NULL)
        after_end(peer, reported, connecting, initiator, reason, notify, mismatch.stage);
}

/* The peer's word was the last one; our answer to it may have to be said again. */
void s2si_sa_linger(struct s2si_ike_sa *sa)
{
    s2si_exchange_abort(sa, &sa->mine);
    s2si_exchange_abort(sa, &sa->theirs);
    for (unsigned i = 0; i < S2SI_DEADLINES; i++)
        s2si_deadline_stop(sa->ike, &sa->deadlines, i);
    sa->state = ST_LINGER;
    s2si_list_remove(&sa->peer_node);
    s2si_list_init(&sa->peer_node);
    s2si_deadline_set(sa->ike, &sa->deadlines, AT_LIMIT, sa->ike->now + LINGER_TIME);
}

/* Deleted by the peer: as down, but the IKE_SA stays to answer. */
void s2si_sa_deleted_by_peer(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, uint16_t notify)
{
    struct s2si_ike_peer *peer = sa->peer;
    bool reported = sa->reported;
    if (sa->close_reason != S2SI_IKE_REASON_NONE)
        reason = sa->close_reason;
    rest_children(sa, reason, true);
    s2si_sa_linger(sa);
    after_end(peer, reported, false, sa->initiator, reason, notify, S2SI_STAGE_NONE);
}

static void quiet_children(struct s2si_ike_sa *sa)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &sa->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        if (child->data.want_out) {
            child->data.want_out = false;
            s2si_output_dirty(child);
        }
    }
}

void s2si_sa_close(struct s2si_ike_sa *sa, enum s2si_ike_reason reason)
{
    switch (sa->state) {
    case ST_INIT_I:
        s2si_sa_free(sa);
        return;
    case ST_AUTH_I: /* it may stand at the peer already: wait for its answer, then say DELETE */
        sa->doomed = true;
        return;
    case ST_UP:
    case ST_REKEYED:
        break;
    default:
        return;
    }
    sa->want_delete = true;
    sa->close_reason = sa->state == ST_UP ? reason : S2SI_IKE_REASON_NONE;
    sa->state = ST_CLOSING;
    quiet_children(sa);
    s2si_deadline_stop(sa->ike, &sa->deadlines, AT_REKEY);
    s2si_deadline_stop(sa->ike, &sa->deadlines, AT_EXPIRE);
    s2si_deadline_stop(sa->ike, &sa->deadlines, AT_LIVENESS);
    if (sa->mine.task != TASK_NONE && sa->mine.wait != WAIT_ANSWER)
        s2si_exchange_abort(sa, &sa->mine);
    s2si_exchange_next(sa);
}

void s2si_sa_let_go(struct s2si_ike_sa *sa)
{
    if (sa->state != ST_CLOSING || !sa->reported)
        return;
    sa->reported = false;
    rest_children(sa, sa->close_reason, true);
    if (s2si_peer_established(sa->peer) == NULL)
        tell_down(sa->peer, sa->initiator, sa->close_reason, 0, S2SI_STAGE_NONE);
}

/* ---- deadlines ---- */

/* dpd_timeout after the last sign of life, but never before an unanswered request had a second chance. */
static s2s_time dead_at(const struct s2si_ike_sa *sa)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    s2s_time by_silence = sa->last_seen + config->dpd_timeout,
             by_request = sa->mine.sent_at + 2 * config->retransmit_base;
    return by_silence > by_request ? by_silence : by_request;
}

/* The next look at the peer's signs of life. ESP only moves last_seen: the deadline follows when it comes due. */
void s2si_sa_watch(struct s2si_ike_sa *sa)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    s2s_time now = sa->ike->now;
    if (sa->state != ST_UP || !config->dpd)
        return;
    s2s_time at = sa->mine.wait == WAIT_ANSWER ? dead_at(sa) : sa->last_seen + config->dpd_delay;
    s2si_deadline_set(sa->ike, &sa->deadlines, AT_LIVENESS, at > now ? at : now + S2S_SECOND);
}

static void check_liveness(struct s2si_ike_sa *sa)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    s2s_time now = sa->ike->now;
    bool waiting = sa->mine.wait == WAIT_ANSWER;
    if (waiting && now >= dead_at(sa) && config->dpd_action != 1) {
        s2si_sa_down(sa, S2SI_IKE_REASON_DPD, 0, false);
        return;
    }
    if (!waiting && now - sa->last_seen >= config->dpd_delay)
        sa->want_liveness = true;
    s2si_exchange_next(sa);
    s2si_sa_watch(sa);
}

static void limit_reached(struct s2si_ike_sa *sa)
{
    struct s2si_ike_sa *winner;
    switch (sa->state) {
    case ST_INIT_R:
    case ST_LINGER:
        s2si_sa_free(sa);
        break;
    case ST_REKEYED:
        s2si_sa_close(sa, S2SI_IKE_REASON_NONE);
        break;
    case ST_UP:
        winner = s2si_sa_by_id(sa->ike, sa->redundant_of);
        sa->redundant_of = winner != NULL && winner->state == ST_UP ? sa->redundant_of : 0;
        if (sa->redundant_of != 0)
            s2si_sa_close(sa, S2SI_IKE_REASON_REPLACED);
        break;
    default:
        break;
    }
}

static void hard_expired(struct s2si_ike_sa *sa)
{
    struct s2si_ike_peer *peer = sa->peer;
    s2si_sa_close(sa, S2SI_IKE_REASON_LIFETIME);
    s2si_peer_lost(peer, false);
}

void s2si_sa_deadline(struct s2si_ike_sa *sa, unsigned which)
{
    switch (which) {
    case AT_RETRANSMIT:
        s2si_exchange_retransmit(sa);
        break;
    case AT_REKEY:
        sa->want_rekey = true;
        s2si_exchange_next(sa);
        break;
    case AT_EXPIRE:
        hard_expired(sa);
        break;
    case AT_LIVENESS:
        check_liveness(sa);
        break;
    case AT_KEEPALIVE:
        s2si_natt_keepalive(sa);
        break;
    case AT_LIMIT:
        limit_reached(sa);
        break;
    case AT_REASSEMBLY:
        s2si_reassembly_expire(&sa->reassembly, sa->ike->now);
        break;
    default:
        s2si_exchange_next(sa);
    }
}
