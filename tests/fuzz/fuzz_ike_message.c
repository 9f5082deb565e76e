/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram from anyone: header, chain, rules, every payload. */
#include <s2svpn/error.h>
#include "ike_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s2si_message message;
    struct s2si_message_error error = {0};
    int result = s2si_message_parse(data, size, &message, &error);
    if (result != 0) {
        promise(error.notify != S2SI_N_NONE && error.what != NULL);
        return 0;
    }
    for (size_t i = 0; i < message.count; i++) {
        const struct s2si_payload *payload = &message.payloads[i];
        promise(payload->data >= data + S2SI_IKE_HEADER_LENGTH && payload->data + payload->length <= data + size);
    }
    decode_message(&message);
    return 0;
}
