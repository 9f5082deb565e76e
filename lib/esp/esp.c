/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/esp/engine.h"

#include <string.h>

enum { FIRST_SLOTS = 16, DEFAULT_MAX_SAS = 1024, MOST_SAS = 65535, INDEX_BITS = 16, RESERVED_SPIS = 256 };

/* ---- engine ---- */

void s2s_esp_params_init(struct s2s_esp_params *params, size_t size)
{
    const struct s2s_esp_params defaults = {.struct_size = size, .max_sas = DEFAULT_MAX_SAS};
    memset(params, 0, size);
    memcpy(params, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

/* Takes the caller's context or opens one of our own. */
static int set_up_crypto(s2s_esp *esp, const struct s2s_esp_params *params)
{
    if (params->crypto_context != NULL) {
        esp->crypto = (struct s2si_crypto){.provider = params->provider, .context = params->crypto_context};
        return 0;
    }
    int error = s2si_crypto_open(&esp->crypto, params->provider, &esp->mem.table);
    esp->own_context = error == 0;
    return error;
}

static int seed_map(s2s_esp *esp)
{
    uint8_t seed[16];
    int error = s2si_crypto_random(&esp->crypto, seed, sizeof seed);
    if (error != 0) {
        return error;
    }
    s2si_map_init(&esp->by_spi, &esp->mem, s2si_get_u64(seed), s2si_get_u64(seed + 8));
    return 0;
}

int s2s_esp_new(const struct s2s_esp_params *params, s2s_esp **esp)
{
    struct s2si_mem mem;
    if (params == NULL || esp == NULL || params->struct_size < sizeof *params || params->provider == NULL ||
        params->max_sas == 0 || params->max_sas > MOST_SAS || s2si_mem_init(&mem, params->allocator) != 0) {
        return S2S_ERR_INVALID;
    }
    s2s_esp *fresh = s2si_alloc(&mem, sizeof *fresh);
    if (fresh == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    fresh->mem = mem;
    fresh->max_sas = params->max_sas;
    fresh->by_spi.mem = &fresh->mem;
    int error = set_up_crypto(fresh, params);
    if (error == 0) {
        error = seed_map(fresh);
    }
    if (error != 0) {
        s2s_esp_free(fresh);
        return error;
    }
    *esp = fresh;
    return 0;
}

void s2s_esp_free(s2s_esp *esp)
{
    if (esp == NULL) {
        return;
    }
    for (size_t i = 0; i < esp->slot_count; i++) {
        s2si_esp_sa_free(esp, esp->slots[i].sa);
    }
    s2si_map_clear(&esp->by_spi);
    s2si_free(&esp->mem, esp->slots, esp->slot_count * sizeof *esp->slots);
    if (esp->own_context) {
        s2si_crypto_close(&esp->crypto);
    }
    struct s2si_mem mem = esp->mem;
    s2si_free_secret(&mem, esp, sizeof *esp);
}

/* ---- the table of SAs: handle = generation | index + 1 ---- */

static struct s2si_esp_slot *slot_of(const s2s_esp *esp, s2s_esp_sa handle)
{
    size_t index = (handle & MOST_SAS) - (size_t)1; /* 0 becomes huge */
    if (index >= esp->slot_count || esp->slots[index].generation != handle >> INDEX_BITS) {
        return NULL;
    }
    return esp->slots[index].sa == NULL ? NULL : &esp->slots[index];
}

struct s2si_esp_sa *s2si_esp_sa_of(const s2s_esp *esp, s2s_esp_sa handle)
{
    const struct s2si_esp_slot *slot = slot_of(esp, handle);
    return slot == NULL ? NULL : slot->sa;
}

static int grow(s2s_esp *esp)
{
    size_t count = esp->slot_count == 0 ? FIRST_SLOTS : esp->slot_count * 2;
    if (count > esp->max_sas) {
        count = esp->max_sas;
    }
    if (count == esp->slot_count) {
        return S2S_ERR_LIMIT;
    }
    struct s2si_esp_slot *slots =
        s2si_resize(&esp->mem, esp->slots, esp->slot_count * sizeof *slots, count * sizeof *slots);
    if (slots == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    esp->slots = slots;
    esp->slot_count = count;
    return 0;
}

static int find_free(s2s_esp *esp, size_t *index)
{
    for (*index = 0; *index < esp->slot_count; (*index)++) {
        if (esp->slots[*index].sa == NULL) {
            return 0;
        }
    }
    return grow(esp);
}

static uint32_t *count_of(s2s_esp *esp, enum s2s_esp_direction direction)
{
    return direction == S2S_ESP_INBOUND ? &esp->stats.inbound_sas : &esp->stats.outbound_sas;
}

int s2s_esp_sa_add(s2s_esp *esp, const struct s2s_esp_sa_params *params, s2s_esp_sa *sa)
{
    struct s2si_esp_sa *fresh;
    size_t index;
    int error = s2si_esp_sa_new(esp, params, &fresh);
    if (error != 0) {
        return error;
    }
    error = find_free(esp, &index);
    if (error == 0 && fresh->direction == S2S_ESP_INBOUND) {
        error = s2si_map_put(&esp->by_spi, &fresh->spi, sizeof fresh->spi, fresh);
    }
    if (error != 0) {
        s2si_esp_sa_free(esp, fresh);
        return error;
    }
    struct s2si_esp_slot *slot = &esp->slots[index];
    slot->generation++;
    slot->sa = fresh;
    fresh->handle = (s2s_esp_sa)slot->generation << INDEX_BITS | (s2s_esp_sa)(index + 1);
    (*count_of(esp, fresh->direction))++;
    *sa = fresh->handle;
    return 0;
}

int s2s_esp_sa_delete(s2s_esp *esp, s2s_esp_sa sa)
{
    struct s2si_esp_slot *slot = slot_of(esp, sa);
    if (slot == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    struct s2si_esp_sa *old = slot->sa;
    slot->sa = NULL;
    if (old->direction == S2S_ESP_INBOUND) {
        s2si_map_remove(&esp->by_spi, &old->spi, sizeof old->spi);
    }
    esp->soft_waiting -= old->soft_reached && !old->soft_named ? 1 : 0;
    (*count_of(esp, old->direction))--;
    s2si_esp_sa_free(esp, old);
    return 0;
}

struct s2si_esp_sa *s2si_esp_inbound(const s2s_esp *esp, uint32_t spi)
{
    return s2si_map_get(&esp->by_spi, &spi, sizeof spi);
}

s2s_esp_sa s2s_esp_sa_find(const s2s_esp *esp, uint32_t spi)
{
    const struct s2si_esp_sa *sa = s2si_esp_inbound(esp, spi);
    return sa == NULL ? 0 : sa->handle;
}

int s2s_esp_spi_draw(s2s_esp *esp, uint32_t *spi)
{
    uint8_t bytes[4];
    do {
        int error = s2si_crypto_random(&esp->crypto, bytes, sizeof bytes);
        if (error != 0) {
            return error;
        }
        *spi = s2si_get_u32(bytes);
    } while (*spi < RESERVED_SPIS || s2si_esp_inbound(esp, *spi) != NULL);
    return 0;
}

int s2s_esp_sa_set_remote(s2s_esp *esp, s2s_esp_sa sa, const struct s2s_endpoint *remote)
{
    struct s2si_esp_sa *found = s2si_esp_sa_of(esp, sa);
    if (found == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    found->remote = *remote;
    return 0;
}

int s2s_esp_sa_set_local(s2s_esp *esp, s2s_esp_sa sa, const struct s2s_endpoint *local)
{
    struct s2si_esp_sa *found = s2si_esp_sa_of(esp, sa);
    if (found == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    found->local = *local;
    return 0;
}

s2s_esp_sa s2s_esp_next_soft_limit(s2s_esp *esp)
{
    for (size_t i = 0; esp->soft_waiting > 0 && i < esp->slot_count; i++) {
        struct s2si_esp_sa *sa = esp->slots[i].sa;
        if (sa != NULL && sa->soft_reached && !sa->soft_named) {
            sa->soft_named = true;
            esp->soft_waiting--;
            return sa->handle;
        }
    }
    return 0;
}

/* ---- counters ---- */

void s2si_esp_drop(s2s_esp *esp, struct s2si_esp_sa *sa, struct s2s_packet *packet, enum s2s_drop_reason reason)
{
    packet->verdict = S2S_VERDICT_DROP;
    packet->reason = (uint8_t)reason;
    esp->stats.drops[reason]++;
    if (sa != NULL) {
        sa->drops[reason]++;
    }
}

int s2s_esp_sa_get_stats(const s2s_esp *esp, s2s_esp_sa sa, struct s2s_esp_sa_stats *stats)
{
    if (stats->struct_size < sizeof *stats) {
        return S2S_ERR_INVALID;
    }
    const struct s2si_esp_sa *found = s2si_esp_sa_of(esp, sa);
    if (found == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    struct s2s_esp_sa_stats filled = {
        .struct_size = stats->struct_size,
        .direction = found->direction,
        .spi = found->spi,
        .owner = found->owner,
        .local = found->local,
        .remote = found->remote,
        .packets = found->packets,
        .bytes = found->bytes,
        .last = found->last,
        .sequence = found->direction == S2S_ESP_INBOUND ? found->replay.top : found->sequence,
        .soft_limit_reached = found->soft_reached,
    };
    memcpy(filled.drops, found->drops, sizeof filled.drops);
    *stats = filled;
    return 0;
}

int s2s_esp_get_stats(const s2s_esp *esp, struct s2s_esp_stats *stats)
{
    if (stats->struct_size < sizeof *stats) {
        return S2S_ERR_INVALID;
    }
    size_t size = stats->struct_size;
    *stats = esp->stats;
    stats->struct_size = size;
    return 0;
}

/* ---- batches ---- */

struct s2s_crypto_op *s2si_esp_run_add(struct s2si_esp_run *run, struct s2s_packet *packet, uint8_t *header)
{
    struct s2s_crypto_op *op = &run->ops[run->count];
    uint8_t *aad = run->aad[run->count];
    const struct s2si_esp_sa *sa = run->sa;
    run->packets[run->count++] = packet;

    *op = (struct s2s_crypto_op){.aad = header, .aad_length = S2SI_ESP_HEADER, .iv = header + S2SI_ESP_HEADER};
    op->data = header + S2SI_ESP_HEADER + sa->suite.iv_length;
    if (!sa->esn) {
        return op;
    }
    s2si_put_u32(aad, sa->spi);
    s2si_put_u64(aad + 4, packet->sequence);
    if (sa->suite.aead) {
        op->aad = aad;
        op->aad_length = S2SI_ESP_AAD;
    } else {
        op->tail = aad + 4; /* the high half */
        op->tail_length = 4;
    }
    return op;
}

enum s2s_esp_udp_content s2s_esp_udp_content(const uint8_t *data, size_t length)
{
    if (length == 1 && data[0] == 0xff) {
        return S2S_ESP_UDP_KEEPALIVE;
    }
    if (length < 4) {
        return S2S_ESP_UDP_NOTHING;
    }
    return s2si_get_u32(data) == 0 ? S2S_ESP_UDP_IKE : S2S_ESP_UDP_ESP;
}
