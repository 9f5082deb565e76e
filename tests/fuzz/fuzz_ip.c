/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ip: inner packets: reading, MSS clamping, ECN, "packet too big". First byte: outer TOS; then the packet. */
#include "lib/base/ip.h"

#include "lib/base/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_too_big(const uint8_t *packet, size_t length, const struct s2si_ip *ip)
{
    uint8_t out[1280];
    struct s2si_ip answer;
    struct s2s_addr us = {.family = ip->version, .bytes = {10, 1, 2, 3}};
    size_t written = s2si_ip_too_big(packet, length, ip, &us, 1300, out, sizeof out);
    check(written == 0 || s2si_ip_read(out, written, &answer) == 0);
    check(written == 0 || s2si_addr_equal(&answer.destination, &ip->source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s2si_ip ip, again;
    if (size < 1) {
        return 0;
    }
    size_t length = size - 1;
    uint8_t *packet = malloc(length == 0 ? 1 : length);
    check(packet != NULL);
    memcpy(packet, data + 1, length);
    s2si_ip_ecn_decapsulate(packet, length, data[0]);
    if (s2si_ip_read(packet, length, &ip) == 0) {
        check(ip.header_length <= ip.total_length && ip.total_length <= length);
        s2si_ip_clamp_mss(packet, length, &ip, 1200);
        check(!s2si_ip_clamp_mss(packet, length, &ip, 1200));
        check(s2si_ip_read(packet, length, &again) == 0 && again.source_port == ip.source_port);
        try_too_big(packet, length, &ip);
    }
    free(packet);
    return 0;
}
