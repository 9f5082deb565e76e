/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of message.h. */
#include "lib/ike/v2/message.h"

static const size_t NEXT_PAYLOAD_OFFSET = 16; /* in the IKE header, section 3.1 */
static const size_t LENGTH_OFFSET = 24;

void s2si_chain_start(struct s2si_message_writer *writer, void *data, size_t capacity)
{
    writer->bytes = s2si_writer(data, capacity);
    writer->first = S2SI_PAYLOAD_NONE;
    writer->has_header = false;
    writer->next_at = SIZE_MAX;
    writer->payload_at = SIZE_MAX;
}

void s2si_message_start(struct s2si_message_writer *writer, void *data, size_t capacity,
                        const struct s2si_ike_header *header)
{
    s2si_chain_start(writer, data, capacity);
    s2si_ike_header_write(&writer->bytes, header);
    s2si_patch_u8(&writer->bytes, NEXT_PAYLOAD_OFFSET, S2SI_PAYLOAD_NONE);
    writer->has_header = true;
    writer->next_at = NEXT_PAYLOAD_OFFSET;
}

/* The critical bit stays clear: all payloads that we send are of RFC 7296 (section 3.2). */
void s2si_payload_begin(struct s2si_message_writer *writer, uint8_t type)
{
    if (writer->first == S2SI_PAYLOAD_NONE) {
        writer->first = type;
    }
    if (writer->next_at != SIZE_MAX) {
        s2si_patch_u8(&writer->bytes, writer->next_at, type);
    }
    writer->payload_at = s2si_write_hole(&writer->bytes, S2SI_PAYLOAD_HEADER_LENGTH);
    writer->next_at = writer->payload_at;
}

void s2si_payload_end(struct s2si_message_writer *writer)
{
    if (writer->bytes.failed || writer->payload_at == SIZE_MAX) {
        writer->bytes.failed = true;
        return;
    }
    size_t length = writer->bytes.length - writer->payload_at;
    if (length > UINT16_MAX) {
        writer->bytes.failed = true;
        return;
    }
    s2si_patch_u8(&writer->bytes, writer->payload_at, S2SI_PAYLOAD_NONE);
    s2si_patch_u8(&writer->bytes, writer->payload_at + 1, 0);
    s2si_patch_u16(&writer->bytes, writer->payload_at + 2, (uint16_t)length);
    writer->payload_at = SIZE_MAX;
}

int s2si_message_finish(struct s2si_message_writer *writer)
{
    if (writer->bytes.failed || writer->payload_at != SIZE_MAX || writer->bytes.length > UINT32_MAX) {
        return S2S_ERR_BUFFER;
    }
    if (writer->has_header) {
        s2si_patch_u32(&writer->bytes, LENGTH_OFFSET, (uint32_t)writer->bytes.length);
    }
    return 0;
}
