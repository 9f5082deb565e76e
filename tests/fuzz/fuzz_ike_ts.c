/* SPDX-License-Identifier: Apache-2.0 */
/* Two TS payloads, the second cut off by the first byte's length: decoding, writing, narrowing one by the other. */
#include <s2svpn/error.h>
#include "ike_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(const uint8_t *data, size_t size, struct s2si_ts_list *out)
{
    struct s2si_payload payload = {.type = S2SI_PAYLOAD_TSI, .known = true, .data = data, .length = size};
    return s2si_ts_decode(&payload, out);
}

static void again(const struct s2si_ts_list *list)
{
    uint8_t bytes[1024];
    struct s2si_message_writer writer;
    struct s2si_ts_list copy;
    s2si_chain_start(&writer, bytes, sizeof(bytes));
    s2si_ts_encode(&writer, S2SI_PAYLOAD_TSI, list->items, list->count);
    promise(s2si_message_finish(&writer) == 0);
    promise(decode(bytes + 4, writer.bytes.length - 4, &copy) == (list->count == 0 ? S2S_ERR_MALFORMED : 0));
    promise(copy.count == list->count);
    for (size_t i = 0; i < list->count; i++) {
        promise(s2si_selector_equal(&copy.items[i], &list->items[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s2si_ts_list ours, theirs, answer = {0};
    struct s2s_selector out[S2SI_TS_MAX];
    bool narrowed = false;
    size_t split = size == 0 ? 0 : data[0] < size ? data[0] : size - 1;
    if (size == 0 || decode(data + 1, split, &ours) != 0 || decode(data + 1 + split, size - 1 - split, &theirs) != 0) {
        return 0;
    }
    again(&ours);
    again(&theirs);
    size_t count = s2si_ts_narrow(ours.items, ours.count, &theirs, out, &narrowed);
    promise(count <= S2SI_TS_MAX);
    for (size_t i = 0; i < count; i++) {
        answer.items[answer.count++] = out[i];
        for (size_t j = 0; j < count; j++) {
            promise(i == j || !s2si_selector_contains(&out[i], &out[j]));
        }
    }
    if (count != 0) {
        promise(s2si_ts_within(ours.items, ours.count, &answer));
        promise(s2si_ts_within(theirs.items, theirs.count, &answer));
        promise(s2si_ts_equal(out, count, out, count));
    }
    return 0;
}
