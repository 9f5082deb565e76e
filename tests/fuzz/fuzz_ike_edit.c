/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of real exchanges, changed behind their encryption: the input says which exchange, which end errs, whether its
 * request or its response, and then how its payloads are changed, four bytes a change: payload, what, where, value. The other
 * end must survive, and forget all of it in the end.
 */
#include "tests/sim/ike_pair.c"

#include "tests/sim/ike_fault.c"

#include "tests/sim/ike_fault_play.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *changes;
static size_t change_bytes;

static void change_one(struct fault_message *message, const uint8_t how[4])
{
    struct fault_payload *payload = &message->payloads[how[0] % message->count];
    size_t where = payload->length == 0 ? 0 : how[2] % payload->length;
    switch (how[1] % 9) {
    case 0:
        if (payload->length > 0)
            payload->data[where] = how[3];
        break;
    case 1:
        payload->length = where;
        break;
    case 2:
        (void)fault_resize(message, payload, payload->length + how[3] % 64u);
        break;
    case 3:
        if (message->count > 1)
            fault_remove(message, payload);
        break;
    case 4:
        if (message->count < 60)
            (void)fault_insert(message, how[2], payload->type, payload->data, payload->length);
        break;
    case 5:
        payload->type = how[3];
        break;
    case 6:
        payload->flags = how[3];
        break;
    case 7:
        payload->claims = (int)how[3] - 128;
        break;
    default:
        message->header.exchange = (uint8_t)(S2SI_IKE_SA_INIT + how[3] % 5);
    }
}

static bool edit(struct fault_message *message, const struct fault_case *row)
{
    (void)row;
    for (size_t at = 0; at + 4 <= change_bytes && at < 32 && message->count > 0; at += 4)
        change_one(message, changes + at);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5)
        return 0;
    struct fault_case row = {.name = "fuzz", .scenario = (enum fault_scenario)(data[0] % FAULT_SCENARIOS), .edit = edit};
    changes = data + 1;
    change_bytes = size - 1;
    struct fault_result result = fault_play(&row, (data[0] & 64) != 0, data[0] >> 7);
    if (result.blocks != 0)
        abort();
    return 0;
}
