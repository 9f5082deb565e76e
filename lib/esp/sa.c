/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/esp/engine.h"

#include <string.h>

enum { DEFAULT_WINDOW = 1024 };

void s2s_esp_sa_params_init(struct s2s_esp_sa_params *params, size_t size)
{
    const struct s2s_esp_sa_params defaults = {.struct_size = size, .replay_window = DEFAULT_WINDOW, .copy_dscp = true};
    memset(params, 0, size);
    memcpy(params, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

/* ---- what is refused ---- */

static bool key_fits(const uint8_t *key, size_t length, size_t wanted)
{
    return length == wanted && (wanted == 0 || key != NULL);
}

static bool keys_fit(const struct s2s_esp_sa_params *params, const struct s2si_esp_suite *suite)
{
    return key_fits(params->encryption_key, params->encryption_key_length, suite->encryption->key_length) &&
           key_fits(params->salt, params->salt_length, suite->encryption->salt_length) &&
           key_fits(params->integrity_key, params->integrity_key_length,
                    suite->integrity == NULL ? 0 : suite->integrity->key_length);
}

static bool selectors_fit(const struct s2s_selector *selectors, size_t count)
{
    if (selectors == NULL || count == 0 || count > S2S_ESP_MAX_SELECTORS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (s2si_addr_length(&selectors[i].start) == 0 || selectors[i].start.family != selectors[i].end.family) {
            return false;
        }
    }
    return true;
}

static uint64_t last_sequence(bool esn)
{
    return esn ? UINT64_MAX : UINT32_MAX;
}

static bool values_fit(const struct s2s_esp_sa_params *params)
{
    bool inbound = params->direction == S2S_ESP_INBOUND;
    return (inbound || params->direction == S2S_ESP_OUTBOUND) && params->spi != 0 &&
           (!inbound || (params->replay_window >= S2S_ESP_WINDOW_MIN && params->replay_window <= S2S_ESP_WINDOW_MAX)) &&
           (params->encapsulation == S2S_ESP_RAW || params->encapsulation == S2S_ESP_UDP) &&
           (params->df == S2S_ESP_DF_COPY || params->df == S2S_ESP_DF_SET || params->df == S2S_ESP_DF_CLEAR) &&
           params->initial_sequence <= last_sequence(params->esn) &&
           selectors_fit(params->local_selectors, params->local_selector_count) &&
           selectors_fit(params->remote_selectors, params->remote_selector_count);
}

/* ---- life ---- */

static void copy_values(struct s2si_esp_sa *sa, const struct s2s_esp_sa_params *params)
{
    uint64_t last = last_sequence(params->esn);
    sa->direction = params->direction;
    sa->spi = params->spi;
    sa->esn = params->esn;
    sa->copy_dscp = params->copy_dscp;
    sa->encapsulation = params->encapsulation;
    sa->df = params->df;
    sa->local = params->local;
    sa->remote = params->remote;
    sa->owner = params->owner;
    sa->sequence = params->initial_sequence;
    sa->soft_limit = params->soft_limit == 0 ? last - last / 16 : params->soft_limit;
    sa->iv_mask = params->iv_mask;
    sa->last = S2S_TIME_NEVER;
}

static int copy_selectors(s2s_esp *esp, struct s2si_esp_sa *sa, const struct s2s_esp_sa_params *params)
{
    size_t local = params->local_selector_count, remote = params->remote_selector_count;
    sa->selectors = s2si_alloc_array(&esp->mem, local + remote, sizeof *sa->selectors);
    if (sa->selectors == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(sa->selectors, params->local_selectors, local * sizeof *sa->selectors);
    memcpy(sa->selectors + local, params->remote_selectors, remote * sizeof *sa->selectors);
    sa->local_count = local;
    sa->remote_count = remote;
    return 0;
}

static int build(s2s_esp *esp, struct s2si_esp_sa *sa, const struct s2s_esp_sa_params *params)
{
    const struct s2s_crypto_key key = {
        .encryption = params->encryption,
        .integrity = params->integrity,
        .encryption_key = params->encryption_key,
        .salt = params->salt,
        .integrity_key = params->integrity_key,
    };
    bool inbound = params->direction == S2S_ESP_INBOUND;
    copy_values(sa, params);
    int error = copy_selectors(esp, sa, params);
    if (error == 0 && inbound) {
        error = s2si_replay_init(&sa->replay, &esp->mem, params->replay_window, params->esn, params->initial_sequence);
    }
    if (error == 0) {
        error = s2si_crypto_transform_new(&esp->crypto, &key, !inbound, &sa->transform);
    }
    return error;
}

int s2si_esp_sa_new(s2s_esp *esp, const struct s2s_esp_sa_params *params, struct s2si_esp_sa **sa)
{
    struct s2si_esp_suite suite;
    if (params == NULL || params->struct_size < sizeof *params || !values_fit(params) ||
        !s2si_esp_suite(params->encryption, params->integrity, &suite) || !keys_fit(params, &suite)) {
        return S2S_ERR_INVALID;
    }
    struct s2si_esp_sa *fresh = s2si_alloc(&esp->mem, sizeof *fresh);
    if (fresh == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    fresh->suite = suite;
    int error = build(esp, fresh, params);
    if (error != 0) {
        s2si_esp_sa_free(esp, fresh);
        return error;
    }
    *sa = fresh;
    return 0;
}

void s2si_esp_sa_free(s2s_esp *esp, struct s2si_esp_sa *sa)
{
    if (sa == NULL) {
        return;
    }
    s2si_crypto_transform_free(&esp->crypto, sa->transform);
    s2si_replay_free(&sa->replay, &esp->mem);
    s2si_free(&esp->mem, sa->selectors, (sa->local_count + sa->remote_count) * sizeof *sa->selectors);
    s2si_free_secret(&esp->mem, sa, sizeof *sa);
}

/* ---- selectors ---- */

static bool one_has(const struct s2s_selector *selectors, size_t count, const struct s2si_ip *ip,
                    const struct s2s_addr *addr, uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        if (s2si_selector_has(&selectors[i], addr, ip->protocol, ip->has_ports, port)) {
            return true;
        }
    }
    return false;
}

bool s2si_esp_sa_selects(const struct s2si_esp_sa *sa, const struct s2si_ip *ip)
{
    bool inbound = sa->direction == S2S_ESP_INBOUND;
    const struct s2s_addr *local = inbound ? &ip->destination : &ip->source;
    const struct s2s_addr *remote = inbound ? &ip->source : &ip->destination;
    uint16_t local_port = inbound ? ip->destination_port : ip->source_port;
    uint16_t remote_port = inbound ? ip->source_port : ip->destination_port;
    return one_has(sa->selectors, sa->local_count, ip, local, local_port) &&
           one_has(sa->selectors + sa->local_count, sa->remote_count, ip, remote, remote_port);
}
