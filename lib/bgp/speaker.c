/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/speaker.h"

#include <s2svpn/error.h>

int s2si_bgp_new(const struct s2si_bgp_params *params, struct s2si_bgp **out)
{
    if (params->router_id == 0) {
        return S2S_ERR_INVALID;
    }
    struct s2si_bgp *bgp = s2si_alloc(params->mem, sizeof *bgp);
    if (bgp == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    bgp->params = *params;
    bgp->params.slice = params->slice != 0 ? params->slice : S2SI_BGP_SLICE;
    bgp->mem = params->mem;
    bgp->random = params->seed0 ^ params->seed1;
    s2si_timers_init(&bgp->timers, bgp->mem);
    s2si_timer_init(&bgp->deferral, S2SI_BGP_T_DEFERRAL, bgp);
    bgp->deferring = params->restarted && params->defer != 0;
    s2si_bgp_attr_table_init(&bgp->attrs, bgp->mem, params->seed0, params->seed1);
    s2si_bgp_slab_init(&bgp->paths, bgp->mem, sizeof(struct s2si_bgp_path));
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        s2si_bgp_rib_init(&bgp->ribs[family], bgp->mem, (enum s2si_bgp_family)family, params->seed0, params->seed1);
        s2si_bgp_marks_init(&bgp->fib[family], bgp->mem);
    }
    *out = bgp;
    return 0;
}

/* Takes everything down without a word to the peers; a polite end removes the sessions first. */
void s2si_bgp_free(struct s2si_bgp *bgp)
{
    if (bgp == NULL) {
        return;
    }
    for (unsigned i = 1; i < bgp->session_count; i++) {
        if (bgp->sessions[i] != NULL) {
            s2si_bgp_session_remove(bgp->sessions[i], 0);
        }
    }
    s2si_timer_disarm(&bgp->timers, &bgp->deferral);
    while (bgp->closings != NULL) {
        s2si_bgp_closing_free(bgp, bgp->closings);
    }
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        s2si_bgp_rib_clear(&bgp->ribs[family]);
        s2si_bgp_marks_clear(&bgp->fib[family]);
    }
    s2si_bgp_slab_clear(&bgp->paths);
    s2si_bgp_attr_table_clear(&bgp->attrs);
    s2si_timers_clear(&bgp->timers);
    s2si_free(bgp->mem, bgp->events, bgp->event_capacity * sizeof *bgp->events);
    s2si_free(bgp->mem, bgp->sessions, bgp->session_count * sizeof *bgp->sessions);
    s2si_free(bgp->mem, bgp, sizeof *bgp);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t s2si_bgp_random(struct s2si_bgp *bgp)
{
    uint64_t value = bgp->random += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

void s2si_bgp_arm(struct s2si_bgp_session *session, struct s2si_timer *timer, s2s_time at)
{
    if (s2si_timer_arm(&session->bgp->timers, timer, at) != 0) {
        session->exhausted = true;
    }
}

struct s2si_bgp_session *s2si_bgp_session_find(const struct s2si_bgp *bgp, uint64_t owner)
{
    for (unsigned i = 1; i < bgp->session_count; i++) {
        if (bgp->sessions[i] != NULL && bgp->sessions[i]->config.owner == owner) {
            return bgp->sessions[i];
        }
    }
    return NULL;
}

static void fire(struct s2si_timer *timer, s2s_time now)
{
    enum s2si_bgp_timer kind = (enum s2si_bgp_timer)timer->kind;
    if (kind <= S2SI_BGP_T_SEND_HOLD) {
        s2si_bgp_connection_timer(timer->owner, kind, now);
    } else if (kind == S2SI_BGP_T_DEFERRAL) {
        s2si_bgp_defer_end(timer->owner);
    } else if (kind == S2SI_BGP_T_LINGER) {
        ((struct s2si_bgp_closing *)timer->owner)->expired = true;
    } else {
        s2si_bgp_session_timer(timer->owner, kind, now);
    }
}

static uint32_t work(struct s2si_bgp_session *session, uint32_t budget)
{
    uint32_t done = 0;
    for (int i = 0; i < S2SI_BGP_FAMILIES; i++) {
        enum s2si_bgp_family family = (enum s2si_bgp_family)i;
        if (session->sweep[family].active && done < budget) {
            done += s2si_bgp_sweep(session, family, budget - done);
        }
        if (session->review[family].active && done < budget) {
            done += s2si_bgp_review(session, family, budget - done);
        }
    }
    return done;
}

static bool has_work(const struct s2si_bgp_session *session)
{
    bool walks = false;
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        walks = walks || session->sweep[family].active || session->review[family].active;
    }
    return walks || session->exhausted;
}

void s2si_bgp_tick(struct s2si_bgp *bgp, s2s_time now)
{
    for (struct s2si_timer *timer; (timer = s2si_timers_expired(&bgp->timers, now)) != NULL;) {
        fire(timer, now);
    }
    uint32_t budget = bgp->params.slice;
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        uint32_t done = s2si_bgp_select(bgp, (enum s2si_bgp_family)family, budget);
        budget -= done < budget ? done : budget;
    }
    for (unsigned i = 1; i < bgp->session_count; i++) {
        struct s2si_bgp_session *session = bgp->sessions[i];
        if (session != NULL && session->exhausted) {
            session->exhausted = false;
            s2si_bgp_session_cease(session, S2SI_BGP_CEASE_RESOURCES, NULL, 0, "out of memory", now);
        }
        if (session != NULL && budget > 0) {
            uint32_t done = work(session, budget);
            budget -= done < budget ? done : budget;
        }
    }
}

s2s_time s2si_bgp_next_timeout(const struct s2si_bgp *bgp)
{
    if (bgp->select[S2SI_BGP_IPV4].active || bgp->select[S2SI_BGP_IPV6].active) {
        return 0;
    }
    for (unsigned i = 1; i < bgp->session_count; i++) {
        if (bgp->sessions[i] != NULL && has_work(bgp->sessions[i])) {
            return 0;
        }
    }
    return s2si_timers_next(&bgp->timers);
}
