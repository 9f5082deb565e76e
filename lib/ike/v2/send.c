/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: from a chain of payloads to datagrams: sealed in SK, or cut into SKF fragments (RFC 7383) when the peer takes
 * them and the message would be too long. The packet is kept whole: a retransmission is byte for byte the same
 * (RFC 7296 section 2.1), unless it has to be cut smaller (path.c).
 */
#include "lib/ike/v2/state.h"

void s2si_chain_begin(struct s2si_ike_sa *sa, struct s2si_message_writer *writer)
{
    s2si_chain_start(writer, sa->ike->chain, sa->ike->limits.message_bytes);
}

static struct s2si_ike_header header_for(const struct s2si_ike_sa *sa, uint8_t exchange, bool response, uint32_t id)
{
    return (struct s2si_ike_header){
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .version = S2SI_IKE_VERSION,
        .exchange = exchange,
        .flags = (uint8_t)((sa->initiator ? S2SI_IKE_FLAG_INITIATOR : 0) | (response ? S2SI_IKE_FLAG_RESPONSE : 0)),
        .message_id = id,
    };
}

static struct s2si_packet *seal_whole(struct s2si_ike_sa *sa, const struct s2si_ike_header *header, uint8_t first,
                                      struct s2s_span chain)
{
    struct s2si_ike *ike = sa->ike;
    size_t length = s2si_sk_sealed_length(&sa->sk_out, chain.length);
    struct s2si_packet *packet = s2si_packet_new(ike, 1, length);
    if (packet == NULL)
        return NULL;
    if (s2si_sk_seal(&sa->sk_out, header, first, chain.data, chain.length, s2si_packet_piece_data(packet, 0), length,
                     &length) != 0) {
        s2si_packet_drop(ike, packet);
        return NULL;
    }
    packet->pieces[0].length = (uint32_t)length;
    return packet;
}

static struct s2si_packet *seal_fragments(struct s2si_ike_sa *sa, const struct s2si_ike_header *header, uint8_t first,
                                          struct s2s_span chain, size_t room)
{
    struct s2si_ike *ike = sa->ike;
    size_t count = s2si_skf_count(&sa->sk_out, chain.length, room);
    struct s2si_packet *packet = count == 0 ? NULL : s2si_packet_new(ike, count, count * room);
    for (size_t i = 0; packet != NULL && i < count; i++) {
        size_t length = 0;
        if (s2si_skf_seal(&sa->sk_out, header, first, chain.data, chain.length, room, (uint16_t)(i + 1),
                          s2si_packet_piece_data(packet, i), room, &length) != 0) {
            s2si_packet_drop(ike, packet);
            return NULL;
        }
        packet->pieces[i].length = (uint32_t)length;
    }
    return packet;
}

static struct s2si_packet *seal(struct s2si_ike_sa *sa, const struct s2si_ike_header *header, uint8_t first,
                                struct s2s_span chain)
{
    size_t room = s2si_path_room(sa);
    if (sa->fragmentation && s2si_sk_sealed_length(&sa->sk_out, chain.length) > room)
        return seal_fragments(sa, header, first, chain, room);
    return seal_whole(sa, header, first, chain);
}

/* Seals what a writer holds and wipes it; *plain is what has to be kept of it. */
static struct s2si_packet *seal_chain(struct s2si_ike_sa *sa, uint8_t exchange, bool response, uint32_t id,
                                      const struct s2si_message_writer *writer, struct s2si_plain **plain)
{
    struct s2si_ike_header header = header_for(sa, exchange, response, id);
    struct s2s_span chain = {writer->bytes.data, writer->bytes.length};
    struct s2si_packet *packet = writer->bytes.failed ? NULL : seal(sa, &header, writer->first, chain);
    *plain = packet != NULL ? s2si_plain_keep(sa, exchange, writer) : NULL;
    s2si_wipe(sa->ike->chain, writer->bytes.length);
    return packet;
}

void s2si_reseal(struct s2si_ike_sa *sa, struct s2si_packet **packet, const struct s2si_plain *plain, bool response,
                 uint32_t id)
{
    struct s2si_ike_header header = header_for(sa, plain->exchange, response, id);
    struct s2s_span chain = {plain->chain.data, plain->chain.length};
    struct s2si_packet *smaller = seal(sa, &header, plain->first, chain);
    if (smaller == NULL)
        return;
    s2si_packet_drop(sa->ike, *packet);
    *packet = smaller;
}

static uint64_t owner_of(const struct s2si_ike_sa *sa)
{
    return sa->peer != NULL ? sa->peer->config.owner : 0;
}

int s2si_send_request(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange,
                      struct s2si_message_writer *writer)
{
    struct s2si_plain *plain;
    struct s2si_packet *packet = seal_chain(sa, exchange, false, slot->id, writer, &plain);
    if (packet == NULL)
        return S2S_ERR_NO_MEMORY;
    s2si_packet_drop(sa->ike, slot->packet);
    s2si_plain_drop(sa->ike, slot->plain);
    slot->packet = packet;
    slot->plain = plain;
    s2si_exchange_sent(sa, slot);
    return 0;
}

int s2si_send_response(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange,
                       struct s2si_message_writer *writer)
{
    struct s2si_plain *plain;
    struct s2si_packet *packet = seal_chain(sa, exchange, true, slot->id, writer, &plain);
    if (packet == NULL)
        return S2S_ERR_NO_MEMORY;
    s2si_packet_drop(sa->ike, sa->answer);
    s2si_plain_drop(sa->ike, sa->answer_plain);
    sa->answer = packet;
    sa->answer_plain = plain;
    sa->answer_repeats = 0;
    s2si_output_packet(sa->ike, packet, owner_of(sa), &sa->local, &sa->remote);
    return 0;
}

/* The peer asks again: once for a lost datagram, twice because the answer does not fit the path, or it has cut its own
   message smaller meanwhile (RFC 7383 section 2.5.1). */
void s2si_answer_again(struct s2si_ike_sa *sa, const struct s2si_message *request, const struct s2s_endpoint *local,
                       const struct s2s_endpoint *remote)
{
    struct s2si_skf fragment;
    uint16_t before = sa->path_size;
    if (s2si_skf_decode(request, &fragment) == 0 && fragment.total > 1)
        s2si_path_heard(sa, request->length);
    if (sa->answer_plain != NULL && ++sa->answer_repeats % 2 == 0)
        (void)s2si_path_shrink(sa);
    if (sa->answer_plain != NULL && sa->path_size != before)
        s2si_reseal(sa, &sa->answer, sa->answer_plain, true, sa->next_in - 1);
    s2si_output_packet(sa->ike, sa->answer, owner_of(sa), local, remote);
}

void s2si_respond_notify(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange, uint16_t notify,
                         const void *data, size_t length)
{
    struct s2si_message_writer writer;
    s2si_chain_begin(sa, &writer);
    if (notify != 0)
        s2si_notify_encode(&writer, notify, data, length);
    (void)s2si_send_response(sa, slot, exchange, &writer);
    s2si_exchange_end(sa, slot);
}

struct s2si_packet *s2si_packet_clear(struct s2si_ike *ike, size_t length)
{
    struct s2si_packet *packet = s2si_packet_new(ike, 1, length);
    if (packet == NULL)
        return NULL;
    memcpy(s2si_packet_piece_data(packet, 0), ike->wire, length);
    packet->pieces[0].length = (uint32_t)length;
    return packet;
}

/* An answer to a request of which nothing is remembered: SPIs, exchange and Message ID are the request's. */
void s2si_send_clear_notify(struct s2si_ike *ike, const struct s2si_ike_header *request,
                            const struct s2s_endpoint *local, const struct s2s_endpoint *remote, uint16_t notify,
                            const void *data, size_t length)
{
    struct s2si_message_writer writer;
    struct s2si_ike_header header = *request;
    header.version = S2SI_IKE_VERSION;
    header.flags = (uint8_t)(S2SI_IKE_FLAG_RESPONSE | (~request->flags & S2SI_IKE_FLAG_INITIATOR));
    s2si_message_start(&writer, ike->wire, ike->room, &header);
    s2si_notify_encode(&writer, notify, data, length);
    if (s2si_message_finish(&writer) == 0)
        s2si_output_once(ike, 0, local, remote, ike->wire, writer.bytes.length);
}
