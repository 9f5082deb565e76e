/* SPDX-License-Identifier: Apache-2.0 */
/* status: what a person wants to know of a tunnel's IKE side. */
#include "lib/ike/v2/state.h"

static void of_sa(const struct s2si_ike_sa *sa, struct s2si_ike_status *out)
{
    out->initiator = sa->initiator;
    out->nat_local = sa->nat_local;
    out->nat_remote = sa->nat_remote;
    out->udp_encapsulation = sa->natt;
    out->spi_i = sa->spi_i;
    out->spi_r = sa->spi_r;
    out->ike = sa->suite;
    out->local = sa->local;
    out->remote = sa->remote;
    out->established_at = sa->established_at;
    out->rekey_ike_at = sa->deadlines.at[AT_REKEY];
    out->last_seen = sa->last_seen;
    if (sa->peer_id != NULL)
        s2si_identity_get(sa->peer_id, &out->peer_id);
}

static void of_child(const struct s2si_child_sa *child, struct s2si_ike_status *out)
{
    out->child_established = true;
    out->child = child->data.suite;
    out->spi_in = child->data.spi_in;
    out->spi_out = child->data.spi_out;
    out->rekey_child_at = child->deadlines.at[AT_CHILD_REKEY];
}

static bool closing(const struct s2si_ike_peer *peer)
{
    const struct s2si_list *at;
    S2SI_LIST_EACH(at, &peer->sas)
    {
        const struct s2si_ike_sa *sa = S2SI_CONTAINER(at, const struct s2si_ike_sa, peer_node);
        if ((sa->state == ST_CLOSING && sa->reported) || sa->doomed)
            return true;
    }
    return false;
}

void s2si_ike_peer_status(const struct s2si_ike_peer *peer, struct s2si_ike_status *out)
{
    const struct s2si_ike_sa *up = s2si_peer_established(peer), *connecting = s2si_peer_connecting(peer);
    const struct s2si_list *at;
    memset(out, 0, sizeof *out);
    out->established = up != NULL;
    out->connecting = connecting != NULL && up == NULL;
    out->closing = closing(peer);
    if (up != NULL || connecting != NULL)
        of_sa(up != NULL ? up : connecting, out);
    S2SI_LIST_EACH(at, &peer->children)
    {
        const struct s2si_child_sa *child = S2SI_CONTAINER(at, const struct s2si_child_sa, peer_node);
        if (child->sa != NULL && (child->state == CH_UP || child->state == CH_REPLACED) && child->sa->state == ST_UP)
            of_child(child, out);
    }
    out->last_reason = peer->last_reason;
    out->last_notify = peer->last_notify;
    out->ike_rekeys = peer->ike_rekeys;
    out->child_rekeys = peer->child_rekeys;
    out->retransmits = peer->retransmits;
    out->attempts = peer->attempts;
}
