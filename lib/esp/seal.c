/* SPDX-License-Identifier: Apache-2.0 */
/* seal: outbound packets (RFC 4303 section 3.3). */
#include "lib/esp/engine.h"

#include <string.h>

enum { OUTER_MOST = UINT16_MAX - 40 - 8 }; /* an ESP packet with IPv6 and UDP headers must fit an IP packet */

/* Where the parts of the packet come to lie, as lengths. */
struct layout {
    size_t inner, padding, before, after;
};

static struct layout lay_out(const struct s2si_esp_suite *suite, size_t inner)
{
    size_t padding = s2si_esp_padding(suite, inner);
    return (struct layout){
        .inner = inner,
        .padding = padding,
        .before = (size_t)S2SI_ESP_HEADER + suite->iv_length,
        .after = padding + S2SI_ESP_TRAILER + suite->icv_length,
    };
}

/* RFC 4303 section 2.2: the number must not come round. */
static bool next_sequence(s2s_esp *esp, struct s2si_esp_sa *sa)
{
    if (sa->sequence == (sa->esn ? UINT64_MAX : UINT32_MAX)) {
        return false;
    }
    sa->sequence++;
    if (sa->sequence >= sa->soft_limit && !sa->soft_reached) {
        sa->soft_reached = true;
        esp->soft_waiting++;
    }
    return true;
}

/* Outer DSCP, ECN (RFC 4301 section 5.1.2.1; RFC 6040 section 4.1, normal mode) and DF (RFC 4301 section 8.1). */
static void set_outer(const struct s2si_esp_sa *sa, const struct s2si_ip *ip, struct s2s_packet *packet)
{
    packet->tos = (uint8_t)((sa->copy_dscp ? ip->tos & 0xfc : 0) | (ip->tos & 3));
    packet->dont_fragment = sa->df == S2S_ESP_DF_SET || (sa->df == S2S_ESP_DF_COPY && ip->dont_fragment);
    packet->local = sa->local;
    packet->remote = sa->remote;
}

/* Padding 1, 2, 3, ..., its length, and what is inside (RFC 4303 sections 2.4 to 2.6). */
static void write_trailer(uint8_t *at, size_t padding, uint8_t version)
{
    for (size_t i = 0; i < padding; i++) {
        at[i] = (uint8_t)(i + 1);
    }
    at[padding] = (uint8_t)padding;
    at[padding + 1] = version == 6 ? S2SI_PROTO_IPV6 : S2SI_PROTO_IPIP;
}

/* What stands in the way of sealing the packet, before a sequence number is spent on it. */
static enum s2s_drop_reason refuse(const struct s2si_esp_sa *sa, const struct s2s_packet *packet, struct s2si_ip *ip,
                                   struct layout *layout)
{
    if (!s2si_esp_in_buffer(packet)) {
        return S2S_DROP_NO_BUFFER;
    }
    if (s2si_ip_read(packet->buffer + packet->offset, packet->length, ip) != 0) {
        return S2S_DROP_MALFORMED;
    }
    *layout = lay_out(&sa->suite, ip->total_length);
    if (packet->segment_size != 0 || layout->before + layout->inner + layout->after > OUTER_MOST) {
        return S2S_DROP_TOO_BIG;
    }
    if (!s2si_esp_sa_selects(sa, ip)) {
        return S2S_DROP_SELECTOR_OUT;
    }
    bool room = packet->offset >= layout->before && packet->capacity - packet->offset - layout->inner >= layout->after;
    return room ? S2S_DROP_NONE : S2S_DROP_NO_BUFFER;
}

/* Everything but encryption. */
static void prepare(s2s_esp *esp, struct s2si_esp_run *run, struct s2s_packet *packet)
{
    struct s2si_esp_sa *sa = run->sa;
    struct s2si_ip ip;
    struct layout layout;
    enum s2s_drop_reason reason = refuse(sa, packet, &ip, &layout);
    if (reason == S2S_DROP_NONE && !next_sequence(esp, sa)) {
        reason = S2S_DROP_SEQUENCE;
    }
    packet->tunnel = (uint32_t)sa->owner;
    if (reason != S2S_DROP_NONE) {
        s2si_esp_drop(esp, sa, packet, reason);
        return;
    }
    packet->sequence = sa->sequence;
    packet->offset -= layout.before;
    packet->length = layout.before + layout.inner + layout.after;
    set_outer(sa, &ip, packet);

    uint8_t *header = packet->buffer + packet->offset;
    s2si_put_u32(header, sa->spi);
    s2si_put_u32(header + 4, (uint32_t)sa->sequence);
    if (sa->suite.aead) {
        s2si_put_u64(header + S2SI_ESP_HEADER, sa->sequence ^ sa->iv_mask);
    }
    write_trailer(header + layout.before + layout.inner, layout.padding, ip.version);
    struct s2s_crypto_op *op = s2si_esp_run_add(run, packet, header);
    op->length = layout.inner + layout.padding + S2SI_ESP_TRAILER;
    op->icv = op->data + op->length;
    run->inner[run->count - 1] = layout.inner;
}

/* Unpredictable IVs for the run (see engine.h). */
static int draw_ivs(s2s_esp *esp, struct s2si_esp_run *run)
{
    size_t length = run->sa->suite.iv_length;
    int error = length == 0 ? 0 : s2si_crypto_random(&esp->crypto, run->ivs, run->count * length);
    for (size_t i = 0; error == 0 && i < run->count; i++) {
        struct s2s_packet *packet = run->packets[i];
        memcpy(packet->buffer + packet->offset + S2SI_ESP_HEADER, run->ivs + i * length, length);
    }
    return error;
}

static void finish(s2s_esp *esp, struct s2si_esp_run *run, size_t i, s2s_time now)
{
    struct s2si_esp_sa *sa = run->sa;
    struct s2s_packet *packet = run->packets[i];
    if (run->ops[i].result != 0) {
        s2si_esp_drop(esp, sa, packet, S2S_DROP_CRYPTO);
        return;
    }
    packet->verdict = sa->encapsulation == S2S_ESP_UDP ? S2S_VERDICT_SEND_UDP : S2S_VERDICT_SEND_ESP;
    packet->reason = S2S_DROP_NONE;
    sa->packets++;
    sa->bytes += run->inner[i];
    sa->last = now;
    esp->stats.packets_out++;
    esp->stats.bytes_out += run->inner[i];
}

/* @return how many of the run were sealed. */
static size_t seal_run(s2s_esp *esp, struct s2si_esp_run *run, s2s_time now)
{
    uint64_t before = run->sa->packets;
    if (run->count == 0) {
        return 0;
    }
    if (!run->sa->suite.aead && draw_ivs(esp, run) != 0) {
        for (size_t i = 0; i < run->count; i++) {
            s2si_esp_drop(esp, run->sa, run->packets[i], S2S_DROP_CRYPTO);
        }
        return 0;
    }
    s2si_crypto_seal(&esp->crypto, run->sa->transform, run->ops, run->count);
    for (size_t i = 0; i < run->count; i++) {
        finish(esp, run, i, now);
    }
    return (size_t)(run->sa->packets - before);
}

/* Whose outbound SA the entry names. */
static struct s2si_esp_sa *outbound(s2s_esp *esp, const struct s2s_packet *packet)
{
    struct s2si_esp_sa *sa = s2si_esp_sa_of(esp, packet->sa);
    return sa != NULL && sa->direction == S2S_ESP_OUTBOUND ? sa : NULL;
}

size_t s2s_esp_seal(s2s_esp *esp, struct s2s_packet *batch, size_t count, s2s_time now)
{
    struct s2si_esp_run *run = &esp->run;
    size_t sealed = 0;
    run->sa = NULL;
    run->count = 0;
    for (struct s2s_packet *packet = batch; packet < batch + count; packet++) {
        if (packet->kind != S2S_PACKET_INNER || packet->sa == 0) {
            continue;
        }
        if (run->sa == NULL || packet->sa != run->sa->handle || run->count == S2S_PACKET_BATCH) {
            sealed += run->sa == NULL ? 0 : seal_run(esp, run, now);
            run->sa = outbound(esp, packet);
            run->count = 0;
        }
        if (run->sa == NULL) {
            s2si_esp_drop(esp, NULL, packet, S2S_DROP_NO_SA);
        } else {
            prepare(esp, run, packet);
        }
    }
    return sealed + (run->sa == NULL ? 0 : seal_run(esp, run, now));
}
