/* SPDX-License-Identifier: Apache-2.0 */
/* The switches of ike_fault: each does one thing to a message, or to its way. */
#include <stdlib.h>

#include "tests/sim/ike_fault.h"

/* ---- any payload ---- */

bool edit_omit(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, (uint8_t)row->argument);
    if (payload != NULL)
        fault_remove(message, payload);
    return payload != NULL;
}

bool edit_empty(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, (uint8_t)row->argument);
    if (payload != NULL)
        payload->length = 0;
    return payload != NULL;
}

bool edit_twice(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, (uint8_t)row->argument);
    if (payload != NULL)
        (void)fault_insert(message, (size_t)(payload - message->payloads), payload->type, payload->data,
                           payload->length);
    return payload != NULL;
}

/* Its last byte is missing, and its length says so. */
bool edit_cut(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, (uint8_t)row->argument);
    if (payload == NULL || payload->length == 0)
        return false;
    payload->length--;
    return true;
}

/* The Payload Length is less than its own header. */
bool edit_length_3(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, (uint8_t)row->argument);
    if (payload != NULL)
        payload->claims = -(int)payload->length - 1;
    return payload != NULL;
}

bool edit_length_over(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, (uint8_t)row->argument);
    if (payload != NULL)
        payload->claims = 0xdead - 4 - (int)payload->length;
    return payload != NULL;
}

/* ---- header ---- */

bool edit_major(struct fault_message *message, const struct fault_case *row)
{
    (void)row;
    message->header.version = 0x30;
    return true;
}

bool edit_minor(struct fault_message *message, const struct fault_case *row)
{
    (void)row;
    message->header.version = 0x2f;
    return true;
}

bool edit_flags(struct fault_message *message, const struct fault_case *row)
{
    message->header.flags |= (uint8_t)row->argument;
    return true;
}

bool edit_exchange(struct fault_message *message, const struct fault_case *row)
{
    message->header.exchange = (uint8_t)row->argument;
    return true;
}

/* argument 0: the initiator's, 1: the responder's. */
bool edit_spi_zero(struct fault_message *message, const struct fault_case *row)
{
    *(row->argument == 0 ? &message->header.spi_i : &message->header.spi_r) = 0;
    return true;
}

bool edit_spi_other(struct fault_message *message, const struct fault_case *row)
{
    *(row->argument == 0 ? &message->header.spi_i : &message->header.spi_r) ^= 0x100;
    return true;
}

bool edit_length(struct fault_message *message, const struct fault_case *row)
{
    message->length_claim = row->argument;
    return true;
}

bool edit_id(struct fault_message *message, const struct fault_case *row)
{
    message->header.message_id += (uint32_t)row->argument;
    return true;
}

/* ---- envelope ---- */

bool edit_break(struct fault_message *message, const struct fault_case *row)
{
    message->broken = row->argument;
    return message->sealed;
}

bool edit_in_clear(struct fault_message *message, const struct fault_case *row)
{
    (void)row;
    message->in_clear = true;
    return message->sealed;
}

bool edit_outside(struct fault_message *message, const struct fault_case *row)
{
    (void)row;
    if (!message->sealed)
        return false;
    if (message->count == 0)
        (void)fault_insert(message, 0, S2SI_PAYLOAD_NOTIFY, "\0\0\x40\x00", 4);
    message->outside = 1;
    return true;
}

/* ---- what is not understood ---- */

bool edit_unknown(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_insert(message, 0, (uint8_t)row->argument, "what?", 5);
    payload->flags = (uint8_t)((row->argument & 256) != 0 ? 0x80 : 0);
    return true;
}

bool edit_unknown_last(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_insert(message, message->count, (uint8_t)row->argument, "what?", 5);
    payload->flags = (uint8_t)((row->argument & 256) != 0 ? 0x80 : 0);
    return true;
}

/* As many as make so many payloads in all. */
bool edit_pad(struct fault_message *message, const struct fault_case *row)
{
    while (message->count < (size_t)row->argument)
        (void)fault_insert(message, 0, 201, NULL, 0);
    return true;
}

/* Every reserved bit of payload headers and bodies. */
bool edit_reserved(struct fault_message *message, const struct fault_case *row)
{
    (void)row;
    for (size_t i = 0; i < message->count; i++) {
        struct fault_payload *payload = &message->payloads[i];
        size_t from = 0, count = 0;
        payload->flags |= 0x7f;
        switch (payload->type) {
        case S2SI_PAYLOAD_IDI:
        case S2SI_PAYLOAD_IDR:
        case S2SI_PAYLOAD_AUTH:
        case S2SI_PAYLOAD_TSI:
        case S2SI_PAYLOAD_TSR:
            from = 1;
            count = payload->type == S2SI_PAYLOAD_IDI || payload->type == S2SI_PAYLOAD_IDR ? 0 : 3; /* AUTH covers IDs */
            break;
        case S2SI_PAYLOAD_KE:
            from = 2;
            count = 2;
            break;
        case S2SI_PAYLOAD_SA:
            from = 1;
            count = 1;
            break;
        default:
            break;
        }
        if (payload->length >= from + count)
            memset(payload->data + from, 0xff, count);
    }
    return message->count > 0;
}

/* The critical bit on what everyone knows is ignored (section 2.5). */
bool edit_critical(struct fault_message *message, const struct fault_case *row)
{
    (void)row;
    for (size_t i = 0; i < message->count; i++)
        message->payloads[i].flags |= 0x80;
    return message->count > 0;
}

bool edit_ikev1(struct fault_message *message, const struct fault_case *row)
{
    (void)fault_insert(message, 1, (uint8_t)row->argument, "\0\0\0\0\0\0\0\0", 8);
    return true;
}

/* ---- notifies ---- */

bool edit_notify(struct fault_message *message, const struct fault_case *row)
{
    uint8_t body[4] = {0, 0, (uint8_t)(row->argument >> 8), (uint8_t)row->argument};
    (void)fault_insert(message, message->count, S2SI_PAYLOAD_NOTIFY, body, sizeof body);
    return true;
}

bool edit_notify_omit(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload;
    bool any = false;
    while ((payload = fault_notify(message, (uint16_t)row->argument)) != NULL) {
        fault_remove(message, payload);
        any = true;
    }
    return any;
}

bool edit_notify_spi_size(struct fault_message *message, const struct fault_case *row)
{
    uint8_t body[6] = {S2SI_PROTOCOL_ESP, (uint8_t)row->argument, 0x40, 0x0a, 1, 2};
    (void)fault_insert(message, message->count, S2SI_PAYLOAD_NOTIFY, body, sizeof body);
    return true;
}

bool edit_rekey_protocol(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_notify(message, S2SI_N_REKEY_SA);
    if (payload != NULL)
        payload->data[0] = (uint8_t)row->argument;
    return payload != NULL;
}

bool edit_rekey_spi_size(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_notify(message, S2SI_N_REKEY_SA);
    if (payload == NULL)
        return false;
    uint8_t *data = fault_resize(message, payload, 4 + (size_t)row->argument);
    data[1] = (uint8_t)row->argument;
    return true;
}

bool edit_rekey_spi(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_notify(message, S2SI_N_REKEY_SA);
    if (payload != NULL)
        s2si_put_u32(payload->data + 4, (uint32_t)row->argument);
    return payload != NULL;
}

/* ---- Delete: protocol, SPI size, number, SPIs ---- */

static struct fault_payload *the_delete(struct fault_message *message)
{
    return fault_find(message, S2SI_PAYLOAD_DELETE);
}

bool edit_delete_protocol(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = the_delete(message);
    if (payload != NULL)
        payload->data[0] = (uint8_t)row->argument;
    return payload != NULL;
}

bool edit_delete_count(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = the_delete(message);
    if (payload != NULL)
        s2si_put_u16(payload->data + 2, (uint16_t)row->argument);
    return payload != NULL;
}

bool edit_delete_spi_size(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = the_delete(message);
    if (payload != NULL)
        payload->data[1] = (uint8_t)row->argument;
    return payload != NULL;
}

bool edit_delete_spi(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = the_delete(message);
    if (payload == NULL || payload->length < 8)
        return false;
    s2si_put_u32(payload->data + 4, (uint32_t)row->argument);
    return true;
}

/* ---- KE, nonce, AUTH, ID ---- */

bool edit_ke_group(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_KE);
    if (payload != NULL)
        s2si_put_u16(payload->data, (uint16_t)row->argument);
    return payload != NULL;
}

/* argument: bytes of the public value. */
bool edit_ke_length(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_KE);
    if (payload != NULL)
        (void)fault_resize(message, payload, 4 + (size_t)row->argument);
    return payload != NULL;
}

bool edit_ke_zero(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_KE);
    (void)row;
    if (payload != NULL)
        memset(payload->data + 4, 0, payload->length - 4);
    return payload != NULL;
}

bool edit_nonce_length(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_NONCE);
    if (payload != NULL)
        (void)fault_resize(message, payload, (size_t)row->argument);
    return payload != NULL;
}

bool edit_auth_method(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_AUTH);
    if (payload != NULL)
        payload->data[0] = (uint8_t)row->argument;
    return payload != NULL;
}

bool edit_auth_length(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_AUTH);
    if (payload != NULL)
        (void)fault_resize(message, payload, 4 + (size_t)row->argument);
    return payload != NULL;
}

bool edit_auth_value(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_AUTH);
    if (payload != NULL)
        payload->data[payload->length - (size_t)row->argument] ^= 1;
    return payload != NULL;
}

static struct fault_payload *own_id(struct fault_message *message)
{
    bool response = (message->header.flags & S2SI_IKE_FLAG_RESPONSE) != 0;
    return fault_find(message, response ? S2SI_PAYLOAD_IDR : S2SI_PAYLOAD_IDI);
}

bool edit_id_omit(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = own_id(message);
    (void)row;
    if (payload != NULL)
        fault_remove(message, payload);
    return payload != NULL;
}

bool edit_id_length(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = own_id(message);
    if (payload != NULL)
        fault_resize(message, payload, 4 + (size_t)row->argument)[0] = S2SI_ID_FQDN;
    return payload != NULL;
}

bool edit_id_type(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = own_id(message);
    if (payload != NULL)
        payload->data[0] = (uint8_t)row->argument;
    return payload != NULL;
}

bool edit_childless(struct fault_message *message, const struct fault_case *row)
{
    static const uint8_t types[] = {S2SI_PAYLOAD_SA, S2SI_PAYLOAD_TSI, S2SI_PAYLOAD_TSR};
    bool any = false;
    (void)row;
    for (size_t i = 0; i < S2SI_COUNT(types); i++) {
        struct fault_payload *payload = fault_find(message, types[i]);
        if (payload != NULL)
            fault_remove(message, payload);
        any = any || payload != NULL;
    }
    return any;
}

/* ---- SA: the first proposal taken apart ---- */

struct transform {
    uint8_t type;
    uint16_t id;
    unsigned key_length, key_lengths; /* attributes of type 14, how many */
};
struct proposal {
    uint8_t number, protocol, spi_length, spi[255];
    size_t count;
    struct transform transforms[16];
    int count_claim, length_claim;
    bool twice; /* the whole proposal once more */
};

static bool read_proposal(const struct fault_payload *payload, struct proposal *out)
{
    struct s2si_reader reader = s2si_reader(payload->data, payload->length);
    memset(out, 0, sizeof *out);
    (void)s2si_read_u32(&reader);
    out->number = s2si_read_u8(&reader);
    out->protocol = s2si_read_u8(&reader);
    out->spi_length = s2si_read_u8(&reader);
    out->count = s2si_read_u8(&reader);
    (void)s2si_read_copy(&reader, out->spi, out->spi_length);
    for (size_t i = 0; i < out->count && i < S2SI_COUNT(out->transforms); i++) {
        (void)s2si_read_u16(&reader);
        uint16_t length = s2si_read_u16(&reader);
        out->transforms[i].type = s2si_read_u8(&reader);
        (void)s2si_read_u8(&reader);
        out->transforms[i].id = s2si_read_u16(&reader);
        if (length == 12) {
            (void)s2si_read_u16(&reader);
            out->transforms[i].key_length = s2si_read_u16(&reader);
            out->transforms[i].key_lengths = 1;
        }
    }
    return !reader.failed && out->count <= S2SI_COUNT(out->transforms);
}

static void write_transform(struct s2si_writer *writer, const struct transform *transform, bool last)
{
    s2si_write_u8(writer, last ? 0 : 3);
    s2si_write_u8(writer, 0);
    s2si_write_u16(writer, (uint16_t)(8 + 4 * transform->key_lengths));
    s2si_write_u8(writer, transform->type);
    s2si_write_u8(writer, 0);
    s2si_write_u16(writer, transform->id);
    for (unsigned i = 0; i < transform->key_lengths; i++) {
        s2si_write_u16(writer, 0x800e);
        s2si_write_u16(writer, (uint16_t)transform->key_length);
    }
}

static void write_proposal(struct s2si_writer *writer, const struct proposal *proposal, bool last)
{
    size_t start = writer->length;
    s2si_write_u8(writer, last ? 0 : 2);
    s2si_write_u8(writer, 0);
    size_t length_at = s2si_write_hole(writer, 2);
    s2si_write_u8(writer, proposal->number);
    s2si_write_u8(writer, proposal->protocol);
    s2si_write_u8(writer, proposal->spi_length);
    s2si_write_u8(writer, (uint8_t)((int)proposal->count + proposal->count_claim));
    s2si_write_bytes(writer, proposal->spi, proposal->spi_length);
    for (size_t i = 0; i < proposal->count; i++)
        write_transform(writer, &proposal->transforms[i], i + 1 == proposal->count);
    s2si_patch_u16(writer, length_at, (uint16_t)((int)(writer->length - start) + proposal->length_claim));
}

static struct transform *of_type(struct proposal *proposal, uint8_t type)
{
    for (size_t i = 0; i < proposal->count; i++) {
        if (proposal->transforms[i].type == type)
            return &proposal->transforms[i];
    }
    return NULL;
}

static bool drop_type(struct proposal *proposal, uint8_t type)
{
    struct transform *transform = of_type(proposal, type);
    if (transform == NULL)
        return false;
    *transform = proposal->transforms[--proposal->count];
    return true;
}

static bool add(struct proposal *proposal, uint8_t type, uint16_t id)
{
    if (proposal->count == S2SI_COUNT(proposal->transforms))
        return false;
    proposal->transforms[proposal->count++] = (struct transform){.type = type, .id = id};
    return true;
}

static bool set_id(struct proposal *proposal, uint8_t type, uint16_t id)
{
    struct transform *transform = of_type(proposal, type);
    if (transform != NULL)
        transform->id = id;
    return transform != NULL;
}

static bool change_keys(struct proposal *proposal, enum fault_sa what)
{
    struct transform *encryption = of_type(proposal, S2SI_TRANSFORM_ENCR);
    if (encryption == NULL)
        return false;
    encryption->key_length = what == SA_KEY_LENGTH_0 ? 0 : encryption->key_length;
    encryption->key_lengths = what == SA_KEY_LENGTH_OMITTED ? 0 : what == SA_KEY_LENGTH_TWICE ? 2 : 1;
    return true;
}

static bool change_proposal(struct proposal *proposal, enum fault_sa what)
{
    switch (what) {
    case SA_NO_GROUP:
        return drop_type(proposal, S2SI_TRANSFORM_KE);
    case SA_NO_INTEGRITY:
        return drop_type(proposal, S2SI_TRANSFORM_INTEG);
    case SA_INTEGRITY_NONE:
        return set_id(proposal, S2SI_TRANSFORM_INTEG, 0) || add(proposal, S2SI_TRANSFORM_INTEG, 0);
    case SA_GROUP_NONE:
        return set_id(proposal, S2SI_TRANSFORM_KE, 0);
    case SA_UNKNOWN_TYPE:
        return add(proposal, 77, 1);
    case SA_UNKNOWN_ID:
        return add(proposal, S2SI_TRANSFORM_ENCR, 1024);
    case SA_ONLY_UNKNOWN_ID:
        return set_id(proposal, S2SI_TRANSFORM_ENCR, 1024);
    case SA_GMAC:
        return set_id(proposal, S2SI_TRANSFORM_ENCR, 21);
    case SA_SPI_0:
        memset(proposal->spi, 0, sizeof proposal->spi);
        return proposal->spi_length > 0;
    case SA_SPI_SIZE:
        proposal->spi_length = proposal->spi_length == 0 ? 4 : 3;
        return true;
    case SA_PROTOCOL:
        proposal->protocol = S2SI_PROTOCOL_AH;
        return true;
    case SA_NUMBER_0:
        proposal->number = 0;
        return true;
    case SA_TWO_PROPOSALS:
        proposal->twice = true;
        return true;
    case SA_TWO_TRANSFORMS:
        proposal->transforms[proposal->count] = proposal->transforms[0];
        proposal->count++;
        return true;
    case SA_TRANSFORM_COUNT:
        proposal->count_claim = 1;
        return true;
    case SA_LENGTH:
        proposal->length_claim = 4;
        return true;
    default:
        return change_keys(proposal, what);
    }
}

bool edit_sa(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload = fault_find(message, S2SI_PAYLOAD_SA);
    struct proposal proposal;
    if (payload == NULL || !read_proposal(payload, &proposal) || !change_proposal(&proposal, (enum fault_sa)row->argument))
        return false;
    struct s2si_writer writer = s2si_writer(fault_resize(message, payload, 1024), 1024);
    write_proposal(&writer, &proposal, !proposal.twice);
    if (proposal.twice) {
        proposal.number++;
        write_proposal(&writer, &proposal, true);
    }
    payload->length = writer.length;
    return true;
}

/* ---- TS: count, reserved, then type, protocol, length, ports, addresses of the first selector ---- */

static void many_selectors(struct fault_message *message, struct fault_payload *payload)
{
    uint8_t *data = fault_resize(message, payload, 4 + 255 * 16);
    data[0] = 255;
    for (size_t i = 1; i < 255; i++)
        memcpy(data + 4 + 16 * i, data + 4, 16);
}

bool edit_ts(struct fault_message *message, const struct fault_case *row)
{
    struct fault_payload *payload =
        fault_find(message, (row->argument & TS_R) != 0 ? S2SI_PAYLOAD_TSR : S2SI_PAYLOAD_TSI);
    if (payload == NULL || payload->length < 20)
        return false;
    uint8_t *data = fault_resize(message, payload, payload->length), *first = data + 12, *last = data + 16;
    switch (row->argument & ~TS_R) {
    case TS_NARROW: /* a host of it */
        memcpy(last, first, 4);
        break;
    case TS_WIDEN:
        memset(first, 0, 4);
        memset(last, 0xff, 4);
        break;
    case TS_NONE:
        data[0] = 0;
        payload->length = 4;
        break;
    case TS_COUNT:
        data[0] = 2;
        break;
    case TS_TYPE:
        data[4] = 9; /* TS_FC_ADDR_RANGE, RFC 4595 */
        break;
    case TS_REVERSED:
        memset(first, 0xff, 4);
        break;
    case TS_LENGTH:
        s2si_put_u16(data + 6, 15);
        break;
    default:
        many_selectors(message, payload);
    }
    return true;
}

/* ---- the way ---- */

static bool meant(const struct fault *fault, const struct pair_datagram *datagram)
{
    return datagram->exchange == fault->exchange && datagram->response == fault->response;
}

int deliver_not(struct fault *fault, const struct pair_datagram *datagram)
{
    fault->hits += meant(fault, datagram) ? 1u : 0u;
    return meant(fault, datagram) ? 0 : 1;
}

int deliver_first_not(struct fault *fault, const struct pair_datagram *datagram)
{
    return meant(fault, datagram) && fault->hits++ == 0 ? 0 : 1;
}

int deliver_twice(struct fault *fault, const struct pair_datagram *datagram)
{
    (void)datagram;
    fault->hits++;
    return 2;
}

/* Everything it ever sent, before each new message. */
int deliver_old_before(struct fault *fault, const struct pair_datagram *datagram)
{
    struct pair_datagram now = *datagram;
    for (size_t i = 0; i + 1 < fault->keeps; i++)
        ike_pair_copy(fault->pair, &fault->kept[i]);
    fault->hits++;
    return now.used ? 1 : 0;
}

/* Never again: retransmissions are held back. */
int deliver_once(struct fault *fault, const struct pair_datagram *datagram)
{
    unsigned same = 0;
    for (size_t i = 0; i + 1 < fault->keeps; i++) {
        const struct pair_datagram *old = &fault->kept[i];
        same += old->length == datagram->length && memcmp(old->data, datagram->data, old->length) == 0 ? 1u : 0u;
    }
    fault->hits++;
    return same == 0 ? 1 : 0;
}

/* A damaged copy of each before the good one. */
int deliver_damaged(struct fault *fault, const struct pair_datagram *datagram)
{
    struct pair_datagram copy = fault->kept[fault->keeps - 1];
    if (!meant(fault, datagram))
        return 1;
    fault->hits++;
    for (size_t at = 28; at < copy.length; at += 7) {
        copy.data[at] ^= 0x80;
        ike_pair_copy(fault->pair, &copy);
        copy.data[at] ^= 0x80;
    }
    return 1;
}

/* ---- how an end is set up ---- */

void setup_refuse_in(struct pair *pair, int faulty, const struct fault_case *row)
{
    (void)row;
    pair->end[faulty].refuse_in = 1;
}

void setup_refuse_out(struct pair *pair, int faulty, const struct fault_case *row)
{
    (void)row;
    pair->end[faulty].refuse_out = 1;
}

void setup_refuse_spi(struct pair *pair, int faulty, const struct fault_case *row)
{
    (void)row;
    pair->end[faulty].refuse_spi = 1;
}

void setup_refuse_in_us(struct pair *pair, int faulty, const struct fault_case *row)
{
    setup_refuse_in(pair, 1 - faulty, row);
}

void setup_refuse_out_us(struct pair *pair, int faulty, const struct fault_case *row)
{
    setup_refuse_out(pair, 1 - faulty, row);
}

void setup_refuse_spi_us(struct pair *pair, int faulty, const struct fault_case *row)
{
    setup_refuse_spi(pair, 1 - faulty, row);
}

/* Its DH steps are done, its SPIs named, its SAs installed when a test says so: the next time that the clock is moved. */
void setup_slow(struct pair *pair, int faulty, const struct fault_case *row)
{
    (void)row;
    pair->end[faulty].late_jobs = pair->end[faulty].late_spi = pair->end[faulty].late_kernel = true;
}

void setup_cookie(struct pair *pair, int faulty, const struct fault_case *row)
{
    (void)row;
    pair->end[faulty].ike->limits.cookie_total = 0;
}
