/* SPDX-License-Identifier: Apache-2.0 */
/* KE, ID, AUTH, Nonce, Notify, Delete and Vendor ID payloads; SA stands in payload_sa.c, TS in ts.c. */
#include "lib/ike/v2/payload.h"

/* Types with a meaning for us. CERT, CERTREQ, CP and EAP are recognised, so that their critical bit is no error, and then
   skipped: we authenticate by pre-shared key and give no addresses. */
bool s2si_payload_known(uint8_t type)
{
    return (type >= S2SI_PAYLOAD_SA && type <= S2SI_PAYLOAD_EAP) || type == S2SI_PAYLOAD_SKF;
}

static struct s2si_reader body(const struct s2si_payload *payload)
{
    return s2si_reader(payload->data, payload->length);
}

static struct s2s_span rest(struct s2si_reader *reader)
{
    size_t length = s2si_reader_left(reader);
    return (struct s2s_span){.data = s2si_read_bytes(reader, length), .length = length};
}

static int done(const struct s2si_reader *reader)
{
    return reader->failed ? S2S_ERR_MALFORMED : 0;
}

/*
 * KE, section 3.4, figure 10:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |   Diffie-Hellman Group Num    |           RESERVED            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                       Key Exchange Data                       ~
 */
int s2si_ke_decode(const struct s2si_payload *payload, struct s2si_ke *out)
{
    struct s2si_reader reader = body(payload);
    out->group = s2si_read_u16(&reader);
    s2si_read_skip(&reader, 2);
    out->algorithm = s2si_group_algorithm(out->group);
    out->data = rest(&reader);
    if (out->data.length == 0) {
        return S2S_ERR_MALFORMED;
    }
    return done(&reader);
}

void s2si_ke_encode(struct s2si_message_writer *writer, enum s2s_algorithm group, const uint8_t *data, size_t length)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_KE);
    s2si_write_u16(&writer->bytes, s2si_group_number(group));
    s2si_write_u16(&writer->bytes, 0);
    s2si_write_bytes(&writer->bytes, data, length);
    s2si_payload_end(writer);
}

uint16_t s2si_group_number(enum s2s_algorithm group)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(group);
    return info != NULL && info->type == S2S_TRANSFORM_GROUP ? info->transform_id : 0;
}

enum s2s_algorithm s2si_group_algorithm(uint16_t number)
{
    return number == 0 ? S2S_ALG_NONE : s2s_algorithm_from_wire(S2S_TRANSFORM_GROUP, number, 0);
}

/*
 * IDi, IDr, section 3.5, figure 11:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |   ID Type     |                 RESERVED                      |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                   Identification Data                         ~
 */
static bool id_length_fits(uint8_t type, size_t length)
{
    switch (type) {
    case S2SI_ID_ANY:
        return false; /* reserved on the wire */
    case S2SI_ID_IPV4_ADDR:
        return length == 4;
    case S2SI_ID_IPV6_ADDR:
        return length == 16;
    default:
        return length > 0 && length <= S2SI_ID_LENGTH;
    }
}

int s2si_id_decode(const struct s2si_payload *payload, struct s2si_identity *out, struct s2s_span *whole)
{
    struct s2si_reader reader = body(payload);
    *out = (struct s2si_identity){.type = s2si_read_u8(&reader)};
    s2si_read_skip(&reader, 3);
    size_t length = s2si_reader_left(&reader);
    if (reader.failed || !id_length_fits(out->type, length)) {
        return S2S_ERR_MALFORMED;
    }
    out->length = (uint8_t)length;
    s2si_read_copy(&reader, out->data, length);
    if (whole != NULL) {
        *whole = (struct s2s_span){.data = payload->data, .length = payload->length};
    }
    return done(&reader);
}

size_t s2si_id_body(const struct s2si_identity *id, uint8_t *out)
{
    struct s2si_writer writer = s2si_writer(out, 4 + S2SI_ID_LENGTH);
    s2si_write_u8(&writer, id->type);
    s2si_write_zeros(&writer, 3);
    s2si_write_bytes(&writer, id->data, id->length);
    return writer.length;
}

void s2si_id_encode(struct s2si_message_writer *writer, uint8_t type, const struct s2si_identity *id)
{
    uint8_t bytes[4 + S2SI_ID_LENGTH];
    size_t length = s2si_id_body(id, bytes);
    s2si_payload_begin(writer, type);
    s2si_write_bytes(&writer->bytes, bytes, length);
    s2si_payload_end(writer);
}

/*
 * AUTH, section 3.8, figure 14:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Auth Method   |                RESERVED                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                      Authentication Data                      ~
 */
int s2si_auth_decode(const struct s2si_payload *payload, struct s2si_auth *out)
{
    struct s2si_reader reader = body(payload);
    out->method = s2si_read_u8(&reader);
    s2si_read_skip(&reader, 3);
    out->data = rest(&reader);
    if (out->data.length == 0) {
        return S2S_ERR_MALFORMED;
    }
    return done(&reader);
}

void s2si_auth_encode(struct s2si_message_writer *writer, uint8_t method, const uint8_t *data, size_t length)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_AUTH);
    s2si_write_u8(&writer->bytes, method);
    s2si_write_zeros(&writer->bytes, 3);
    s2si_write_bytes(&writer->bytes, data, length);
    s2si_payload_end(writer);
}

/* Nonce, section 3.9: the body is the nonce, 16 to 256 bytes. */
int s2si_nonce_decode(const struct s2si_payload *payload, struct s2s_span *out)
{
    *out = (struct s2s_span){.data = payload->data, .length = payload->length};
    return payload->length < 16 || payload->length > 256 ? S2S_ERR_MALFORMED : 0;
}

void s2si_nonce_encode(struct s2si_message_writer *writer, const uint8_t *data, size_t length)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_NONCE);
    s2si_write_bytes(&writer->bytes, data, length);
    s2si_payload_end(writer);
}

/*
 * Notify, section 3.10, figure 16:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  Protocol ID  |   SPI Size    |      Notify Message Type      |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                Security Parameter Index (SPI)                 ~
 *   ~                       Notification Data                       ~
 *
 * The protocol is ignored without an SPI (section 3.10). With one, AH and ESP have four bytes; for the IKE_SA the size
 * must be zero.
 */
int s2si_notify_decode(const struct s2si_payload *payload, struct s2si_notify_payload *out)
{
    struct s2si_reader reader = body(payload);
    uint8_t protocol = s2si_read_u8(&reader);
    uint8_t spi_length = s2si_read_u8(&reader);
    out->type = s2si_read_u16(&reader);
    out->protocol = spi_length == 0 ? (uint8_t)S2SI_PROTOCOL_NONE : protocol;
    bool spi_wrong = spi_length != 0 &&
                     (spi_length != 4 || (protocol != S2SI_PROTOCOL_AH && protocol != S2SI_PROTOCOL_ESP));
    out->spi = (struct s2s_span){.data = s2si_read_bytes(&reader, spi_length), .length = spi_length};
    out->data = rest(&reader);
    if (spi_wrong) {
        return S2S_ERR_MALFORMED;
    }
    return done(&reader);
}

bool s2si_notify_find(const struct s2si_message *message, uint16_t type, struct s2si_notify_payload *out)
{
    for (size_t i = 0; i < message->count; i++) {
        struct s2si_notify_payload notify;
        if (message->payloads[i].type != S2SI_PAYLOAD_NOTIFY ||
            s2si_notify_decode(&message->payloads[i], &notify) != 0 || notify.type != type) {
            continue;
        }
        if (out != NULL) {
            *out = notify;
        }
        return true;
    }
    return false;
}

uint16_t s2si_notify_first_error(const struct s2si_message *message, struct s2si_notify_payload *out)
{
    for (size_t i = 0; i < message->count; i++) {
        struct s2si_notify_payload notify;
        if (message->payloads[i].type != S2SI_PAYLOAD_NOTIFY ||
            s2si_notify_decode(&message->payloads[i], &notify) != 0 || !s2si_notify_is_error(notify.type)) {
            continue;
        }
        if (out != NULL) {
            *out = notify;
        }
        return notify.type;
    }
    return 0;
}

void s2si_notify_encode(struct s2si_message_writer *writer, uint16_t type, const void *data, size_t length)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_NOTIFY);
    s2si_write_u8(&writer->bytes, S2SI_PROTOCOL_NONE);
    s2si_write_u8(&writer->bytes, 0);
    s2si_write_u16(&writer->bytes, type);
    s2si_write_bytes(&writer->bytes, data, length);
    s2si_payload_end(writer);
}

void s2si_notify_encode_spi(struct s2si_message_writer *writer, uint8_t protocol, uint32_t spi, uint16_t type,
                            const void *data, size_t length)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_NOTIFY);
    s2si_write_u8(&writer->bytes, protocol);
    s2si_write_u8(&writer->bytes, 4);
    s2si_write_u16(&writer->bytes, type);
    s2si_write_u32(&writer->bytes, spi);
    s2si_write_bytes(&writer->bytes, data, length);
    s2si_payload_end(writer);
}

/*
 * Delete, section 3.11, figure 17:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Protocol ID   |   SPI Size    |          Num of SPIs          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~               Security Parameter Index(es) (SPI)              ~
 *
 * IKE: no SPI, the message's own SA is meant. AH, ESP: four bytes each.
 */
int s2si_delete_decode(const struct s2si_payload *payload, struct s2si_delete *out)
{
    struct s2si_reader reader = body(payload);
    out->protocol = s2si_read_u8(&reader);
    uint8_t spi_length = s2si_read_u8(&reader);
    out->count = s2si_read_u16(&reader);
    out->spis = NULL;
    if (out->protocol == S2SI_PROTOCOL_IKE) {
        return spi_length == 0 && out->count == 0 && s2si_reader_left(&reader) == 0 ? done(&reader) : S2S_ERR_MALFORMED;
    }
    if ((out->protocol != S2SI_PROTOCOL_AH && out->protocol != S2SI_PROTOCOL_ESP) || spi_length != 4) {
        return S2S_ERR_MALFORMED;
    }
    out->spis = s2si_read_bytes(&reader, (size_t)out->count * 4);
    return s2si_reader_left(&reader) == 0 ? done(&reader) : S2S_ERR_MALFORMED;
}

uint32_t s2si_delete_spi(const struct s2si_delete *payload, size_t n)
{
    return s2si_get_u32(payload->spis + 4 * n);
}

void s2si_delete_encode_ike(struct s2si_message_writer *writer)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_DELETE);
    s2si_write_u8(&writer->bytes, S2SI_PROTOCOL_IKE);
    s2si_write_zeros(&writer->bytes, 3);
    s2si_payload_end(writer);
}

void s2si_delete_encode_esp(struct s2si_message_writer *writer, const uint32_t *spis, size_t count)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_DELETE);
    s2si_write_u8(&writer->bytes, S2SI_PROTOCOL_ESP);
    s2si_write_u8(&writer->bytes, 4);
    s2si_write_u16(&writer->bytes, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        s2si_write_u32(&writer->bytes, spis[i]);
    }
    s2si_payload_end(writer);
}

/* Vendor ID, section 3.12: opaque. */
void s2si_vendor_encode(struct s2si_message_writer *writer, const void *data, size_t length)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_VENDOR);
    s2si_write_bytes(&writer->bytes, data, length);
    s2si_payload_end(writer);
}
