/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/fragment.h"

#include <string.h>

/* One verified fragment's plaintext; data is NULL until it came. An empty fragment has a block of one byte. */
struct s2si_fragment_piece {
    uint8_t *data;
    size_t length;
};

void s2si_reassembly_init(struct s2si_reassembly *reassembly, struct s2si_mem *mem,
                          const struct s2si_fragment_limits *limits)
{
    *reassembly = (struct s2si_reassembly){.mem = mem, .limits = *limits};
}

static size_t block_size(size_t length)
{
    return length == 0 ? 1 : length;
}

void s2si_reassembly_clear(struct s2si_reassembly *reassembly)
{
    for (size_t i = 0; reassembly->pieces != NULL && i < reassembly->total; i++) {
        struct s2si_fragment_piece *piece = &reassembly->pieces[i];
        if (piece->data != NULL) {
            s2si_free_secret(reassembly->mem, piece->data, block_size(piece->length));
        }
    }
    s2si_free(reassembly->mem, reassembly->pieces, reassembly->total * sizeof(*reassembly->pieces));
    struct s2si_fragment_limits limits = reassembly->limits;
    s2si_reassembly_init(reassembly, reassembly->mem, &limits);
}

static bool expired(const struct s2si_reassembly *reassembly, s2s_time now)
{
    return reassembly->active && now >= s2si_reassembly_deadline(reassembly);
}

/* RFC 7383 section 2.6: a fragment of the same message with a smaller total is dropped, a larger one means that the
   sender has cut the message into smaller pieces. */
static int judge(const struct s2si_reassembly *reassembly, uint32_t message_id, const struct s2si_skf *fragment,
                 s2s_time now)
{
    if (fragment->number == 0 || fragment->number > fragment->total) {
        return S2S_ERR_MALFORMED;
    }
    if (fragment->total > reassembly->limits.fragments) {
        return S2S_ERR_LIMIT;
    }
    if (!reassembly->active || expired(reassembly, now) || reassembly->message_id != message_id ||
        fragment->total > reassembly->total) {
        return 0;
    }
    if (fragment->total < reassembly->total) {
        return S2S_ERR_MALFORMED;
    }
    return reassembly->pieces[fragment->number - 1].data != NULL ? S2S_ERR_EXISTS : 0;
}

bool s2si_reassembly_wants(const struct s2si_reassembly *reassembly, uint32_t message_id, const struct s2si_skf *fragment,
                           s2s_time now)
{
    return judge(reassembly, message_id, fragment, now) == 0;
}

static int start(struct s2si_reassembly *reassembly, const struct s2si_ike_header *header, uint16_t total, s2s_time now)
{
    s2si_reassembly_clear(reassembly);
    reassembly->pieces = s2si_alloc_array(reassembly->mem, total, sizeof(*reassembly->pieces));
    if (reassembly->pieces == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    reassembly->active = true;
    reassembly->message_id = header->message_id;
    reassembly->exchange = header->exchange;
    reassembly->total = total;
    reassembly->started = now;
    return 0;
}

static int store(struct s2si_reassembly *reassembly, const struct s2si_skf *fragment)
{
    struct s2si_fragment_piece *piece = &reassembly->pieces[fragment->number - 1];
    if (fragment->data.length > reassembly->limits.bytes - reassembly->bytes) {
        return S2S_ERR_LIMIT;
    }
    uint8_t *data = s2si_alloc(reassembly->mem, block_size(fragment->data.length));
    if (data == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    if (fragment->data.length != 0) {
        memcpy(data, fragment->data.data, fragment->data.length);
    }
    *piece = (struct s2si_fragment_piece){.data = data, .length = fragment->data.length};
    reassembly->bytes += fragment->data.length;
    reassembly->received++;
    if (fragment->number == 1) {
        reassembly->first = fragment->first;
    }
    return 0;
}

int s2si_reassembly_add(struct s2si_reassembly *reassembly, const struct s2si_ike_header *header,
                        const struct s2si_skf *fragment, s2s_time now)
{
    int result = judge(reassembly, header->message_id, fragment, now);
    if (result != 0) {
        return result;
    }
    if (!reassembly->active || expired(reassembly, now) || reassembly->message_id != header->message_id ||
        fragment->total > reassembly->total) {
        result = start(reassembly, header, fragment->total, now);
    }
    if (result == 0) {
        result = reassembly->exchange == header->exchange ? store(reassembly, fragment) : S2S_ERR_MALFORMED;
    }
    if (result == S2S_ERR_LIMIT) {
        s2si_reassembly_clear(reassembly); /* it can never become whole */
    }
    if (result != 0) {
        return result;
    }
    return reassembly->received == reassembly->total ? 0 : S2S_ERR_AGAIN;
}

size_t s2si_reassembly_length(const struct s2si_reassembly *reassembly)
{
    return reassembly->bytes;
}

int s2si_reassembly_take(struct s2si_reassembly *reassembly, struct s2si_message *message, uint8_t *out, size_t capacity,
                         struct s2si_message_error *error)
{
    size_t at = 0;
    uint8_t first = reassembly->first;
    if (!reassembly->active || reassembly->received != reassembly->total || capacity < reassembly->bytes) {
        return s2si_message_fail(error, S2S_ERR_BUFFER, S2SI_N_NONE, S2SI_PAYLOAD_SKF, "message is not whole");
    }
    for (size_t i = 0; i < reassembly->total; i++) {
        const struct s2si_fragment_piece *piece = &reassembly->pieces[i];
        if (piece->length != 0) {
            memcpy(out + at, piece->data, piece->length);
            at += piece->length;
        }
    }
    s2si_reassembly_clear(reassembly);
    return s2si_message_parse_chain(message, first, out, at, error);
}

s2s_time s2si_reassembly_deadline(const struct s2si_reassembly *reassembly)
{
    if (!reassembly->active || reassembly->limits.age > S2S_TIME_NEVER - reassembly->started) {
        return S2S_TIME_NEVER;
    }
    return reassembly->started + reassembly->limits.age;
}

void s2si_reassembly_expire(struct s2si_reassembly *reassembly, s2s_time now)
{
    if (expired(reassembly, now)) {
        s2si_reassembly_clear(reassembly);
    }
}
