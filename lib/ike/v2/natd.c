/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/natd.h"

#include "lib/ike/v2/payload.h"

int s2si_natd_hash(struct s2si_crypto *crypto, uint64_t spi_i, uint64_t spi_r, const struct s2s_endpoint *endpoint,
                   uint8_t out[S2SI_NATD_LENGTH])
{
    uint8_t bytes[8 + 8 + 16 + 2];
    struct s2si_writer writer = s2si_writer(bytes, sizeof(bytes));
    s2si_write_u64(&writer, spi_i);
    s2si_write_u64(&writer, spi_r);
    s2si_write_bytes(&writer, endpoint->addr.bytes, s2si_addr_length(&endpoint->addr));
    s2si_write_u16(&writer, endpoint->port);
    struct s2s_span span = {.data = bytes, .length = writer.length};
    return s2si_crypto_hash(crypto, S2S_SHA1, &span, 1, out);
}

/* Several SOURCE_IP notifies may come, one for each address that the sender may use; one that fits is enough. */
static void compare(const struct s2si_message *message, uint16_t type, const uint8_t *expected, bool *seen, bool *match)
{
    *seen = *match = false;
    for (size_t i = 0; i < message->count; i++) {
        struct s2si_notify_payload notify;
        if (message->payloads[i].type != S2SI_PAYLOAD_NOTIFY ||
            s2si_notify_decode(&message->payloads[i], &notify) != 0 || notify.type != type) {
            continue;
        }
        *seen = true;
        *match = *match || (notify.data.length == S2SI_NATD_LENGTH &&
                            s2si_equal_secret(notify.data.data, expected, S2SI_NATD_LENGTH));
    }
}

int s2si_natd_check(struct s2si_crypto *crypto, const struct s2si_message *message, const struct s2s_endpoint *local,
                    const struct s2s_endpoint *remote, struct s2si_natd_result *out)
{
    uint8_t source[S2SI_NATD_LENGTH], destination[S2SI_NATD_LENGTH];
    bool source_seen, source_match, destination_seen, destination_match;
    *out = (struct s2si_natd_result){0};
    int result = s2si_natd_hash(crypto, message->header.spi_i, message->header.spi_r, remote, source);
    if (result == 0) {
        result = s2si_natd_hash(crypto, message->header.spi_i, message->header.spi_r, local, destination);
    }
    if (result != 0) {
        return result;
    }
    compare(message, S2SI_N_NAT_DETECTION_SOURCE_IP, source, &source_seen, &source_match);
    compare(message, S2SI_N_NAT_DETECTION_DESTINATION_IP, destination, &destination_seen, &destination_match);
    out->supported = source_seen && destination_seen;
    out->nat_remote = out->supported && !source_match;
    out->nat_local = out->supported && !destination_match;
    return 0;
}

int s2si_natd_encode(struct s2si_message_writer *writer, struct s2si_crypto *crypto, uint64_t spi_i, uint64_t spi_r,
                     const struct s2s_endpoint *local, const struct s2s_endpoint *remote, bool fake)
{
    uint8_t source[S2SI_NATD_LENGTH], destination[S2SI_NATD_LENGTH];
    int result = fake ? s2si_crypto_random(crypto, source, sizeof(source))
                      : s2si_natd_hash(crypto, spi_i, spi_r, local, source);
    if (result == 0) {
        result = s2si_natd_hash(crypto, spi_i, spi_r, remote, destination);
    }
    if (result == 0) {
        s2si_notify_encode(writer, S2SI_N_NAT_DETECTION_SOURCE_IP, source, sizeof(source));
        s2si_notify_encode(writer, S2SI_N_NAT_DETECTION_DESTINATION_IP, destination, sizeof(destination));
    }
    return result;
}
