/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authentic nonsense: an input is a row of messages, each sealed with the keys of a standing IKE_SA, so that everything
 * behind the integrity check is reached. First byte: low bit = which end receives, next 2 bits = exchange (IKE_SA_INIT
 * in clear, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL), bit 3 = response, bit 4 = far Message ID, bit 5 = before
 * authentication; then the type of the first payload, two bytes of length, the chain.
 */
#include "tests/sim/ike_pair.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Up to IKE_AUTH's request, which is thrown away: the responder waits for it and has keys. */
static void before_auth(struct pair *pair)
{
    struct pair_datagram *next;
    (void)ike_pair_start(pair);
    (void)s2si_ike_initiate(pair->end[0].peer, pair->now);
    ike_pair_tick(pair);
    while (ike_pair_find(pair, 0, S2SI_IKE_AUTH, false) == NULL) {
        next = ike_pair_next(pair, 0) != NULL ? ike_pair_next(pair, 0) : ike_pair_next(pair, 1);
        if (next == NULL)
            return;
        ike_pair_deliver(pair, next);
        ike_pair_tick(pair);
    }
    ike_pair_drop(pair, ike_pair_find(pair, 0, S2SI_IKE_AUTH, false));
}

static struct s2si_ike_sa *first_sa(struct pair_end *end)
{
    return s2si_list_empty(&end->ike->sas) ? NULL : S2SI_CONTAINER(end->ike->sas.next, struct s2si_ike_sa, node);
}

static void inject(struct pair *pair, uint8_t how, uint8_t first, const uint8_t *chain, size_t length)
{
    static const uint8_t exchanges[] = {S2SI_IKE_SA_INIT, S2SI_IKE_AUTH, S2SI_CREATE_CHILD_SA, S2SI_INFORMATIONAL};
    struct pair_end *to = &pair->end[how & 1], *from = &pair->end[1 - (how & 1)];
    struct s2si_ike_sa *sa = first_sa(from), *target = first_sa(to);
    bool response = (how & 8) != 0;
    uint8_t wire[2048];
    size_t sealed = 0;
    if (sa == NULL || target == NULL || sa->sk_out.transform == NULL)
        return;
    struct s2si_ike_header header = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .version = S2SI_IKE_VERSION,
        .exchange = exchanges[how >> 1 & 3],
        .flags = (uint8_t)((sa->initiator ? S2SI_IKE_FLAG_INITIATOR : 0) | (response ? S2SI_IKE_FLAG_RESPONSE : 0))};
    header.message_id = ((how & 16) != 0 ? 7u : 0u) + (response ? target->mine.id : target->next_in);
    if (s2si_sk_seal(&sa->sk_out, &header, first, chain, length, wire, sizeof wire, &sealed) != 0)
        return;
    s2si_ike_feed(to->ike, &sa->remote, &sa->local, wire, sealed, pair->now);
    ike_pair_pump(pair, to->index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pair pair;
    ike_pair_init(&pair);
    if (size > 0 && (data[0] & 32) != 0)
        before_auth(&pair);
    else
        ike_pair_up(&pair);
    for (int messages = 0; size >= 4 && messages < 8; messages++) {
        size_t length = (size_t)data[2] << 8 | data[3];
        if (length > size - 4)
            length = size - 4;
        if (length > 1500)
            length = 1500;
        if ((data[0] & 64) != 0)
            (void)s2si_ike_rekey_child(pair.end[data[0] & 1].peer, 0, pair.now);
        if ((data[0] & 128) != 0)
            (void)s2si_ike_rekey_ike(pair.end[data[0] & 1].peer, pair.now);
        ike_pair_pump(&pair, data[0] & 1);
        inject(&pair, data[0], data[1], data + 4, length);
        data += 4 + length;
        size -= 4 + length;
    }
    ike_pair_wait(&pair, 30 * PAIR_SECOND);
    ike_pair_stop(&pair);
    if (pair.end[0].mem.blocks + pair.end[1].mem.blocks != 0)
        abort();
    return 0;
}
