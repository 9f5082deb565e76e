/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange: the request we have under way and the one of the peer's that we work on: Message IDs, windows of one,
 * retransmission with back-off, the reply cache, and what is done next (RFC 7296 sections 2.1 to 2.4).
 */
#include "lib/ike/v2/state.h"

/* ---- slots ---- */

struct s2si_slot *s2si_exchange_begin(struct s2si_ike_sa *sa, enum s2si_task task)
{
    struct s2si_slot *slot = &sa->mine;
    memset(slot, 0, sizeof *slot);
    slot->task = task;
    slot->id = sa->next_out;
    return slot;
}

struct s2si_slot *s2si_exchange_accept(struct s2si_ike_sa *sa, enum s2si_task task, uint32_t id)
{
    struct s2si_slot *slot = &sa->theirs;
    memset(slot, 0, sizeof *slot);
    slot->task = task;
    slot->id = id;
    return slot;
}

struct s2si_negotiation *s2si_talks_new(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    slot->talks = s2si_alloc(sa->ike->mem, sizeof *slot->talks);
    return slot->talks;
}

static void talks_free(struct s2si_ike *ike, struct s2si_negotiation *talks)
{
    if (talks == NULL)
        return;
    s2si_secret_clear(ike->mem, &talks->ni);
    s2si_secret_clear(ike->mem, &talks->nr);
    s2si_secret_clear(ike->mem, &talks->ke);
    s2si_secret_clear(ike->mem, &talks->peer_ke);
    s2si_secret_clear(ike->mem, &talks->shared);
    s2si_crypto_exchange_free(ike->crypto, talks->dh);
    s2si_free_secret(ike->mem, talks, sizeof *talks);
}

void s2si_exchange_end(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    talks_free(sa->ike, slot->talks);
    s2si_packet_drop(sa->ike, slot->packet);
    s2si_plain_drop(sa->ike, slot->plain);
    memset(slot, 0, sizeof *slot);
    if (slot == &sa->mine) {
        s2si_deadline_stop(sa->ike, &sa->deadlines, AT_RETRANSMIT);
        s2si_deadline_set(sa->ike, &sa->deadlines, AT_WISH, sa->ike->now);
        if (sa->peer != NULL)
            s2si_sa_watch(sa);
    }
}

void s2si_exchange_abort_child(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_child_sa *made = slot->talks != NULL ? s2si_child_by_id(sa->ike, slot->talks->child) : NULL;
    if (made != NULL)
        s2si_child_rest(made, S2SI_IKE_REASON_NONE, false);
    if (slot->talks != NULL)
        slot->talks->child = 0;
}

void s2si_exchange_abort(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    s2si_exchange_abort_child(sa, slot);
    s2si_exchange_end(sa, slot);
}

/* ---- nonces ---- */

int s2si_nonce_draw(struct s2si_ike_sa *sa, struct s2si_secret *nonce)
{
    int result = s2si_secret_reserve(sa->ike->mem, nonce, S2SI_NONCE_LENGTH);
    return result != 0 ? result : s2si_crypto_random(sa->ike->crypto, nonce->data, nonce->length);
}

static void lowest_from(const struct s2si_secret *nonce, struct s2si_lowest *out)
{
    memset(out, 0, sizeof *out);
    out->length = (uint8_t)(nonce->length < sizeof out->data ? nonce->length : sizeof out->data);
    if (out->length > 0)
        memcpy(out->data, nonce->data, out->length);
}

/* Octet by octet; the shorter is the lower when one is the other's beginning (RFC 7296 section 2.8.1). */
int s2si_lowest_compare(const struct s2si_lowest *a, const struct s2si_lowest *b)
{
    int order = memcmp(a->data, b->data, a->length < b->length ? a->length : b->length);
    return order != 0 ? order : (int)a->length - (int)b->length;
}

void s2si_lowest_of(const struct s2si_secret *a, const struct s2si_secret *b, struct s2si_lowest *out)
{
    struct s2si_lowest other;
    lowest_from(a, out);
    lowest_from(b, &other);
    if (s2si_lowest_compare(&other, out) < 0)
        *out = other;
}

/* ---- sending and sending again ---- */

enum { UNCUT_TRIES = 1 /* retransmissions at the size that was sent first: one packet may get lost */ };

/* base * 1.8^n, up to a tenth less at random. */
static s2s_time retransmit_pause(struct s2si_ike_sa *sa, unsigned tries)
{
    s2s_time pause =
        sa->peer->config.retransmit_base != 0 ? sa->peer->config.retransmit_base : 2 * (s2s_time)S2S_SECOND;
    for (unsigned i = 0; i < tries && pause < 120 * (s2s_time)S2S_SECOND; i++)
        pause = pause / 10 * 18;
    return s2si_jitter_down(sa->ike, pause, 10);
}

void s2si_exchange_sent(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_ike *ike = sa->ike;
    slot->wait = WAIT_ANSWER;
    slot->sent_at = ike->now;
    slot->tries = 0;
    s2si_output_packet(ike, slot->packet, sa->peer->config.owner, &sa->local, &sa->remote);
    s2si_deadline_set(ike, &sa->deadlines, AT_RETRANSMIT, ike->now + retransmit_pause(sa, 0));
    s2si_sa_watch(sa);
}

bool s2si_exchange_repeat(struct s2si_ike_sa *sa, enum s2si_task task)
{
    struct s2si_slot *slot = &sa->mine;
    if (slot->task != task || slot->wait != WAIT_ANSWER || slot->packet == NULL)
        return false;
    s2si_output_packet(sa->ike, slot->packet, sa->peer->config.owner, &sa->local, &sa->remote);
    return true;
}

/* Nobody answered the last try. */
static void gave_up(struct s2si_ike_sa *sa)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    enum s2si_task task = sa->mine.task;
    if (task == TASK_LIVENESS && config->dpd_action == 1) { /* "none": keep asking, slowly, and keep the SAs */
        sa->mine.tries = config->retransmit_tries;
        s2si_deadline_set(sa->ike, &sa->deadlines, AT_RETRANSMIT,
                          sa->ike->now + retransmit_pause(sa, config->retransmit_tries));
        return;
    }
    s2si_sa_down(sa, task == TASK_LIVENESS ? S2SI_IKE_REASON_DPD : S2SI_IKE_REASON_TIMEOUT, 0, false);
}

void s2si_exchange_retransmit(struct s2si_ike_sa *sa)
{
    struct s2si_slot *slot = &sa->mine;
    struct s2si_ike_peer *peer = sa->peer;
    if (slot->wait != WAIT_ANSWER || slot->packet == NULL)
        return;
    if (slot->tries == 0 && sa->state == ST_UP)
        s2si_peer_event(peer, S2SI_IKE_EV_RETRANSMIT, S2SI_IKE_REASON_NONE, 0, s2si_task_name(slot->task));
    bool last = slot->tries >= peer->config.retransmit_tries;
    if (slot->tries >= UNCUT_TRIES && slot->plain != NULL && s2si_path_shrink(sa))
        s2si_reseal(sa, &slot->packet, slot->plain, false, slot->id);
    if (!last || peer->config.dpd_action == 1) {
        s2si_output_packet(sa->ike, slot->packet, peer->config.owner, &sa->local, &sa->remote);
        peer->retransmits++;
    }
    if (last) {
        gave_up(sa);
        return;
    }
    slot->tries++;
    s2si_deadline_set(sa->ike, &sa->deadlines, AT_RETRANSMIT, sa->ike->now + retransmit_pause(sa, slot->tries));
}

/* ---- what is next ---- */

static bool start_child_delete(struct s2si_ike_sa *sa)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &sa->children)
    {
        if (S2SI_CONTAINER(at, struct s2si_child_sa, node)->state == CH_DELETING)
            return s2si_informational_start(sa, TASK_CHILD_DELETE);
    }
    return false;
}

static bool start_child_rekey(struct s2si_ike_sa *sa)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &sa->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        if (child->want_rekey && child->state == CH_UP) {
            child->want_rekey = false;
            if (s2si_rekey_child_has_heir(sa, child)) { /* the peer was first: its DELETE is to come */
                s2si_child_try_again(sa, child, 10 * (s2s_time)S2S_SECOND);
                continue;
            }
            return s2si_create_child_start(sa, child);
        }
    }
    return false;
}

static bool start_ike_rekey(struct s2si_ike_sa *sa)
{
    bool wanted = sa->want_rekey;
    sa->want_rekey = false;
    return wanted && s2si_rekey_ike_start(sa);
}

static bool start_child_new(struct s2si_ike_sa *sa)
{
    bool wanted = sa->want_child;
    sa->want_child = false;
    return wanted && s2si_create_child_start(sa, NULL);
}

static bool start_liveness(struct s2si_ike_sa *sa)
{
    bool wanted = sa->want_liveness;
    sa->want_liveness = false;
    return wanted && s2si_informational_start(sa, TASK_LIVENESS);
}

/* In order of urgency. An IKE_SA that was rekeyed says nothing but its DELETE (RFC 7296 section 2.8). */
static const struct wish {
    unsigned states;
    bool (*start)(struct s2si_ike_sa *sa);
} wishes[] = {
    {ST_UP, start_child_delete}, {ST_UP, start_ike_rekey}, {ST_UP, start_child_rekey},
    {ST_UP, start_child_new},    {ST_UP, start_liveness},
};

void s2si_exchange_next(struct s2si_ike_sa *sa)
{
    if (sa->mine.task != TASK_NONE)
        return;
    if (sa->state == ST_CLOSING && sa->want_delete) {
        sa->want_delete = false;
        if (!s2si_informational_start(sa, sa->failure != 0 ? TASK_AUTH_FAILED : TASK_IKE_DELETE))
            s2si_sa_down(sa, sa->close_reason, 0, true);
        return;
    }
    for (size_t i = 0; i < S2SI_COUNT(wishes); i++) {
        if ((sa->state & wishes[i].states) != 0 && wishes[i].start(sa))
            return;
    }
}

/* ---- completions: a JOB or an SPI came ---- */

typedef void resume_function(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);

static resume_function *const resume_mine[TASKS] = {
    [TASK_INIT] = s2si_init_resume,
    [TASK_AUTH] = s2si_auth_resume,
    [TASK_CHILD_NEW] = s2si_create_child_resume,
    [TASK_CHILD_REKEY] = s2si_create_child_resume,
    [TASK_IKE_REKEY] = s2si_rekey_ike_resume,
};

static resume_function *const resume_theirs[TASKS] = {
    [TASK_INIT] = s2si_init_r_resume,
    [TASK_AUTH] = s2si_auth_r_resume,
    [TASK_CHILD_NEW] = s2si_create_child_r_resume,
    [TASK_CHILD_REKEY] = s2si_create_child_r_resume,
    [TASK_IKE_REKEY] = s2si_rekey_ike_r_resume,
};

void s2si_exchange_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, int result)
{
    enum s2si_wait waited = slot->wait;
    resume_function *resume = slot == &sa->mine ? resume_mine[slot->task] : resume_theirs[slot->task];
    slot->wait = WAIT_NOTHING;
    slot->op = 0;
    if (resume != NULL)
        resume(sa, slot, waited, result);
}
