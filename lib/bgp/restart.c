/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart: graceful restart (RFC 4724, RFC 8538), in both roles.
 *
 *   the peer went      its routes stay as stale: those of the epoch before the session's. They are taken over when it announces
 *                      them again, and swept at End-of-RIB, at the end of its time, or at once when it lost its forwarding state
 *   we came back       the R bit, no F bit; nothing is selected or announced until every peer that is there has sent its
 *                      End-of-RIB, or the deferral timer ends (section 4.1). Peers that restart too (R bit) or that do not know
 *                      graceful restart are not waited for, nor those whose path is down
 */
#include "lib/bgp/speaker.h"

enum { STEADY = 60 }; /* seconds after which a session that is lost was a good one */

/* ---- the peer went */

bool s2si_bgp_path_kept(const struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_path *path)
{
    uint8_t kept = session->holding | session->refreshing;
    return (kept >> family & 1) != 0 && path->epoch == (uint8_t)(session->epoch[family] - 1);
}

/* Nothing is kept any more: nothing has to be ended in time. */
void s2si_bgp_stale_settled(struct s2si_bgp_session *session)
{
    if ((session->holding | session->refreshing) == 0) {
        s2si_timer_disarm(&session->bgp->timers, &session->stale);
    }
}

void s2si_bgp_drop_stale(struct s2si_bgp_session *session)
{
    session->holding = session->refreshing = 0;
    s2si_timer_disarm(&session->bgp->timers, &session->stale);
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        session->sweep[family] = (struct s2si_bgp_walk){.active = session->routes[family] > session->fresh[family]};
    }
}

/* RFC 4724 section 4.2: what was kept of a family goes at once when the peer did not keep its forwarding state for it. */
void s2si_bgp_resume_stale(struct s2si_bgp_session *session, s2s_time now)
{
    const struct s2si_bgp_capabilities *peer = &session->peer_capabilities;
    uint8_t kept = peer->graceful_restart ? peer->restart_families & peer->forwarding_families & session->codec.families : 0;
    uint8_t gone = (uint8_t)(session->holding & ~kept);
    session->holding &= kept;
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        if ((gone >> family & 1) != 0) {
            session->sweep[family] = (struct s2si_bgp_walk){.active = true};
        }
    }
    s2si_bgp_stale_settled(session);
    if (session->holding != 0) { /* and now for End-of-RIB as long as FRR and BIRD grant it: three times the restart time */
        s2s_time wait = 3u * (s2s_time)(peer->restart_time + 40u) * S2S_SECOND;
        s2si_bgp_arm(session, &session->stale, now + wait);
    }
}

/* Whether what we learned may be kept as stale: RFC 4724 section 4.2 after a loss without a NOTIFICATION, RFC 8538 section 4 with
   one, unless it was a hard reset. */
static bool may_hold(const struct s2si_bgp_session *session, const struct s2si_bgp_notify *notify)
{
    const struct s2si_bgp_capabilities *peer = &session->peer_capabilities;
    if (!session->config.graceful_restart || !peer->graceful_restart || !session->path_up || session->stopped) {
        return false;
    }
    bool hard = notify->code == S2SI_BGP_ERR_CEASE && notify->subcode == S2SI_BGP_CEASE_HARD_RESET;
    return notify->code == 0 || (session->config.notification_restart && peer->notification && !hard);
}

void s2si_bgp_session_lost(struct s2si_bgp_session *session, const struct s2si_bgp_notify *notify, s2s_time now)
{
    session->up = NULL;
    session->flaps++;
    if (now - session->since > STEADY * (s2s_time)S2S_SECOND) {
        session->failures = 0;
    }
    session->refreshing = 0;
    session->holding = may_hold(session, notify) ? session->peer_capabilities.restart_families & session->codec.families : 0;
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        bool held = (session->holding >> family & 1) != 0, older = session->routes[family] > session->fresh[family];
        session->review[family].active = false;
        session->sweep[family] = (struct s2si_bgp_walk){.active = session->routes[family] > 0 && (!held || older)};
        session->fresh[family] = 0;
        session->epoch[family]++;
    }
    if (session->holding != 0) {
        s2s_time wait = session->peer_capabilities.restart_time * (s2s_time)S2S_SECOND;
        s2si_bgp_arm(session, &session->stale, now + wait);
    } else {
        s2si_timer_disarm(&session->bgp->timers, &session->stale);
    }
    s2si_bgp_adj_out_clear(session);
}

void s2si_bgp_session_end_of_rib(struct s2si_bgp_session *session, enum s2si_bgp_family family)
{
    uint8_t bit = (uint8_t)(1u << family);
    session->heard |= bit;
    s2si_bgp_defer_look(session->bgp);
    if ((session->holding & bit) == 0) {
        return;
    }
    session->holding &= (uint8_t)~bit;
    session->sweep[family] = (struct s2si_bgp_walk){.active = true};
    s2si_bgp_stale_settled(session);
}

/* ---- we came back */

void s2si_bgp_restarted(struct s2si_bgp *bgp, uint16_t seconds, s2s_time now)
{
    for (unsigned i = 1; i < bgp->session_count; i++) {
        if (bgp->sessions[i] != NULL && (bgp->sessions[i]->up != NULL || bgp->sessions[i]->flaps > 0)) {
            return; /* what has been selected already stays so */
        }
    }
    if (bgp->params.restarted) {
        return;
    }
    bgp->params.restarted = true;
    bgp->params.defer = seconds;
    bgp->deferring = seconds != 0;
    for (unsigned i = 1; i < bgp->session_count; i++) {
        if (bgp->sessions[i] != NULL && bgp->sessions[i]->path_up) {
            s2si_bgp_defer_start(bgp, now);
        }
    }
}

void s2si_bgp_defer_start(struct s2si_bgp *bgp, s2s_time now)
{
    bool started = s2si_timer_armed(&bgp->deferral);
    if (bgp->deferring && !started && s2si_timer_arm(&bgp->timers, &bgp->deferral, now + bgp->params.defer * (s2s_time)S2S_SECOND) != 0) {
        s2si_bgp_defer_end(bgp);
    }
}

static bool waited_for(const struct s2si_bgp_session *session)
{
    const struct s2si_bgp_capabilities *peer = &session->peer_capabilities;
    if (!session->config.graceful_restart || !session->path_up || session->stopped) {
        return false;
    }
    if (session->up == NULL) {
        return true;
    }
    uint8_t families = peer->restart_families & session->codec.families;
    return peer->graceful_restart && !peer->restarting && (families & ~session->heard) != 0;
}

void s2si_bgp_defer_look(struct s2si_bgp *bgp)
{
    bool any = false;
    for (unsigned i = 1; bgp->deferring && i < bgp->session_count; i++) {
        const struct s2si_bgp_session *session = bgp->sessions[i];
        if (session != NULL && waited_for(session)) {
            return;
        }
        any = any || (session != NULL && session->up != NULL);
    }
    if (bgp->deferring && any) {
        s2si_bgp_defer_end(bgp);
    }
}

void s2si_bgp_defer_end(struct s2si_bgp *bgp)
{
    bgp->deferring = false;
    s2si_timer_disarm(&bgp->timers, &bgp->deferral);
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        bgp->select[family] = (struct s2si_bgp_walk){.active = true};
    }
}

bool s2si_bgp_deferred(const struct s2si_bgp *bgp)
{
    return bgp->deferring || bgp->select[S2SI_BGP_IPV4].active || bgp->select[S2SI_BGP_IPV6].active;
}

uint32_t s2si_bgp_select(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t budget)
{
    const struct s2si_bgp_rib *rib = &bgp->ribs[family];
    struct s2si_bgp_walk *walk = &bgp->select[family];
    uint32_t done = 0;
    for (; walk->active && done < budget; done++) {
        uint32_t index = ++walk->cursor;
        if (index >= s2si_bgp_slab_limit(&rib->nets)) {
            *walk = (struct s2si_bgp_walk){0};
        } else if ((s2si_bgp_rib_net(rib, index)->flags & S2SI_BGP_NET_USED) != 0) {
            s2si_bgp_best_update(bgp, family, index, 0, false);
        }
    }
    return done;
}
