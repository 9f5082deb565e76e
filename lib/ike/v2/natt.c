/* SPDX-License-Identifier: Apache-2.0 */
/*
 * natt: NAT traversal (RFC 7296 section 2.23, RFC 3948): is there a NAT, the move to port 4500, keepalives.
 */
#include "lib/ike/v2/state.h"

enum { ENCAPSULATION_AUTO, ENCAPSULATION_ALWAYS, ENCAPSULATION_NEVER };

void s2si_natt_write(struct s2si_ike_sa *sa, struct s2si_message_writer *writer, uint64_t spi_r)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    if (!config->nat_traversal)
        return;
    bool fake = config->encapsulation == ENCAPSULATION_ALWAYS || sa->local.addr.family == 0;
    if (s2si_natd_encode(writer, sa->ike->crypto, sa->spi_i, spi_r, &sa->local, &sa->remote, fake) != 0)
        writer->bytes.failed = true;
}

bool s2si_natt_judge(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    struct s2si_natd_result result;
    if (!config->nat_traversal || s2si_natd_check(sa->ike->crypto, message, &sa->local, &sa->remote, &result) != 0 ||
        !result.supported)
        return true;
    sa->nat_local = result.nat_local;
    sa->nat_remote = result.nat_remote;
    struct s2si_ike_output event = {.owner = config->owner,
                                    .event = S2SI_IKE_EV_NAT,
                                    .nat_local = sa->nat_local,
                                    .nat_remote = sa->nat_remote,
                                    .local = sa->local,
                                    .remote = sa->remote};
    if (sa->nat_local || sa->nat_remote)
        s2si_output_event(sa->ike, &event);
    if (config->encapsulation == ENCAPSULATION_NEVER && (sa->nat_local || sa->nat_remote))
        return false;
    sa->natt = sa->nat_local || sa->nat_remote || config->encapsulation == ENCAPSULATION_ALWAYS;
    return true;
}

/* The initiator moves both ports with its IKE_AUTH request; the responder follows what it receives. */
void s2si_natt_float(struct s2si_ike_sa *sa)
{
    if (!sa->natt)
        return;
    sa->local.port = sa->peer->config.natt_port;
    sa->remote.port = sa->peer->config.remote_natt_port;
}

/* One byte 0xFF, only from behind a NAT (RFC 3948 section 4). */
void s2si_natt_keepalive(struct s2si_ike_sa *sa)
{
    static const uint8_t keepalive = 0xff;
    if (sa->state != ST_UP || !sa->natt || !sa->nat_local)
        return;
    s2si_output_once(sa->ike, sa->peer->config.owner, &sa->local, &sa->remote, &keepalive, 1);
    s2si_deadline_set(sa->ike, &sa->deadlines, AT_KEEPALIVE, sa->ike->now + sa->peer->config.nat_keepalive);
}

/* Whether IKE sent from this local port needs the non-ESP marker. */
bool s2si_natt_marker(const struct s2si_ike *ike, const struct s2s_endpoint *local)
{
    const struct s2si_list *at;
    S2SI_LIST_EACH(at, &ike->peers)
    {
        const struct s2si_ike_peer *peer = S2SI_CONTAINER(at, const struct s2si_ike_peer, node);
        if (peer->config.natt_port == local->port)
            return true;
    }
    return s2si_list_empty(&ike->peers) && local->port == 4500;
}
