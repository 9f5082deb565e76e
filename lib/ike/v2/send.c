/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: from a chain of payloads to datagrams: sealed in SK, or cut into SKF fragments (RFC 7383) when the peer takes
 * them and the message would be too long. The packet is kept whole: a retransmission is byte for byte the same
 * (RFC 7296 section 2.1).
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

/* Room for the IKE message in one datagram of the size configured for the peer. */
static size_t datagram_room(const struct s2si_ike_sa *sa)
{
    size_t overhead = (sa->remote.addr.family == 6 ? 40u : 20u) + 8u + (sa->natt ? S2SI_MARKER : 0u);
    size_t size = sa->peer != NULL ? sa->peer->config.fragment_size : 1280;
    return size > overhead ? size - overhead : 0;
}

static struct s2si_packet *seal_whole(struct s2si_ike_sa *sa, const struct s2si_ike_header *header,
                                      const struct s2si_message_writer *writer)
{
    struct s2si_ike *ike = sa->ike;
    size_t length = s2si_sk_sealed_length(&sa->sk_out, writer->bytes.length);
    struct s2si_packet *packet = s2si_packet_new(ike, 1, length);
    if (packet == NULL)
        return NULL;
    if (s2si_sk_seal(&sa->sk_out, header, writer->first, writer->bytes.data, writer->bytes.length,
                     s2si_packet_piece_data(packet, 0), length, &length) != 0) {
        s2si_packet_drop(ike, packet);
        return NULL;
    }
    packet->pieces[0].length = (uint32_t)length;
    return packet;
}

static struct s2si_packet *seal_fragments(struct s2si_ike_sa *sa, const struct s2si_ike_header *header,
                                          const struct s2si_message_writer *writer, size_t room)
{
    struct s2si_ike *ike = sa->ike;
    size_t count = s2si_skf_count(&sa->sk_out, writer->bytes.length, room);
    struct s2si_packet *packet = count == 0 ? NULL : s2si_packet_new(ike, count, count * room);
    for (size_t i = 0; packet != NULL && i < count; i++) {
        size_t length = 0;
        if (s2si_skf_seal(&sa->sk_out, header, writer->first, writer->bytes.data, writer->bytes.length, room,
                          (uint16_t)(i + 1), s2si_packet_piece_data(packet, i), room, &length) != 0) {
            s2si_packet_drop(ike, packet);
            return NULL;
        }
        packet->pieces[i].length = (uint32_t)length;
    }
    return packet;
}

static struct s2si_packet *seal(struct s2si_ike_sa *sa, uint8_t exchange, bool response, uint32_t id,
                                const struct s2si_message_writer *writer)
{
    struct s2si_ike_header header = header_for(sa, exchange, response, id);
    size_t room = datagram_room(sa);
    if (writer->bytes.failed)
        return NULL;
    if (sa->fragmentation && s2si_sk_sealed_length(&sa->sk_out, writer->bytes.length) > room)
        return seal_fragments(sa, &header, writer, room);
    return seal_whole(sa, &header, writer);
}

static uint64_t owner_of(const struct s2si_ike_sa *sa)
{
    return sa->peer != NULL ? sa->peer->config.owner : 0;
}

int s2si_send_request(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange,
                      struct s2si_message_writer *writer)
{
    struct s2si_packet *packet = seal(sa, exchange, false, slot->id, writer);
    s2si_wipe(sa->ike->chain, writer->bytes.length);
    if (packet == NULL)
        return S2S_ERR_NO_MEMORY;
    s2si_packet_drop(sa->ike, slot->packet);
    slot->packet = packet;
    s2si_exchange_sent(sa, slot);
    return 0;
}

int s2si_send_response(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange,
                       struct s2si_message_writer *writer)
{
    struct s2si_packet *packet = seal(sa, exchange, true, slot->id, writer);
    s2si_wipe(sa->ike->chain, writer->bytes.length);
    if (packet == NULL)
        return S2S_ERR_NO_MEMORY;
    s2si_packet_drop(sa->ike, sa->answer);
    sa->answer = packet;
    s2si_output_packet(sa->ike, packet, owner_of(sa), &sa->local, &sa->remote);
    return 0;
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
