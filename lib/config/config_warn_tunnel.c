/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about tunnels: algorithms, who starts, lifetimes, dead peers, keys, standby, MTU. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/config/config_warn.h"
#include "lib/gateway/datapath.h"
#include "lib/gateway/objects.h"
#include "lib/gateway/tunnel.h"

enum {
    SHORT_LIFETIME = 600, /* seconds; the clouds' own least is 900 */
    SHORT_PSK = 16,       /* characters; what Alibaba makes itself */
    FEW_CHARACTERS = 6,   /* different ones in a key */
    PREFIX = 64
};

/* ---- weak algorithms: RFC 8221, RFC 8247 (MUST NOT, SHOULD NOT, MUST-) ---- */

static bool is_weak(uint16_t algorithm)
{
    static const uint16_t weak[] = {S2S_DES_CBC,      S2S_3DES_CBC,     S2S_NULL_ENCRYPTION, S2S_HMAC_MD5_96,
                                    S2S_PRF_HMAC_MD5, S2S_HMAC_SHA1_96, S2S_PRF_HMAC_SHA1,   S2S_MODP768,
                                    S2S_MODP1024,     S2S_MODP1536,     S2S_MODP1024_S160};
    for (size_t i = 0; i < S2SI_COUNT(weak); i++) {
        if (weak[i] == algorithm) {
            return true;
        }
    }
    return false;
}

static void warn_algorithms(struct s2s_config *config, const s2s_tunnel *tunnel, const char *prefix)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(S2SI_TUNNEL, &count);

    for (size_t i = 0; i < count; i++) {
        const struct s2s_algorithm_list *list = s2si_field_of(&fields[i], &tunnel->effective);
        for (size_t k = 0; fields[i].kind == S2SI_KIND_ALGORITHMS && k < list->count; k++) {
            const char *word = s2si_profile_algorithm_word(config->model.gateway.profile, fields[i].transform,
                                                           (enum s2s_algorithm)list->items[k]);
            if (is_weak(list->items[k])) {
                s2si_warn(config, S2SI_WARN_WEAK_ALGORITHM, prefix, fields[i].key, word);
            } else if (fields[i].id == S2SI_TUN_IPSEC_PFS && list->items[k] == S2S_ALG_NONE) {
                s2si_warn(config, S2SI_WARN_NO_PFS, prefix, fields[i].key, word);
            }
        }
    }
}

/* ---- who starts, and how long it lives ---- */

static const struct s2s_profile *far_of(const s2s_tunnel *tunnel)
{
    return tunnel->customer_gateway ? tunnel->customer_gateway->params.profile : NULL;
}

static bool is_cloud(const struct s2s_profile *profile)
{
    return profile && !profile->device_facing;
}

/* AWS waits for the customer gateway by default, Alibaba for traffic: nobody else may begin. */
static void warn_start(struct s2s_config *config, const s2s_tunnel *tunnel, const char *prefix)
{
    int action = tunnel->effective.startup_action;
    const char *far = s2s_profile_name(far_of(tunnel));

    if (action != S2S_STARTUP_START && strcmp(far, "aws") == 0) {
        s2si_warn(config, S2SI_WARN_NOBODY_STARTS, prefix, "startup_action",
                  action == S2S_STARTUP_TRAP ? "trap" : "add");
    } else if (action == S2S_STARTUP_TRAP && strcmp(far, "alibaba") == 0) {
        s2si_warn(config, S2SI_WARN_BOTH_ON_DEMAND, prefix, "startup_action", "trap");
    }
}

static void warn_lifetime(struct s2s_config *config, const char *prefix, const char *key, int seconds)
{
    char value[16];

    if (seconds > 0 && seconds < SHORT_LIFETIME) {
        snprintf(value, sizeof(value), "%d", seconds);
        s2si_warn(config, S2SI_WARN_SHORT_LIFETIME, prefix, key, value);
    }
}

static void warn_life(struct s2s_config *config, const s2s_tunnel *tunnel, const char *prefix)
{
    const struct s2s_tunnel_params *params = &tunnel->effective;

    warn_lifetime(config, prefix, "ike.lifetime", params->ike_lifetime);
    warn_lifetime(config, prefix, "ipsec.lifetime", params->ipsec_lifetime);
    if (params->probe_enable == 1) {
        return; /* the probe notices a dead peer too */
    }
    if (params->dpd_enable == 0) {
        s2si_warn(config, S2SI_WARN_DPD_OFF, prefix, "dpd.enable", "false");
    } else if (params->dpd_action == S2S_DPD_NONE) {
        s2si_warn(config, S2SI_WARN_DPD_OFF, prefix, "dpd.action", "none");
    }
}

/* ---- keys ---- */

/* Whether the key holds the word, letters compared without case. */
static bool holds_word(const uint8_t *psk, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t at = 0; size > 0 && at + size <= length; at++) {
        size_t same = 0;
        while (same < size && tolower(psk[at + same]) == tolower((unsigned char)word[same])) {
            same++;
        }
        if (same == size) {
            return true;
        }
    }
    return false;
}

static size_t different(const uint8_t *psk, size_t length)
{
    bool seen[256] = {false};
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        count += !seen[psk[i]];
        seen[psk[i]] = true;
    }
    return count;
}

static bool guessable(const s2s_tunnel *tunnel)
{
    static const char *const words[] = {"password", "passw0rd", "changeme", "secret", "letmein", "qwerty", "123456",
                                        "abcdef",   "presharedkey", "pre-shared", "example", "testtest"};
    const struct s2s_tunnel_params *params = &tunnel->effective;

    for (size_t i = 0; i < S2SI_COUNT(words); i++) {
        if (holds_word(params->psk, params->psk_length, words[i])) {
            return true;
        }
    }
    return different(params->psk, params->psk_length) < FEW_CHARACTERS ||
           (strlen(tunnel->connection->params.name) == params->psk_length &&
            holds_word(params->psk, params->psk_length, tunnel->connection->params.name));
}

/* Every length is compared whole, so that --check tells nothing by its time. */
static bool shared(const s2s_gateway *gateway, const s2s_tunnel *tunnel)
{
    const s2s_tunnel *other = NULL;
    const struct s2s_tunnel_params *params = &tunnel->effective;

    while ((other = s2si_tunnel_next(gateway, other)) != NULL && other != tunnel) {
        if (other->effective.psk_length == params->psk_length &&
            s2si_equal_secret(other->effective.psk, params->psk, params->psk_length)) {
            return true;
        }
    }
    return false;
}

static void warn_key(struct s2s_config *config, const s2s_gateway *gateway, const s2s_tunnel *tunnel,
                     const char *prefix)
{
    if (tunnel->made_psk || !tunnel->effective.psk) {
        return;
    }
    if (guessable(tunnel)) {
        s2si_warn(config, S2SI_WARN_GUESSABLE_PSK, prefix, "psk", NULL);
    } else if (tunnel->effective.psk_length < SHORT_PSK) {
        s2si_warn(config, S2SI_WARN_SHORT_PSK, prefix, "psk", NULL);
    }
    if (shared(gateway, tunnel)) {
        s2si_warn(config, S2SI_WARN_SHARED_PSK, prefix, "psk", NULL);
    }
}

/* ---- standby and MTU ---- */

static void warn_single(struct s2s_config *config, const s2s_connection *connection, const char *prefix)
{
    size_t enabled = 0;
    bool cloud = is_cloud(connection->gateway->profile);
    char value[48];

    for (size_t i = 0; i < connection->tunnel_count; i++) {
        enabled += connection->tunnels[i]->effective.enabled != 0;
        cloud = cloud || is_cloud(far_of(connection->tunnels[i]));
    }
    if (enabled == 1 && (connection->tunnel_count > 1 || cloud)) {
        snprintf(value, sizeof(value), "1 of %zu", connection->tunnel_count);
        s2si_warn(config, S2SI_WARN_SINGLE_TUNNEL, prefix, "tunnels", value);
    }
}

static uint16_t largest_mtu(const s2s_gateway *gateway)
{
    const s2s_tunnel *tunnel = NULL;
    uint16_t largest = 0;

    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        uint16_t mtu = tunnel->effective.enabled != 0 ? s2si_datapath_least_mtu(tunnel) : 0;
        largest = mtu > largest ? mtu : largest;
    }
    return largest;
}

static void warn_mtu(struct s2s_config *config, const s2s_tunnel *tunnel, const char *prefix, uint16_t largest)
{
    uint16_t mtu = s2si_datapath_least_mtu(tunnel);
    char value[48];

    if (mtu < largest) {
        snprintf(value, sizeof(value), "%u of %u bytes", mtu, largest);
        s2si_warn(config, S2SI_WARN_MTU_DIFFERS, prefix, "ipsec", value);
    }
}

void s2si_config_warn_tunnels(struct s2s_config *config, const s2s_gateway *gateway)
{
    uint16_t largest = largest_mtu(gateway);

    for (size_t i = 0; i < config->model.connection_count; i++) {
        const char *name = config->model.connections[i].name;
        const s2s_connection *connection = name ? s2s_connection_find(gateway, name) : NULL;
        char prefix[PREFIX];
        snprintf(prefix, sizeof(prefix), "connections[%zu]", i);
        for (size_t k = 0; connection && k < connection->tunnel_count; k++) {
            const s2s_tunnel *tunnel = connection->tunnels[k];
            char at[PREFIX + 40];
            snprintf(at, sizeof(at), "%s.tunnels[%zu]", prefix, k);
            if (tunnel->effective.enabled != 0) {
                warn_algorithms(config, tunnel, at);
                warn_start(config, tunnel, at);
                warn_life(config, tunnel, at);
                warn_key(config, gateway, tunnel, at);
                warn_mtu(config, tunnel, at, largest);
            }
        }
        if (connection) {
            warn_single(config, connection, prefix);
        }
    }
}
