/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ike_packet.h"

#include <s2svpn/esp.h>

enum { INNER = 60 };

static bool has(const struct pair_end *end, uint64_t child, bool inbound)
{
    for (size_t i = 0; i < end->sa_count; i++) {
        if (end->sas[i].child == child && (inbound ? end->sas[i].in : end->sas[i].out))
            return true;
    }
    return false;
}

static const struct s2si_ike_child *receiver(const struct pair_end *end, uint32_t spi)
{
    const struct s2si_ike_child *child = NULL;
    while ((child = s2si_ike_child_next(end->peer, child)) != NULL) {
        if (child->spi_in == spi && has(end, child->id, true))
            return child;
    }
    return NULL;
}

static int add(s2s_esp *esp, const struct s2si_ike_child *child, bool inbound, s2s_esp_sa *sa)
{
    const struct s2si_secret *key = inbound ? &child->key_in : &child->key_out;
    const struct s2si_secret *integrity = inbound ? &child->integ_in : &child->integ_out;
    const struct s2s_algorithm_info *info = s2s_algorithm_info(child->suite.encryption);
    struct s2s_esp_sa_params params;
    s2s_esp_sa_params_init(&params, sizeof params);
    params.direction = inbound ? S2S_ESP_INBOUND : S2S_ESP_OUTBOUND;
    params.spi = inbound ? child->spi_in : child->spi_out;
    params.encryption = child->suite.encryption;
    params.integrity = child->suite.integrity;
    params.encryption_key = key->data;
    params.encryption_key_length = key->length;
    params.salt = info->salt_length > 0 ? (inbound ? child->salt_in : child->salt_out) : NULL;
    params.salt_length = info->salt_length;
    params.integrity_key = integrity->data;
    params.integrity_key_length = integrity->length;
    params.esn = child->suite.esn == S2S_ESN;
    params.local = child->local;
    params.remote = child->remote;
    params.local_selectors = child->local_ts;
    params.local_selector_count = child->local_ts_count;
    params.remote_selectors = child->remote_ts;
    params.remote_selector_count = child->remote_ts_count;
    return s2s_esp_sa_add(esp, &params, sa);
}

static void inner(const struct s2si_ike_child *child, uint8_t out[INNER])
{
    memset(out, 0x5a, INNER);
    memset(out, 0, 20);
    out[0] = 0x45;
    s2si_put_u16(out + 2, INNER);
    out[8] = 64;
    out[9] = S2SI_PROTO_UDP;
    memcpy(out + 12, child->local_ts[0].start.bytes, 4);
    memcpy(out + 16, child->remote_ts[0].start.bytes, 4);
    s2si_put_u16(out + 10, s2si_checksum_finish(s2si_checksum_add(0, out, 20)));
}

static bool passes(s2s_esp *from, s2s_esp_sa sa, s2s_esp *to, const struct s2si_ike_child *child)
{
    uint8_t buffer[S2S_PACKET_HEADROOM + INNER + S2S_PACKET_TAILROOM], wanted[INNER];
    struct s2s_packet packet = {
        .buffer = buffer, .capacity = sizeof buffer, .offset = S2S_PACKET_HEADROOM, .length = INNER, .sa = sa};
    inner(child, wanted);
    memcpy(buffer + packet.offset, wanted, INNER);
    if (s2s_esp_seal(from, &packet, 1, 1) != 1)
        return false;
    packet.kind = packet.verdict == S2S_VERDICT_SEND_UDP ? S2S_PACKET_UDP : S2S_PACKET_ESP;
    return s2s_esp_open(to, &packet, 1, 1) == 1 && packet.length == INNER &&
           memcmp(packet.buffer + packet.offset, wanted, INNER) == 0;
}

bool ike_packet_arrives(const struct pair *pair, int from)
{
    const struct pair_sa *newest = ike_pair_outbound(pair, from);
    const struct s2si_ike_child *sender =
        newest == NULL ? NULL : s2si_ike_child_get(pair->end[from].ike, newest->child);
    const struct s2si_ike_child *taker = sender == NULL ? NULL : receiver(&pair->end[1 - from], sender->spi_out);
    struct s2s_esp_params params;
    s2s_esp *ends[2] = {NULL, NULL};
    s2s_esp_sa out = 0, in = 0;
    if (taker == NULL)
        return false;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = pair->provider;
    bool arrives = s2s_esp_new(&params, &ends[0]) == 0 && s2s_esp_new(&params, &ends[1]) == 0 &&
                   add(ends[0], sender, false, &out) == 0 && add(ends[1], taker, true, &in) == 0 &&
                   passes(ends[0], out, ends[1], sender);
    s2s_esp_free(ends[0]);
    s2s_esp_free(ends[1]);
    return arrives;
}
