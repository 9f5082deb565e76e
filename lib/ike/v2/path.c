/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path: how long an IKE datagram may be (RFC 7383 sections 2.5.1, 2.5.2). IKE hears no ICMP, so silence tells: a long request
 * that two transmissions brought no answer is cut to what every path carries; a responder does so when it is asked for its
 * answer the second time, or when it sees that the peer's fragments are shorter than its own. What was learned holds for
 * the IKE_SA and its successors, until an endpoint moves.
 *
 * A retransmission in other fragments is sealed anew from its content, which is kept for messages longer than the
 * smallest size alone, and wiped with the exchange.
 */
#include "lib/ike/v2/state.h"

enum {
    LEAST_IPV4 = 576, /* RFC 791; RFC 7383 section 2.5.1 */
    LEAST_IPV6 = 1280 /* RFC 8200 section 5 */
};

static size_t overhead(const struct s2si_ike_sa *sa)
{
    return (sa->remote.addr.family == 6 ? 40u : 20u) + 8u + (sa->natt ? S2SI_MARKER : 0u);
}

static uint16_t configured(const struct s2si_ike_sa *sa)
{
    return sa->peer != NULL ? sa->peer->config.fragment_size : 1280;
}

static uint16_t least(const struct s2si_ike_sa *sa)
{
    uint16_t size = sa->remote.addr.family == 6 ? LEAST_IPV6 : LEAST_IPV4, own = configured(sa);
    return own < size ? own : size;
}

static size_t room(const struct s2si_ike_sa *sa, size_t size)
{
    return size > overhead(sa) ? size - overhead(sa) : 0;
}

size_t s2si_path_room(const struct s2si_ike_sa *sa)
{
    uint16_t size = configured(sa);
    return room(sa, sa->path_size != 0 && sa->path_size < size ? sa->path_size : size);
}

size_t s2si_path_least_room(const struct s2si_ike_sa *sa)
{
    return room(sa, least(sa));
}

bool s2si_path_shrink(struct s2si_ike_sa *sa)
{
    if (s2si_path_room(sa) <= s2si_path_least_room(sa))
        return false;
    sa->path_size = least(sa);
    return true;
}

void s2si_path_heard(struct s2si_ike_sa *sa, size_t message_length)
{
    size_t size = message_length + overhead(sa);
    if (size < least(sa))
        size = least(sa);
    if (message_length < s2si_path_room(sa) && size < configured(sa))
        sa->path_size = (uint16_t)size;
}

struct s2si_plain *s2si_plain_keep(const struct s2si_ike_sa *sa, uint8_t exchange,
                                   const struct s2si_message_writer *writer)
{
    struct s2si_mem *mem = sa->ike->mem;
    if (!sa->fragmentation || s2si_path_room(sa) <= s2si_path_least_room(sa) ||
        s2si_sk_sealed_length(&sa->sk_out, writer->bytes.length) <= s2si_path_least_room(sa))
        return NULL;
    struct s2si_plain *plain = s2si_alloc(mem, sizeof *plain);
    if (plain == NULL)
        return NULL;
    plain->first = writer->first;
    plain->exchange = exchange;
    if (s2si_secret_set(mem, &plain->chain, writer->bytes.data, writer->bytes.length) == 0)
        return plain;
    s2si_plain_drop(sa->ike, plain);
    return NULL;
}

void s2si_plain_drop(struct s2si_ike *ike, struct s2si_plain *plain)
{
    if (plain == NULL)
        return;
    s2si_secret_clear(ike->mem, &plain->chain);
    s2si_free(ike->mem, plain, sizeof *plain);
}
