/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_child: from the old CHILD_SA to the new one without losing a packet, and what happens when both ends do it at
 * once (RFC 7296 sections 2.8, 2.8.1, 2.25.1).
 *
 *   initiator                                  responder
 *   REKEY_SA request                   ──>     new inbound installed
 *                                      <──     answer; sends on the old one
 *   new in and out installed
 *   sends on the new one
 *   DELETE old                         ──>     sends on the new one; old inbound drains
 *                                      <──     DELETE old
 *   old inbound drains
 *
 * Two rekeys of one CHILD_SA cross: each end knows all four nonces when it has the answer to its own request. The new
 * CHILD_SA that was made with the lowest nonce is deleted by the end that started it; the other end deletes the old
 * one.
 */
#include "lib/ike/v2/state.h"

#define SECONDS(n) ((s2s_time)(n)*S2S_SECOND)
#define TAKE_OVER SECONDS(10) /* responder: sends on the new one by then, even if the old one's DELETE is lost */
#define REDUNDANT SECONDS(20) /* the loser's DELETE is overdue */

static void rival_lost(struct s2si_ike_sa *sa, uint64_t id);

/* Responder: the answer is out. */
void s2si_rekey_child_answered(struct s2si_ike_sa *sa, uint64_t old_id, struct s2si_child_sa *child)
{
    struct s2si_child_sa *old = s2si_child_by_id(sa->ike, old_id);
    struct s2si_negotiation *own = sa->mine.task == TASK_CHILD_REKEY ? sa->mine.talks : NULL;
    child->replaces = old_id;
    if (sa->theirs.talks != NULL && sa->theirs.talks->rival != 0) { /* ours was settled while this one was in work */
        rival_lost(sa, child->data.id);
        return;
    }
    if (old == NULL || old->state >= CH_DRAINING) { /* gone while we waited: the new one is all there is */
        s2si_child_install(child, true, true);
        return;
    }
    child->outbound_later = true;
    old->replaced_by = child->data.id;
    old->want_rekey = false;
    s2si_deadline_set(sa->ike, &child->deadlines, AT_CHILD_REDUNDANT, sa->ike->now + TAKE_OVER);
    if (own != NULL && own->old == old_id) {
        own->rival = child->data.id;
        own->rival_lowest = child->lowest;
        s2si_deadline_stop(sa->ike, &child->deadlines, AT_CHILD_REDUNDANT);
    }
}

/* The peer's new one lost: it will delete it. */
static void rival_lost(struct s2si_ike_sa *sa, uint64_t id)
{
    struct s2si_child_sa *rival = s2si_child_by_id(sa->ike, id);
    if (rival == NULL || rival->sa != sa)
        return;
    rival->outbound_later = false;
    rival->replaces = 0;
    rival->data.rekeyed = true;
    s2si_deadline_stop(sa->ike, &rival->deadlines, AT_CHILD_REKEY);
    s2si_deadline_set(sa->ike, &rival->deadlines, AT_CHILD_REDUNDANT, sa->ike->now + REDUNDANT);
}

/* The peer's rekey of the same CHILD_SA that waits here for the kernel or for DH: its nonces are known all the same. */
static struct s2si_negotiation *in_work(const struct s2si_ike_sa *sa, uint64_t old_id)
{
    struct s2si_negotiation *theirs = sa->theirs.task == TASK_CHILD_REKEY ? sa->theirs.talks : NULL;
    return theirs != NULL && theirs->old == old_id && theirs->nr.length != 0 ? theirs : NULL;
}

/* Initiator: the exchange is complete and child has its keys. */
void s2si_rekey_child_settle(struct s2si_ike_sa *sa, const struct s2si_negotiation *talks, struct s2si_child_sa *child)
{
    struct s2si_child_sa *rival = s2si_child_by_id(sa->ike, talks->rival);
    struct s2si_negotiation *waiting = in_work(sa, talks->old);
    struct s2si_lowest other = talks->rival_lowest;
    if (waiting != NULL)
        s2si_lowest_of(&waiting->ni, &waiting->nr, &other);
    if ((talks->rival != 0 || waiting != NULL) && s2si_lowest_compare(&child->lowest, &other) < 0) {
        child->replaces = 0;
        s2si_child_close(child);
        if (rival != NULL && rival->outbound_later) /* should the peer never delete the old one */
            s2si_deadline_set(sa->ike, &rival->deadlines, AT_CHILD_REDUNDANT, sa->ike->now + TAKE_OVER);
        return;
    }
    if (talks->rival != 0)
        rival_lost(sa, talks->rival);
    if (waiting != NULL)
        waiting->rival = child->data.id;
    s2si_child_install(child, true, true);
}

/* The new one carries traffic both ways. Its initiator says goodbye to the old one. */
void s2si_rekey_child_installed(struct s2si_child_sa *child)
{
    struct s2si_child_sa *old = s2si_child_by_id(child->ike, child->replaces);
    if (child->initiator && old != NULL && old->sa != NULL)
        s2si_child_close(old);
}

/* Someone deleted a CHILD_SA: its heir sends from now on; if it was itself an heir, the old one may be rekeyed again.
 */
void s2si_rekey_child_deleted(struct s2si_ike_sa *sa, struct s2si_child_sa *gone)
{
    struct s2si_list *at;
    struct s2si_child_sa *old = s2si_child_by_id(sa->ike, gone->replaces);
    if (old != NULL && old->replaced_by == gone->data.id)
        old->replaced_by = 0;
    S2SI_LIST_EACH(at, &sa->children)
    {
        struct s2si_child_sa *heir = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        if (heir->outbound_later && heir->replaces == gone->data.id) {
            gone->data.rekeyed = true;
            s2si_child_takes_over(heir);
        }
    }
}

/* Whether a successor of this one is in the making or waits to take over. */
bool s2si_rekey_child_has_heir(const struct s2si_ike_sa *sa, const struct s2si_child_sa *old)
{
    const struct s2si_list *at;
    S2SI_LIST_EACH(at, &sa->children)
    {
        const struct s2si_child_sa *heir = S2SI_CONTAINER(at, const struct s2si_child_sa, node);
        if (heir->replaces == old->data.id && heir->state != CH_GONE && heir->state < CH_DELETING)
            return true;
    }
    return false;
}
