/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reassembly as a machine: the input is a list of fragments
 *
 *     message id (1) | number (1) | total (1) | first type (1) | seconds since the last one (1) | length (1) | bytes
 *
 * and memory stays within the limits whatever their order.
 */
#include <s2svpn/error.h>
#include "ike_decode.h"
#include "lib/ike/v2/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAGMENTS = 20, BYTES = 1000, SECONDS = 30 };

static void take(struct s2si_reassembly *reassembly)
{
    static uint8_t chain[BYTES];
    struct s2si_message message = {.count = 1};
    struct s2si_message_error error = {0};
    message.payloads[0] = (struct s2si_payload){.type = S2SI_PAYLOAD_SKF, .known = true};
    message.header = (struct s2si_ike_header){.exchange = S2SI_IKE_AUTH};
    promise(s2si_reassembly_length(reassembly) <= BYTES);
    if (s2si_reassembly_take(reassembly, &message, chain, sizeof(chain), &error) == 0) {
        decode_message(&message);
    } else {
        promise(error.notify != S2SI_N_NONE);
    }
    promise(!reassembly->active);
}

static void step(struct s2si_reassembly *reassembly, struct s2si_reader *reader, s2s_time *now)
{
    struct s2si_ike_header header = {.exchange = S2SI_IKE_AUTH, .message_id = s2si_read_u8(reader)};
    struct s2si_skf fragment = {.number = s2si_read_u8(reader), .total = s2si_read_u8(reader)};
    fragment.first = s2si_read_u8(reader);
    *now += s2si_read_u8(reader) * (s2s_time)S2S_SECOND;
    fragment.data.length = s2si_read_u8(reader);
    fragment.data.data = s2si_read_bytes(reader, fragment.data.length);
    if (reader->failed) {
        return;
    }
    bool wanted = s2si_reassembly_wants(reassembly, header.message_id, &fragment, *now);
    int result = s2si_reassembly_add(reassembly, &header, &fragment, *now);
    promise(wanted == (result == 0 || result == S2S_ERR_AGAIN) || (wanted && result == S2S_ERR_LIMIT));
    promise(reassembly->mem->bytes <= BYTES + FRAGMENTS * 64);
    promise(!reassembly->active || reassembly->received <= reassembly->total);
    if (result == 0) {
        take(reassembly);
    }
    if (!reassembly->active) {
        promise(reassembly->mem->blocks == 0);
    }
    s2si_reassembly_expire(reassembly, *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct s2si_fragment_limits limits = {FRAGMENTS, BYTES, SECONDS * (s2s_time)S2S_SECOND};
    struct s2si_mem mem;
    struct s2si_reassembly reassembly;
    struct s2si_reader reader = s2si_reader(data, size);
    s2s_time now = 0;
    promise(s2si_mem_init(&mem, NULL) == 0);
    s2si_reassembly_init(&reassembly, &mem, &limits);
    while (s2si_reader_left(&reader) != 0 && !reader.failed) {
        step(&reassembly, &reader, &now);
    }
    s2si_reassembly_clear(&reassembly);
    promise(mem.blocks == 0);
    return 0;
}
