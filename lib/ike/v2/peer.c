/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer: one tunnel's far end as configured: its copy of the settings, how it is found, when it is tried again.
 */
#include <stdio.h>

#include "lib/ike/v2/state.h"

#define SECONDS(n) ((s2s_time)(n)*S2S_SECOND)

void s2si_ike_peer_config_init(struct s2si_ike_peer_config *config)
{
    memset(config, 0, sizeof *config);
    config->port = config->remote_port = 500;
    config->natt_port = config->remote_natt_port = 4500;
    config->nat_traversal = true;
    config->fragmentation = true;
    config->fragment_size = 1280;
    config->ike_lifetime = SECONDS(28800);
    config->child_lifetime = SECONDS(3600);
    config->rekey_fuzz = 100;
    config->dpd = true;
    config->dpd_delay = SECONDS(10);
    config->dpd_timeout = SECONDS(30);
    config->retransmit_base = SECONDS(2);
    config->retransmit_tries = 5;
    config->retry_min = SECONDS(1);
    config->retry_max = SECONDS(60);
    config->nat_keepalive = SECONDS(20);
    config->drain = SECONDS(5);
}

/* ---- settings ---- */

static int check_list(struct s2si_ike *ike, const struct s2si_proposal_list *list)
{
    for (size_t i = 0; i < list->count && i < S2SI_PROPOSALS; i++) {
        for (unsigned type = 1; type <= S2SI_TRANSFORM_ESN; type++) {
            for (unsigned n = 0; n < list->items[i].count[type]; n++) {
                enum s2s_algorithm algorithm = (enum s2s_algorithm)list->items[i].algorithms[type][n];
                if (algorithm != S2S_ALG_NONE && !s2si_crypto_supports(ike->crypto, algorithm))
                    return S2S_ERR_UNSUPPORTED;
            }
        }
    }
    return list->count == 0 ? S2S_ERR_UNSUPPORTED : 0;
}

static void number_proposals(struct s2si_proposal_list *list, enum s2si_ike_protocol protocol)
{
    for (size_t i = 0; i < list->count && i < S2SI_PROPOSALS; i++) {
        list->items[i].number = (uint8_t)(i + 1);
        list->items[i].protocol = (uint8_t)protocol;
        list->items[i].spi_length = 0;
    }
}

struct s2s_selector *s2si_selectors_copy(struct s2si_mem *mem, const struct s2s_selector *from, size_t count)
{
    struct s2s_selector *copy = s2si_alloc_array(mem, count, sizeof *copy);
    if (copy != NULL && count != 0)
        memcpy(copy, from, count * sizeof *copy);
    return copy;
}

static struct s2si_proposal_list *copy_proposals(struct s2si_mem *mem, const struct s2si_proposal_list *from,
                                                 enum s2si_ike_protocol protocol)
{
    size_t size = s2si_proposal_list_size(from);
    struct s2si_proposal_list *copy = s2si_alloc(mem, size);
    if (copy != NULL) {
        memcpy(copy, from, size);
        number_proposals(copy, protocol);
    }
    return copy;
}

static void free_proposals(struct s2si_mem *mem, struct s2si_proposal_list *list)
{
    if (list != NULL)
        s2si_free(mem, list, s2si_proposal_list_size(list));
}

static void free_lists(struct s2si_mem *mem, struct s2si_peer_lists *lists)
{
    free_proposals(mem, lists->ike);
    free_proposals(mem, lists->esp);
    s2si_free(mem, lists->local_ts, lists->local_ts_count * sizeof *lists->local_ts);
    s2si_free(mem, lists->remote_ts, lists->remote_ts_count * sizeof *lists->remote_ts);
    s2si_identity_free(mem, lists->local_id);
    s2si_identity_free(mem, lists->remote_id);
    memset(lists, 0, sizeof *lists);
}

static struct s2si_identity *keep_identity(struct s2si_mem *mem, const struct s2si_identity *id)
{
    return s2si_identity_keep(mem, id != NULL ? id : &s2si_identity_any);
}

static int copy_lists(struct s2si_mem *mem, const struct s2si_ike_peer_config *config, struct s2si_peer_lists *lists)
{
    memset(lists, 0, sizeof *lists);
    lists->ike = copy_proposals(mem, config->ike, S2SI_PROTOCOL_IKE);
    lists->esp = copy_proposals(mem, config->esp, S2SI_PROTOCOL_ESP);
    lists->local_ts = s2si_selectors_copy(mem, config->local_ts, config->local_ts_count);
    lists->remote_ts = s2si_selectors_copy(mem, config->remote_ts, config->remote_ts_count);
    lists->local_ts_count = config->local_ts_count;
    lists->remote_ts_count = config->remote_ts_count;
    lists->local_id = keep_identity(mem, config->local_id);
    lists->remote_id = keep_identity(mem, config->remote_id);
    if (lists->ike != NULL && lists->esp != NULL && lists->local_ts != NULL && lists->remote_ts != NULL &&
        lists->local_id != NULL && lists->remote_id != NULL)
        return 0;
    free_lists(mem, lists);
    return S2S_ERR_NO_MEMORY;
}

static int copy_config(struct s2si_ike_peer *peer, const struct s2si_ike_peer_config *config)
{
    struct s2si_ike *ike = peer->ike;
    struct s2si_peer_lists lists;
    int result = config->ike == NULL || config->esp == NULL ? S2S_ERR_INVALID : check_list(ike, config->ike);
    if (result == 0)
        result = check_list(ike, config->esp);
    if (result == 0)
        result = copy_lists(ike->mem, config, &lists);
    if (result != 0)
        return result;
    char *name = s2si_text_copy(ike->mem, config->name != NULL ? config->name : "");
    struct s2si_secret psk = {NULL, 0};
    if (name == NULL || s2si_secret_set(ike->mem, &psk, config->psk, config->psk_length) != 0) {
        s2si_free_text(ike->mem, name);
        free_lists(ike->mem, &lists);
        return S2S_ERR_NO_MEMORY;
    }
    free_lists(ike->mem, &peer->lists);
    s2si_free_text(ike->mem, peer->name);
    s2si_secret_move(ike->mem, &peer->psk, &psk);
    peer->name = name;
    peer->config = *config;
    peer->config.name = name;
    peer->config.psk = NULL;
    peer->config.psk_length = 0;
    peer->lists = lists;
    peer->config.ike = lists.ike;
    peer->config.esp = lists.esp;
    peer->config.local_ts = lists.local_ts;
    peer->config.remote_ts = lists.remote_ts;
    peer->config.local_id = lists.local_id;
    peer->config.remote_id = lists.remote_id;
    return 0;
}

static void peer_free(struct s2si_ike_peer *peer)
{
    struct s2si_ike *ike = peer->ike;
    s2si_deadlines_clear(ike, &peer->deadlines);
    s2si_free_text(ike->mem, peer->name);
    free_lists(ike->mem, &peer->lists);
    s2si_secret_clear(ike->mem, &peer->psk);
    s2si_free_secret(ike->mem, peer, sizeof *peer);
}

int s2si_ike_peer_add(struct s2si_ike *ike, const struct s2si_ike_peer_config *config, s2s_time now,
                      struct s2si_ike_peer **out)
{
    struct s2si_ike_peer *peer = s2si_alloc(ike->mem, sizeof *peer);
    if (peer == NULL)
        return S2S_ERR_NO_MEMORY;
    if (now > ike->now)
        ike->now = now;
    peer->ike = ike;
    peer->id = s2si_new_id(ike);
    s2si_list_init(&peer->sas);
    s2si_list_init(&peer->children);
    int result = copy_config(peer, config);
    if (result == 0)
        result = s2si_deadlines_init(ike, &peer->deadlines, OWNER_PEER, peer);
    if (result != 0) {
        peer_free(peer);
        return result;
    }
    s2si_list_append(&ike->peers, &peer->node);
    if (config->start)
        s2si_deadline_set(ike, &peer->deadlines, AT_PEER_CONNECT, ike->now);
    *out = peer;
    return 0;
}

int s2si_ike_peer_update(struct s2si_ike_peer *peer, const struct s2si_ike_peer_config *config, s2s_time now)
{
    struct s2si_ike *ike = peer->ike;
    if (now > ike->now)
        ike->now = now;
    int result = copy_config(peer, config);
    if (result == 0 && s2si_peer_auto(peer) && s2si_peer_established(peer) == NULL &&
        s2si_peer_connecting(peer) == NULL) {
        peer->failures = 0;
        s2si_deadline_set(ike, &peer->deadlines, AT_PEER_CONNECT, ike->now);
    }
    return result;
}

void s2si_ike_peer_remove(struct s2si_ike_peer *peer, s2s_time now)
{
    struct s2si_ike *ike = peer->ike;
    struct s2si_list *at, *after;
    if (now > ike->now)
        ike->now = now;
    peer->held = true;
    S2SI_LIST_EACH_SAFE(at, after, &ike->sas)
    {
        struct s2si_ike_sa *sa = S2SI_CONTAINER(at, struct s2si_ike_sa, node);
        if (sa->peer == peer)
            s2si_sa_free(sa);
    }
    S2SI_LIST_EACH_SAFE(at, after, &peer->children)
    s2si_child_rest(S2SI_CONTAINER(at, struct s2si_child_sa, peer_node), S2SI_IKE_REASON_ADMIN, false);
    S2SI_LIST_EACH_SAFE(at, after, &peer->children)
    { /* what still waits for the kernel lives on without a peer */
        s2si_list_remove(at);
        s2si_list_init(at);
        S2SI_CONTAINER(at, struct s2si_child_sa, peer_node)->peer = NULL;
    }
    s2si_list_remove(&peer->node);
    peer_free(peer);
}

/* ---- finding ---- */

/* 0: not this one; higher is more exact. */
static int address_fit(const struct s2si_ike_peer *peer, const struct s2s_endpoint *local,
                       const struct s2s_endpoint *remote)
{
    const struct s2s_addr *own = &peer->config.local, *far = &peer->config.remote;
    bool own_any = own->family == 0, far_any = far->family == 0;
    if (peer->closed || (!own_any && !s2si_addr_equal(own, &local->addr)))
        return 0;
    if (!far_any && !s2si_addr_equal(far, &remote->addr))
        return 0;
    return 1 + (own_any ? 0 : 1) + (far_any ? 0 : 2);
}

/* Peers come in order of exactness, then of creation. */
struct s2si_ike_peer *s2si_peer_by_address(struct s2si_ike *ike, const struct s2s_endpoint *local,
                                           const struct s2s_endpoint *remote, struct s2si_ike_peer *after)
{
    int level = after == NULL ? 4 : address_fit(after, local, remote);
    struct s2si_list *at = after == NULL ? ike->peers.next : after->node.next;
    for (; level > 0; level--, at = ike->peers.next) {
        for (; at != &ike->peers; at = at->next) {
            struct s2si_ike_peer *peer = S2SI_CONTAINER(at, struct s2si_ike_peer, node);
            if (address_fit(peer, local, remote) == level)
                return peer;
        }
    }
    return NULL;
}

struct s2si_ike_peer *s2si_peer_by_identity(struct s2si_ike *ike, const struct s2si_ike_sa *sa,
                                            const struct s2si_identity *remote, const struct s2si_identity *local)
{
    struct s2si_ike_peer *peer = NULL;
    while ((peer = s2si_peer_by_address(ike, &sa->local, &sa->remote, peer)) != NULL) {
        if (!s2si_identity_matches(peer->config.remote_id, remote))
            continue;
        if (local == NULL || peer->config.local_id->type == S2SI_ID_ANY ||
            s2si_identity_equal(peer->config.local_id, local))
            return peer;
    }
    return NULL;
}

/* INITIAL_CONTACT speaks of a pair of identities: two tunnels that share one must not wipe out each other. */
bool s2si_peer_unique_identity(const struct s2si_ike_peer *peer)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &peer->ike->peers)
    {
        const struct s2si_ike_peer *other = S2SI_CONTAINER(at, struct s2si_ike_peer, node);
        if (other != peer && s2si_identity_equal(other->config.local_id, peer->config.local_id) &&
            (s2si_identity_matches(other->config.remote_id, peer->config.remote_id) ||
             s2si_identity_matches(peer->config.remote_id, other->config.remote_id)))
            return false;
    }
    return true;
}

struct s2si_ike_sa *s2si_peer_established(const struct s2si_ike_peer *peer)
{
    struct s2si_ike_sa *best = NULL;
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &peer->sas)
    {
        struct s2si_ike_sa *sa = S2SI_CONTAINER(at, struct s2si_ike_sa, peer_node);
        if (sa->state == ST_UP && (best == NULL || best->redundant_of != 0 || sa->redundant_of == 0))
            best = sa;
    }
    return best;
}

struct s2si_ike_sa *s2si_peer_connecting(const struct s2si_ike_peer *peer)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &peer->sas)
    {
        struct s2si_ike_sa *sa = S2SI_CONTAINER(at, struct s2si_ike_sa, peer_node);
        if ((sa->state & (ST_INIT_I | ST_AUTH_I)) != 0 && !sa->doomed)
            return sa;
    }
    return NULL;
}

bool s2si_peer_has_child(const struct s2si_ike_peer *peer)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &peer->children)
    {
        const struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->sa != NULL && (child->state <= CH_UP || child->state == CH_REPLACED))
            return true;
    }
    return false;
}

bool s2si_peer_auto(const struct s2si_ike_peer *peer)
{
    return (peer->config.start || peer->wanted) && !peer->held && !peer->local_absent;
}

/* ---- trying again ---- */

static s2s_time back_off(struct s2si_ike_peer *peer, uint32_t failures)
{
    s2s_time pause = peer->config.retry_min != 0 ? peer->config.retry_min : S2S_SECOND;
    for (uint32_t i = 1; i < failures && pause < peer->config.retry_max; i++)
        pause *= 2;
    if (pause > peer->config.retry_max)
        pause = peer->config.retry_max;
    return s2si_jitter_down(peer->ike, pause, 30);
}

static void connect_after(struct s2si_ike_peer *peer, s2s_time pause)
{
    s2si_deadline_set(peer->ike, &peer->deadlines, AT_PEER_CONNECT, peer->ike->now + pause);
}

void s2si_peer_event(struct s2si_ike_peer *peer, enum s2si_ike_event_type type, enum s2si_ike_reason reason,
                     uint16_t notify, const char *detail)
{
    s2si_peer_differs(peer, type, reason, notify, detail, NULL);
}

void s2si_peer_differs(struct s2si_ike_peer *peer, enum s2si_ike_event_type type, enum s2si_ike_reason reason,
                       uint16_t notify, const char *detail, const struct s2si_ike_mismatch *mismatch)
{
    struct s2si_ike_output event = {.owner = peer->config.owner, .event = type, .reason = reason, .notify = notify};
    if (detail != NULL)
        (void)snprintf(event.detail, sizeof event.detail, "%s", detail);
    if (mismatch != NULL)
        event.mismatch = *mismatch;
    if (reason != S2SI_IKE_REASON_NONE) {
        peer->last_reason = reason;
        peer->last_notify = notify;
    }
    s2si_output_event(peer->ike, &event);
}

void s2si_peer_attempt_failed(struct s2si_ike_peer *peer, enum s2si_ike_reason reason, uint16_t notify)
{
    peer->failures++;
    peer->last_reason = reason;
    peer->last_notify = notify;
    if (!peer->config.start && !peer->restarting) /* asked for once: tried once */
        peer->wanted = false;
    s2s_time pause = back_off(peer, peer->failures);
    peer->retry_at = peer->ike->now + pause;
    if (s2si_peer_auto(peer) && s2si_peer_established(peer) == NULL)
        connect_after(peer, pause);
}

void s2si_peer_lost(struct s2si_ike_peer *peer, bool restart)
{
    if (s2si_peer_established(peer) != NULL || s2si_peer_connecting(peer) != NULL)
        return;
    if (restart)
        peer->wanted = peer->restarting = true;
    else if (!peer->config.start)
        peer->wanted = false;
    if (!s2si_peer_auto(peer))
        return;
    peer->failures++;
    connect_after(peer, restart && peer->failures <= 1 ? 0 : back_off(peer, peer->failures));
}

/* The IKE_SA stands without a CHILD_SA: whoever is to be up makes one (RFC 7296 section 2.21.2). */
void s2si_peer_child_wanted(struct s2si_ike_peer *peer, bool failed)
{
    if (!s2si_peer_auto(peer))
        return;
    peer->child_failures += failed ? 1u : 0u;
    s2si_deadline_set(peer->ike, &peer->deadlines, AT_PEER_CHILD,
                      peer->ike->now + back_off(peer, peer->child_failures + 1));
}

static void connect_now(struct s2si_ike_peer *peer)
{
    if (!s2si_peer_auto(peer) || s2si_peer_established(peer) != NULL || s2si_peer_connecting(peer) != NULL)
        return;
    if (peer->config.remote.family == 0)
        return;
    peer->attempts++;
    if (s2si_init_start(peer, 0) != 0) {
        s2si_peer_event(peer, S2SI_IKE_EV_FAILED, S2SI_IKE_REASON_NO_MEMORY, 0, "no IKE_SA could be made");
        s2si_peer_attempt_failed(peer, S2SI_IKE_REASON_NO_MEMORY, 0);
    }
}

void s2si_peer_deadline(struct s2si_ike_peer *peer, unsigned which)
{
    if (which == AT_PEER_CONNECT) {
        connect_now(peer);
        return;
    }
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    if (sa != NULL && !s2si_peer_has_child(peer)) {
        sa->want_child = true;
        s2si_exchange_next(sa);
    }
}

/* ---- commands ---- */

int s2si_ike_initiate(struct s2si_ike_peer *peer, s2s_time now)
{
    struct s2si_ike *ike = peer->ike;
    if (now > ike->now)
        ike->now = now;
    if (peer->config.remote.family == 0 || peer->local_absent)
        return S2S_ERR_STATE;
    peer->held = false;
    peer->wanted = true;
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    if (sa != NULL) {
        if (!s2si_peer_has_child(peer)) {
            sa->want_child = true;
            s2si_exchange_next(sa);
        }
        return 0;
    }
    peer->failures = 0;
    connect_now(peer);
    return 0;
}

void s2si_ike_peer_keep_up(struct s2si_ike_peer *peer, bool start)
{
    peer->config.start = start;
}

void s2si_ike_peer_close(struct s2si_ike_peer *peer, bool closed)
{
    peer->closed = closed;
}

static int acquire_child(struct s2si_ike_peer *peer, struct s2si_ike_sa *sa)
{
    bool soon = peer->deadlines.at[AT_PEER_CHILD] < S2S_TIME_NEVER - 1; /* the back-off of one that was refused */
    if (s2si_peer_has_child(peer) || soon)
        return 0;
    sa->want_child = true;
    s2si_exchange_next(sa);
    return 0;
}

int s2si_ike_acquire(struct s2si_ike_peer *peer, s2s_time now)
{
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    if (now > peer->ike->now)
        peer->ike->now = now;
    if (peer->config.remote.family == 0 || peer->local_absent)
        return S2S_ERR_STATE;
    peer->held = false;
    peer->wanted = true;
    if (sa != NULL)
        return acquire_child(peer, sa);
    if (peer->failures != 0 && peer->retry_at > peer->ike->now)
        s2si_deadline_set(peer->ike, &peer->deadlines, AT_PEER_CONNECT, peer->retry_at);
    else
        connect_now(peer);
    return 0;
}

int s2si_ike_terminate(struct s2si_ike_peer *peer, bool hold, s2s_time now)
{
    struct s2si_list *at, *after;
    if (now > peer->ike->now)
        peer->ike->now = now;
    peer->held = hold;
    peer->restarting = false;
    peer->wanted = peer->wanted && !hold;
    s2si_deadline_stop(peer->ike, &peer->deadlines, AT_PEER_CONNECT);
    s2si_deadline_stop(peer->ike, &peer->deadlines, AT_PEER_CHILD);
    S2SI_LIST_EACH_SAFE(at, after, &peer->sas)
    s2si_sa_close(S2SI_CONTAINER(at, struct s2si_ike_sa, peer_node), S2SI_IKE_REASON_ADMIN);
    if (!hold)
        s2si_peer_lost(peer, false);
    return 0;
}

void s2si_ike_let_go(struct s2si_ike_peer *peer, s2s_time now)
{
    struct s2si_list *at;
    if (now > peer->ike->now)
        peer->ike->now = now;
    S2SI_LIST_EACH(at, &peer->sas)
    s2si_sa_let_go(S2SI_CONTAINER(at, struct s2si_ike_sa, peer_node));
}

int s2si_ike_rekey_ike(struct s2si_ike_peer *peer, s2s_time now)
{
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    if (now > peer->ike->now)
        peer->ike->now = now;
    if (sa == NULL)
        return S2S_ERR_STATE;
    sa->want_rekey = true;
    s2si_exchange_next(sa);
    return 0;
}

static struct s2si_child_sa *child_for(struct s2si_ike_peer *peer, uint32_t spi_in)
{
    struct s2si_child_sa *found = NULL;
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &peer->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->sa != NULL && child->state == CH_UP && (spi_in == 0 || child->data.spi_in == spi_in))
            found = child;
    }
    return found;
}

int s2si_ike_rekey_child(struct s2si_ike_peer *peer, uint32_t spi_in, s2s_time now)
{
    struct s2si_child_sa *child = child_for(peer, spi_in);
    if (now > peer->ike->now)
        peer->ike->now = now;
    if (child == NULL)
        return S2S_ERR_STATE;
    child->want_rekey = true;
    s2si_exchange_next(child->sa);
    return 0;
}

void s2si_ike_sequence_low(struct s2si_ike_peer *peer, uint32_t spi_in, s2s_time now)
{
    (void)s2si_ike_rekey_child(peer, spi_in, now);
}

int s2si_ike_liveness(struct s2si_ike_peer *peer, s2s_time now)
{
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    if (now > peer->ike->now)
        peer->ike->now = now;
    if (sa == NULL)
        return S2S_ERR_STATE;
    if (s2si_exchange_repeat(sa, TASK_LIVENESS))
        return 0;
    if (sa->mine.task != TASK_NONE)
        return S2S_ERR_AGAIN;
    sa->want_liveness = true;
    s2si_exchange_next(sa);
    return 0;
}

void s2si_ike_peer_alive(struct s2si_ike_peer *peer, s2s_time now)
{
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    if (now > peer->ike->now)
        peer->ike->now = now;
    if (sa != NULL)
        sa->last_seen = now;
}

void s2si_ike_peer_moved(struct s2si_ike_peer *peer, const struct s2s_endpoint *remote, s2s_time now)
{
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    if (now > peer->ike->now)
        peer->ike->now = now;
    if (sa != NULL && sa->nat_remote && !sa->nat_local && sa->natt)
        s2si_sa_moved(sa, &sa->local, remote);
}

void s2si_ike_local_changed(struct s2si_ike *ike, const struct s2s_addr *local, bool present, s2s_time now)
{
    struct s2si_list *at, *after;
    if (now > ike->now)
        ike->now = now;
    S2SI_LIST_EACH(at, &ike->peers)
    {
        struct s2si_ike_peer *peer = S2SI_CONTAINER(at, struct s2si_ike_peer, node);
        if (!s2si_addr_equal(&peer->config.local, local))
            continue;
        bool came_back = peer->local_absent && present;
        peer->local_absent = !present;
        if (came_back && s2si_peer_auto(peer)) {
            peer->failures = 0;
            connect_after(peer, 0);
        }
    }
    S2SI_LIST_EACH_SAFE(at, after, &ike->sas)
    {
        struct s2si_ike_sa *sa = S2SI_CONTAINER(at, struct s2si_ike_sa, node);
        if (!present && s2si_addr_equal(&sa->local.addr, local))
            s2si_sa_down(sa, S2SI_IKE_REASON_ADDRESS_LOST, 0, false);
    }
}
