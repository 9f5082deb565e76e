/* SPDX-License-Identifier: Apache-2.0 */
/* The SA payload, RFC 7296 section 3.3: proposals, their transforms, their attributes. */
#include "lib/ike/v2/payload.h"

enum { LAST = 0, MORE_PROPOSALS = 2, MORE_TRANSFORMS = 3, ATTRIBUTE_KEY_LENGTH = 14, TRANSFORM_TYPES = 6 };

/* What the transforms of one proposal said, until it is known whether the proposal is usable. */
struct transform {
    uint8_t type;
    uint16_t id;
    uint16_t key_bits;      /* 0 = no Key Length attribute */
    bool unknown_attribute; /* the transform is not acceptable (section 3.3.6) */
};

/*
 * Transform attribute, section 3.3.5, figure 9. AF set: the value stands in place of the length.
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |A|       Attribute Type        |    AF=0  Attribute Length     |
 *   |F|                             |    AF=1  Attribute Value      |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                   AF=0  Attribute Value                       |
 */
static bool attributes_read(struct s2si_reader *reader, struct transform *out)
{
    while (s2si_reader_left(reader) != 0 && !reader->failed) {
        uint16_t type = s2si_read_u16(reader);
        uint16_t value = s2si_read_u16(reader);
        if ((type & 0x8000) == 0) {
            s2si_read_skip(reader, value);
            out->unknown_attribute = true;
        } else if ((type & 0x7fff) == ATTRIBUTE_KEY_LENGTH && out->key_bits == 0 && value != 0) {
            out->key_bits = value;
        } else {
            out->unknown_attribute = true; /* also a Key Length of 0 or a second one */
        }
    }
    return !reader->failed;
}

/*
 * Transform, section 3.3.2, figure 8:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Last Substruc |   RESERVED    |        Transform Length       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |Transform Type |   RESERVED    |          Transform ID         |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                      Transform Attributes                     ~
 */
static bool transform_read(struct s2si_reader *reader, bool last, struct transform *out)
{
    *out = (struct transform){0};
    uint8_t more = s2si_read_u8(reader);
    s2si_read_skip(reader, 1);
    uint16_t length = s2si_read_u16(reader);
    if (reader->failed || length < 8 || more != (last ? LAST : MORE_TRANSFORMS)) {
        return false;
    }
    struct s2si_reader part = s2si_read_part(reader, length - 4u);
    out->type = s2si_read_u8(&part);
    s2si_read_skip(&part, 1);
    out->id = s2si_read_u16(&part);
    return !part.failed && attributes_read(&part, out);
}

static bool has_algorithm(const struct s2si_proposal *proposal, size_t type, uint16_t algorithm)
{
    for (size_t i = 0; i < proposal->count[type]; i++) {
        if (proposal->algorithms[type][i] == algorithm) {
            return true;
        }
    }
    return false;
}

/* Section 3.3.6: an unknown transform type spoils the proposal, an unknown id or attribute only the transform. */
static void transform_take(struct s2si_proposal *proposal, const struct transform *transform)
{
    if (transform->type == 0 || transform->type >= TRANSFORM_TYPES) {
        proposal->unusable = true;
        return;
    }
    bool none = transform->id == 0 && transform->key_bits == 0 &&
                (transform->type == S2SI_TRANSFORM_INTEG || transform->type == S2SI_TRANSFORM_KE);
    enum s2s_algorithm algorithm = s2s_algorithm_from_wire((enum s2s_transform_type)transform->type, transform->id,
                                                           transform->key_bits);
    if (transform->unknown_attribute || (algorithm == S2S_ALG_NONE && !none)) {
        return;
    }
    uint8_t *count = &proposal->count[transform->type];
    if (*count < S2SI_PROPOSAL_ALGORITHMS && !has_algorithm(proposal, transform->type, (uint16_t)algorithm)) {
        proposal->algorithms[transform->type][(*count)++] = (uint16_t)algorithm;
    }
}

/* A type of which every transform was unknown must not pass for a type that was not there. */
static bool transforms_read(struct s2si_reader *reader, uint8_t count, struct s2si_proposal *out)
{
    bool present[TRANSFORM_TYPES] = {false};
    for (unsigned i = 0; i < count; i++) {
        struct transform transform;
        if (!transform_read(reader, i + 1u == count, &transform)) {
            return false;
        }
        transform_take(out, &transform);
        if (transform.type < TRANSFORM_TYPES) {
            present[transform.type] = true;
        }
    }
    for (size_t type = 1; type < TRANSFORM_TYPES; type++) {
        if (present[type] && out->count[type] == 0) {
            out->unusable = true;
        }
    }
    return s2si_reader_left(reader) == 0;
}

/* SPI sizes: IKE none in IKE_SA_INIT, eight bytes in a rekey; AH and ESP four (section 3.3.1). Zero and what RFC 4303
   section 2.1 reserves (1..255) name no SA. */
static bool spi_read(struct s2si_reader *reader, uint8_t length, struct s2si_proposal *out)
{
    bool ike = out->protocol == S2SI_PROTOCOL_IKE;
    if (!ike && out->protocol != S2SI_PROTOCOL_AH && out->protocol != S2SI_PROTOCOL_ESP) {
        out->unusable = true;
        return s2si_read_skip(reader, length);
    }
    if (ike ? length != 0 && length != 8 : length != 4) {
        return false;
    }
    out->spi_length = length;
    if (!s2si_read_copy(reader, out->spi, length)) {
        return false;
    }
    if ((length == 4 && s2si_get_u32(out->spi) < 256) || (length == 8 && s2si_get_u64(out->spi) == 0)) {
        out->unusable = true;
    }
    return true;
}

/*
 * Proposal, section 3.3.1, figure 7:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Last Substruc |   RESERVED    |         Proposal Length       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                        SPI (variable)                         ~
 *   ~                        <Transforms>                           ~
 */
static bool proposal_read(struct s2si_reader *reader, bool *last, struct s2si_proposal *out)
{
    *out = (struct s2si_proposal){0};
    uint8_t more = s2si_read_u8(reader);
    s2si_read_skip(reader, 1);
    uint16_t length = s2si_read_u16(reader);
    if (reader->failed || length < 8 || (more != LAST && more != MORE_PROPOSALS)) {
        return false;
    }
    *last = more == LAST;
    struct s2si_reader part = s2si_read_part(reader, length - 4u);
    out->number = s2si_read_u8(&part);
    out->protocol = s2si_read_u8(&part);
    uint8_t spi_length = s2si_read_u8(&part);
    uint8_t transforms = s2si_read_u8(&part);
    return !part.failed && out->number != 0 && transforms != 0 && spi_read(&part, spi_length, out) &&
           transforms_read(&part, transforms, out);
}

int s2si_sa_decode(const struct s2si_payload *payload, struct s2si_proposal_list *out)
{
    struct s2si_reader reader = s2si_reader(payload->data, payload->length);
    uint8_t number = 0;
    bool last = false;
    out->count = 0;
    while (!last) {
        struct s2si_proposal proposal;
        /* Numbers rise within a payload; an answer may begin with any (section 3.3.1). */
        if (!proposal_read(&reader, &last, &proposal) || proposal.number <= number) {
            return S2S_ERR_MALFORMED;
        }
        number = proposal.number;
        if (out->count < S2SI_PROPOSALS) {
            out->items[out->count++] = proposal;
        }
    }
    return s2si_reader_left(&reader) == 0 ? 0 : S2S_ERR_MALFORMED;
}

static void transform_write(struct s2si_writer *writer, uint8_t type, uint16_t algorithm, bool last)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info((enum s2s_algorithm)algorithm);
    uint16_t key_bits = info == NULL ? 0 : info->key_bits;
    s2si_write_u8(writer, last ? LAST : MORE_TRANSFORMS);
    s2si_write_u8(writer, 0);
    s2si_write_u16(writer, key_bits == 0 ? 8 : 12);
    s2si_write_u8(writer, type);
    s2si_write_u8(writer, 0);
    s2si_write_u16(writer, info == NULL ? 0 : info->transform_id);
    if (key_bits != 0) {
        s2si_write_u16(writer, 0x8000 | ATTRIBUTE_KEY_LENGTH);
        s2si_write_u16(writer, key_bits);
    }
}

static void proposal_write(struct s2si_writer *writer, const struct s2si_proposal *proposal, uint8_t number, bool last)
{
    size_t start = s2si_write_hole(writer, 4);
    size_t total = 0, written = 0;
    for (size_t type = 1; type < TRANSFORM_TYPES; type++) {
        total += proposal->count[type];
    }
    s2si_patch_u8(writer, start, last ? LAST : MORE_PROPOSALS);
    s2si_patch_u8(writer, start + 1, 0);
    s2si_write_u8(writer, number);
    s2si_write_u8(writer, proposal->protocol);
    s2si_write_u8(writer, proposal->spi_length);
    s2si_write_u8(writer, (uint8_t)total);
    s2si_write_bytes(writer, proposal->spi, proposal->spi_length);
    for (uint8_t type = 1; type < TRANSFORM_TYPES; type++) {
        for (size_t i = 0; i < proposal->count[type]; i++) {
            transform_write(writer, type, proposal->algorithms[type][i], ++written == total);
        }
    }
    if (!writer->failed) {
        s2si_patch_u16(writer, start + 2, (uint16_t)(writer->length - start));
    }
}

void s2si_sa_encode(struct s2si_message_writer *writer, const struct s2si_proposal_list *list)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_SA);
    for (uint8_t i = 0; i < list->count; i++) {
        proposal_write(&writer->bytes, &list->items[i], (uint8_t)(i + 1), i + 1 == list->count);
    }
    s2si_payload_end(writer);
}

void s2si_sa_encode_one(struct s2si_message_writer *writer, const struct s2si_proposal *proposal)
{
    s2si_payload_begin(writer, S2SI_PAYLOAD_SA);
    proposal_write(&writer->bytes, proposal, proposal->number, true);
    s2si_payload_end(writer);
}
