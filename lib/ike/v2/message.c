/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/message.h"

#include "lib/ike/v2/payload.h"

int s2si_message_fail(struct s2si_message_error *error, int result, uint16_t notify, uint8_t payload, const char *what)
{
    if (error != NULL) {
        error->notify = notify;
        error->payload = payload;
        error->what = what;
    }
    return result;
}

static int bad_header(struct s2si_message_error *error, const char *what)
{
    return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, 0, what);
}

/*
 *                      1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                       IKE SA Initiator's SPI                  |
 *   |                                                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                       IKE SA Responder's SPI                  |
 *   |                                                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  Next Payload | MjVer | MnVer | Exchange Type |     Flags     |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                          Message ID                           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                            Length                             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                       RFC 7296 section 3.1, figure 4
 */
static bool header_read(const uint8_t *data, size_t length, struct s2si_ike_header *out)
{
    struct s2si_reader reader = s2si_reader(data, length);
    out->spi_i = s2si_read_u64(&reader);
    out->spi_r = s2si_read_u64(&reader);
    out->next_payload = s2si_read_u8(&reader);
    out->version = s2si_read_u8(&reader);
    out->exchange = s2si_read_u8(&reader);
    out->flags = s2si_read_u8(&reader);
    out->message_id = s2si_read_u32(&reader);
    out->length = s2si_read_u32(&reader);
    return !reader.failed;
}

/* Section 3.1: SPIr is zero in the first message of an exchange that makes an IKE_SA, and only there; the answer may
   carry zero too when it makes none (COOKIE, INVALID_KE_PAYLOAD, section 2.6). Its Message ID is 0 (section 2.2). */
static const char *header_rules(const struct s2si_ike_header *header)
{
    bool opening = header->exchange == S2SI_IKE_SA_INIT || header->exchange == S2SI_IKE_SESSION_RESUME;
    bool response = s2si_ike_header_is_response(header);
    if (header->spi_i == 0) {
        return "initiator SPI is zero";
    }
    if (!opening) {
        return header->spi_r == 0 ? "responder SPI is zero" : NULL;
    }
    if (!response && header->spi_r != 0) {
        return "responder SPI in the first request";
    }
    if (header->message_id != 0) {
        return "Message ID of the first exchange is not zero";
    }
    if (s2si_ike_header_from_initiator(header) == response) {
        return "Initiator flag contradicts the direction";
    }
    return NULL;
}

int s2si_ike_header_parse(const uint8_t *data, size_t length, struct s2si_ike_header *out,
                          struct s2si_message_error *error)
{
    if (!header_read(data, length, out)) {
        return bad_header(error, "shorter than an IKE header");
    }
    /* A higher minor version is read as ours (section 2.5). */
    if (out->version >> 4 != S2SI_IKE_VERSION >> 4) {
        return s2si_message_fail(error, S2S_ERR_UNSUPPORTED, S2SI_N_INVALID_MAJOR_VERSION, 0,
                                 "major version is not 2");
    }
    if (out->length != length) {
        return bad_header(error, out->length < length ? "bytes behind the message" : "message is cut short");
    }
    const char *broken = header_rules(out);
    return broken == NULL ? 0 : bad_header(error, broken);
}

void s2si_ike_header_write(struct s2si_writer *writer, const struct s2si_ike_header *header)
{
    s2si_write_u64(writer, header->spi_i);
    s2si_write_u64(writer, header->spi_r);
    s2si_write_u8(writer, header->next_payload);
    s2si_write_u8(writer, header->version);
    s2si_write_u8(writer, header->exchange);
    s2si_write_u8(writer, header->flags);
    s2si_write_u32(writer, header->message_id);
    s2si_write_u32(writer, header->length);
}

bool s2si_ike_header_is_response(const struct s2si_ike_header *header)
{
    return (header->flags & S2SI_IKE_FLAG_RESPONSE) != 0;
}

bool s2si_ike_header_from_initiator(const struct s2si_ike_header *header)
{
    return (header->flags & S2SI_IKE_FLAG_INITIATOR) != 0;
}

/*
 *                      1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Next Payload  |C|  RESERVED   |         Payload Length        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                       RFC 7296 section 3.2, figure 5
 */
static bool payload_read(struct s2si_reader *reader, uint8_t type, struct s2si_payload *out)
{
    out->type = type;
    out->known = s2si_payload_known(type);
    out->next = s2si_read_u8(reader);
    out->critical = (s2si_read_u8(reader) & 0x80) != 0;
    uint16_t length = s2si_read_u16(reader);
    if (length < S2SI_PAYLOAD_HEADER_LENGTH) {
        return false;
    }
    out->length = length - (size_t)S2SI_PAYLOAD_HEADER_LENGTH;
    out->data = s2si_read_bytes(reader, out->length);
    return out->data != NULL && !reader->failed;
}

/* The type alone: the critical bit counts only where the type is not understood (section 2.5). IKEv1's types are
   never assigned in IKEv2 (section 3.2): whoever sends them speaks another protocol. */
static int payload_type_check(const struct s2si_payload *payload, struct s2si_message_error *error)
{
    if (payload->known) {
        return 0;
    }
    if (payload->critical) {
        return s2si_message_fail(error, S2S_ERR_UNSUPPORTED, S2SI_N_UNSUPPORTED_CRITICAL_PAYLOAD, payload->type,
                                 "critical payload of unknown type");
    }
    if (payload->type <= S2SI_IKEV1_PAYLOAD_LAST) {
        return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, payload->type,
                                 "IKEv1 payload in an IKEv2 message");
    }
    return 0;
}

static bool is_protected(uint8_t type)
{
    return type == S2SI_PAYLOAD_SK || type == S2SI_PAYLOAD_SKF;
}

/* Walks one chain. inner: the chain came out of an SK payload, which cannot hold another. An SK or SKF payload ends the
   outer chain: its Next Payload names what is inside (section 3.14). */
static int chain_parse(struct s2si_message *message, uint8_t type, struct s2si_reader *reader, bool inner,
                       struct s2si_message_error *error)
{
    while (type != S2SI_PAYLOAD_NONE) {
        struct s2si_payload payload = {.encrypted = inner};
        if (message->count == S2SI_MESSAGE_PAYLOADS) {
            return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, type, "too many payloads");
        }
        if (!payload_read(reader, type, &payload)) {
            return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, type,
                                     "payload length outside the message");
        }
        int result = payload_type_check(&payload, error);
        if (result != 0) {
            return result;
        }
        if (inner && is_protected(type)) {
            return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, type, "SK payload inside SK");
        }
        message->payloads[message->count++] = payload;
        type = is_protected(type) ? (uint8_t)S2SI_PAYLOAD_NONE : payload.next;
    }
    if (s2si_reader_left(reader) != 0) {
        return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, 0, "bytes behind the last payload");
    }
    return 0;
}

int s2si_message_parse(const uint8_t *data, size_t length, struct s2si_message *out, struct s2si_message_error *error)
{
    out->data = data;
    out->length = length;
    out->count = 0;
    int result = s2si_ike_header_parse(data, length, &out->header, error);
    if (result != 0) {
        return result;
    }
    struct s2si_reader reader = s2si_reader(data, length);
    s2si_read_skip(&reader, S2SI_IKE_HEADER_LENGTH);
    return chain_parse(out, out->header.next_payload, &reader, false, error);
}

int s2si_message_parse_chain(struct s2si_message *message, uint8_t first, const uint8_t *data, size_t length,
                             struct s2si_message_error *error)
{
    struct s2si_reader reader = s2si_reader(data, length);
    return chain_parse(message, first, &reader, true, error);
}

const struct s2si_payload *s2si_message_find(const struct s2si_message *message, uint8_t type, size_t n)
{
    for (size_t i = 0; i < message->count; i++) {
        if (message->payloads[i].type == type && n-- == 0) {
            return &message->payloads[i];
        }
    }
    return NULL;
}

size_t s2si_message_count(const struct s2si_message *message, uint8_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < message->count; i++) {
        count += message->payloads[i].type == type;
    }
    return count;
}
