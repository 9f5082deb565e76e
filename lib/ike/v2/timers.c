/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers: each IKE_SA, CHILD_SA and peer has a handful of named deadlines and one entry in the heap, armed at the
 * earliest of them. The entry is in the heap from birth on, so that setting a deadline never needs memory.
 */
#include "lib/ike/v2/state.h"

#define FAR (S2S_TIME_NEVER - 1)

static s2s_time earliest(const struct s2si_deadlines *deadlines)
{
    s2s_time at = FAR;
    for (unsigned i = 0; i < S2SI_DEADLINES; i++) {
        if (deadlines->at[i] < at)
            at = deadlines->at[i];
    }
    return at;
}

int s2si_deadlines_init(struct s2si_ike *ike, struct s2si_deadlines *deadlines, enum s2si_owner_kind kind, void *owner)
{
    for (unsigned i = 0; i < S2SI_DEADLINES; i++)
        deadlines->at[i] = FAR;
    s2si_timer_init(&deadlines->timer, (uint32_t)kind, owner);
    return s2si_timer_arm(&ike->timers, &deadlines->timer, FAR);
}

void s2si_deadlines_clear(struct s2si_ike *ike, struct s2si_deadlines *deadlines)
{
    if (deadlines->timer.owner != NULL && s2si_timer_armed(&deadlines->timer))
        s2si_timer_disarm(&ike->timers, &deadlines->timer);
}

void s2si_deadline_set(struct s2si_ike *ike, struct s2si_deadlines *deadlines, unsigned which, s2s_time at)
{
    deadlines->at[which] = at < FAR ? at : FAR;
    (void)s2si_timer_arm(&ike->timers, &deadlines->timer, earliest(deadlines)); /* armed already: cannot fail */
}

void s2si_deadline_stop(struct s2si_ike *ike, struct s2si_deadlines *deadlines, unsigned which)
{
    s2si_deadline_set(ike, deadlines, which, FAR);
}

s2s_time s2si_jitter_down(struct s2si_ike *ike, s2s_time base, uint32_t spread_percent)
{
    uint32_t thousandths = s2si_random32(ike) % 1001;
    s2s_time spread = base / 100 * spread_percent;
    return base - spread / 1000 * thousandths;
}

/* lifetime - margin * (1 + rand * fuzz / 100), at least half of the lifetime away. The end that did not make the SA is
   an eighth of the margin later, so that equal settings without fuzz do not collide each time. */
s2s_time s2si_rekey_time(struct s2si_ike_peer *peer, s2s_time lifetime, bool first)
{
    const struct s2si_ike_peer_config *config = &peer->config;
    if (lifetime == 0 || lifetime >= FAR)
        return FAR;
    s2s_time margin = config->rekey_margin != 0 ? config->rekey_margin : lifetime / 10;
    s2s_time fuzz = margin / 100 * config->rekey_fuzz / 1000 * (s2si_random32(peer->ike) % 1001);
    margin = margin + fuzz - (first ? 0 : margin / 8);
    return margin > lifetime / 2 ? lifetime / 2 + fuzz % (lifetime / 4 + 1) : lifetime - margin;
}

static void fire(struct s2si_ike *ike, struct s2si_timer *timer)
{
    struct s2si_deadlines *deadlines = S2SI_CONTAINER(timer, struct s2si_deadlines, timer);
    unsigned which = 0;
    while (which < S2SI_DEADLINES && deadlines->at[which] > ike->now)
        which++;
    if (which < S2SI_DEADLINES)
        deadlines->at[which] = FAR;
    (void)s2si_timer_arm(&ike->timers, timer, earliest(deadlines)); /* its place in the heap has just become free */
    if (which == S2SI_DEADLINES)
        return;
    switch (timer->kind) {
    case OWNER_SA:
        s2si_sa_deadline(timer->owner, which);
        break;
    case OWNER_CHILD:
        s2si_child_deadline(timer->owner, which);
        break;
    default:
        s2si_peer_deadline(timer->owner, which);
    }
}

void s2si_ike_tick(struct s2si_ike *ike, s2s_time now)
{
    struct s2si_timer *timer;
    if (now > ike->now)
        ike->now = now;
    while ((timer = s2si_timers_expired(&ike->timers, ike->now)) != NULL)
        fire(ike, timer);
}

s2s_time s2si_ike_next_timeout(const struct s2si_ike *ike)
{
    s2s_time at = s2si_timers_next(&ike->timers);
    return at >= FAR ? S2S_TIME_NEVER : at;
}
