/* SPDX-License-Identifier: Apache-2.0 */
/* open: inbound packets (RFC 4303 section 3.4, RFC 4301 section 5.2). */
#include "lib/esp/engine.h"

/* ---- before decryption ---- */

/* The ciphertext has the trailer at least and suits the cipher. */
static bool length_fits(const struct s2si_esp_suite *suite, size_t length)
{
    size_t around = (size_t)S2SI_ESP_HEADER + suite->iv_length + suite->icv_length;
    if (length < around + S2SI_ESP_TRAILER) {
        return false;
    }
    return suite->aead || (length - around) % suite->encryption->block_length == 0;
}

static enum s2s_drop_reason refuse(const struct s2si_esp_sa *sa, struct s2s_packet *packet, const uint8_t *header)
{
    if (!length_fits(&sa->suite, packet->length)) {
        return S2S_DROP_MALFORMED;
    }
    if (!s2si_replay_infer(&sa->replay, s2si_get_u32(header + 4), &packet->sequence) ||
        !s2si_replay_fresh(&sa->replay, packet->sequence)) {
        return S2S_DROP_REPLAY;
    }
    return S2S_DROP_NONE;
}

static void prepare(s2s_esp *esp, struct s2si_esp_run *run, struct s2s_packet *packet)
{
    struct s2si_esp_sa *sa = run->sa;
    uint8_t *header = packet->buffer + packet->offset;
    packet->sa = sa->handle;
    packet->tunnel = (uint32_t)sa->owner;
    packet->sequence = s2si_get_u32(header + 4);
    enum s2s_drop_reason reason = refuse(sa, packet, header);
    if (reason != S2S_DROP_NONE) {
        s2si_esp_drop(esp, sa, packet, reason);
        return;
    }
    struct s2s_crypto_op *op = s2si_esp_run_add(run, packet, header);
    op->length = packet->length - S2SI_ESP_HEADER - sa->suite.iv_length - sa->suite.icv_length;
    op->icv = op->data + op->length;
}

/* ---- after decryption ---- */

/* Checks and cuts off the trailer (RFC 4303 sections 2.4 to 2.6). @return the length of what is before it. */
static enum s2s_drop_reason strip_trailer(const uint8_t *data, size_t length, size_t *inner)
{
    uint8_t next_header = data[length - 1];
    size_t padding = data[length - 2];
    /* The rest of a dummy packet need not be well-formed (section 2.6). */
    if (next_header == S2SI_PROTO_NONE) {
        return S2S_DROP_DUMMY;
    }
    if (padding + S2SI_ESP_TRAILER > length) {
        return S2S_DROP_PADDING;
    }
    *inner = length - S2SI_ESP_TRAILER - padding;
    for (size_t i = 0; i < padding; i++) {
        if (data[*inner + i] != i + 1) {
            return S2S_DROP_PADDING;
        }
    }
    return next_header == S2SI_PROTO_IPIP || next_header == S2SI_PROTO_IPV6 ? S2S_DROP_NONE : S2S_DROP_PADDING;
}

/* Tunnel mode: a whole IP packet of the version that next header names, maybe with TFC padding behind (section 2.7). */
static enum s2s_drop_reason read_inner(const struct s2s_crypto_op *op, size_t length, struct s2si_ip *ip)
{
    if (s2si_ip_read(op->data, length, ip) != 0) {
        return S2S_DROP_MALFORMED;
    }
    uint8_t next_header = op->data[op->length - 1];
    return (next_header == S2SI_PROTO_IPV6) == (ip->version == 6) ? S2S_DROP_NONE : S2S_DROP_PADDING;
}

/* From a verdict of the provider to an inner packet or the reason why there is none. */
static enum s2s_drop_reason examine(struct s2si_esp_sa *sa, const struct s2s_packet *packet,
                                    const struct s2s_crypto_op *op, s2s_time now, struct s2si_ip *ip)
{
    size_t inner = 0;
    if (op->result != 0) {
        return op->result == S2S_ERR_AUTH ? S2S_DROP_INTEGRITY : S2S_DROP_CRYPTO;
    }
    if (!s2si_replay_fresh(&sa->replay, packet->sequence)) {
        return S2S_DROP_REPLAY; /* its twin came in the same batch */
    }
    s2si_replay_mark(&sa->replay, packet->sequence);
    sa->last = now;
    enum s2s_drop_reason reason = strip_trailer(op->data, op->length, &inner);
    if (reason == S2S_DROP_NONE) {
        reason = read_inner(op, inner, ip);
    }
    if (reason == S2S_DROP_NONE && !s2si_esp_sa_selects(sa, ip)) {
        reason = S2S_DROP_SELECTOR_IN;
    }
    if (reason == S2S_DROP_NONE && !s2si_ip_ecn_decapsulate(op->data, ip->total_length, packet->tos)) {
        reason = S2S_DROP_ECN;
    }
    return reason;
}

static void finish(s2s_esp *esp, struct s2si_esp_run *run, size_t i, s2s_time now)
{
    struct s2si_esp_sa *sa = run->sa;
    struct s2s_packet *packet = run->packets[i];
    struct s2si_ip ip;
    enum s2s_drop_reason reason = examine(sa, packet, &run->ops[i], now, &ip);
    if (reason != S2S_DROP_NONE) {
        s2si_esp_drop(esp, sa, packet, reason);
        return;
    }
    packet->offset += (size_t)S2SI_ESP_HEADER + sa->suite.iv_length;
    packet->length = ip.total_length;
    packet->verdict = S2S_VERDICT_DELIVER;
    packet->reason = S2S_DROP_NONE;
    sa->packets++;
    sa->bytes += ip.total_length;
    esp->stats.packets_in++;
    esp->stats.bytes_in += ip.total_length;
}

/* @return how many of the run are to be delivered. */
static size_t open_run(s2s_esp *esp, struct s2si_esp_run *run, s2s_time now)
{
    uint64_t before = run->sa->packets;
    if (run->count > 0) {
        s2si_crypto_open_ops(&esp->crypto, run->sa->transform, run->ops, run->count);
    }
    for (size_t i = 0; i < run->count; i++) {
        finish(esp, run, i, now);
    }
    return (size_t)(run->sa->packets - before);
}

/* ---- batches ---- */

/* Reads the SPI. @return false if the entry is dropped already. */
static bool read_spi(s2s_esp *esp, struct s2s_packet *packet, uint32_t *spi)
{
    packet->sa = 0;
    packet->tunnel = 0;
    packet->sequence = 0;
    if (!s2si_esp_in_buffer(packet)) {
        s2si_esp_drop(esp, NULL, packet, S2S_DROP_NO_BUFFER);
        return false;
    }
    if (packet->length < S2SI_ESP_HEADER) {
        s2si_esp_drop(esp, NULL, packet, S2S_DROP_MALFORMED);
        return false;
    }
    *spi = s2si_get_u32(packet->buffer + packet->offset);
    return true;
}

size_t s2s_esp_open(s2s_esp *esp, struct s2s_packet *batch, size_t count, s2s_time now)
{
    struct s2si_esp_run *run = &esp->run;
    size_t opened = 0;
    run->sa = NULL;
    run->count = 0;
    for (struct s2s_packet *packet = batch; packet < batch + count; packet++) {
        uint32_t spi;
        if ((packet->kind != S2S_PACKET_ESP && packet->kind != S2S_PACKET_UDP) || !read_spi(esp, packet, &spi)) {
            continue;
        }
        if (run->sa == NULL || spi != run->sa->spi || run->count == S2S_PACKET_BATCH) {
            opened += run->sa == NULL ? 0 : open_run(esp, run, now);
            run->sa = s2si_esp_inbound(esp, spi);
            run->count = 0;
        }
        if (run->sa == NULL) {
            s2si_esp_drop(esp, NULL, packet, S2S_DROP_UNKNOWN_SPI);
        } else {
            prepare(esp, run, packet);
        }
    }
    return opened + (run->sa == NULL ? 0 : open_run(esp, run, now));
}
