/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/config/device_view.h"

#include <stdio.h>
#include <string.h>

#include "lib/config/config.h"
#include "lib/gateway/objects.h"

/* ---- words of AWS's files ---- */

static const struct word {
    enum s2s_algorithm algorithm;
    const char *word, *hmac;
    unsigned group;
} words[] = {
    {S2S_AES128_CBC, "aes-128-cbc", "", 0},
    {S2S_AES192_CBC, "aes-192-cbc", "", 0},
    {S2S_AES256_CBC, "aes-256-cbc", "", 0},
    {S2S_AES128_GCM16, "aes-128-gcm-16", "", 0},
    {S2S_AES192_GCM16, "aes-192-gcm-16", "", 0},
    {S2S_AES256_GCM16, "aes-256-gcm-16", "", 0},
    {S2S_CHACHA20_POLY1305, "chacha20-poly1305", "", 0},
    {S2S_DES_CBC, "des", "", 0},
    {S2S_3DES_CBC, "3des", "", 0},
    {S2S_HMAC_MD5_96, "md5", "hmac-md5-96", 0},
    {S2S_HMAC_SHA1_96, "sha1", "hmac-sha1-96", 0},
    {S2S_HMAC_SHA2_256_128, "sha2-256", "hmac-sha2-256-128", 0},
    {S2S_HMAC_SHA2_384_192, "sha2-384", "hmac-sha2-384-192", 0},
    {S2S_HMAC_SHA2_512_256, "sha2-512", "hmac-sha2-512-256", 0},
    {S2S_MODP768, "", "", 1},
    {S2S_MODP1024, "", "", 2},
    {S2S_MODP1536, "", "", 5},
    {S2S_MODP2048, "", "", 14},
    {S2S_MODP3072, "", "", 15},
    {S2S_MODP4096, "", "", 16},
    {S2S_MODP6144, "", "", 17},
    {S2S_MODP8192, "", "", 18},
    {S2S_ECP256, "", "", 19},
    {S2S_ECP384, "", "", 20},
    {S2S_ECP521, "", "", 21},
    {S2S_MODP1024_S160, "", "", 22},
    {S2S_MODP2048_S224, "", "", 23},
    {S2S_MODP2048_S256, "", "", 24},
    {S2S_CURVE25519, "", "", 31},
};

static const struct word *word_of(enum s2s_algorithm algorithm)
{
    static const struct word none = {S2S_ALG_NONE, "", "", 0};

    for (size_t i = 0; i < S2SI_COUNT(words); i++) {
        if (words[i].algorithm == algorithm) {
            return &words[i];
        }
    }
    return &none;
}

const char *s2si_file_encryption(enum s2s_algorithm algorithm)
{
    return word_of(algorithm)->word;
}

const char *s2si_file_integrity(enum s2s_algorithm algorithm)
{
    return word_of(algorithm)->word;
}

const char *s2si_file_hmac(enum s2s_algorithm algorithm)
{
    return word_of(algorithm)->hmac;
}

unsigned s2si_file_group(enum s2s_algorithm algorithm)
{
    return word_of(algorithm)->group;
}

/* ---- one of several ---- */

/* What a sample prefers, best first: CBC, since every device and both clouds have it. */
static const uint16_t recommended[] = {
    S2S_AES256_CBC,
    S2S_AES128_CBC,
    S2S_AES256_GCM16,
    S2S_AES128_GCM16,
    S2S_HMAC_SHA2_256_128,
    S2S_HMAC_SHA2_384_192,
    S2S_HMAC_SHA2_512_256,
    S2S_HMAC_SHA1_96,
    S2S_MODP2048,
    S2S_ECP256,
    S2S_ECP384,
    S2S_MODP3072,
    S2S_MODP4096,
    S2S_MODP1536,
    S2S_MODP1024,
};
static const uint16_t compatible[] = {
    S2S_AES128_CBC,        S2S_AES256_CBC,        S2S_AES128_GCM16,      S2S_AES256_GCM16, S2S_HMAC_SHA1_96,
    S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA2_384_192, S2S_HMAC_SHA2_512_256, S2S_MODP1024,     S2S_MODP1536,
    S2S_MODP2048,          S2S_MODP3072,          S2S_MODP4096,          S2S_ECP256,       S2S_ECP384,
};

static bool listed(const struct s2s_algorithm_list *list, uint16_t algorithm)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == algorithm) {
            return true;
        }
    }
    return false;
}

static enum s2s_algorithm pick(const struct s2s_algorithm_list *list, int sample)
{
    const uint16_t *order = sample == S2S_DEVICE_SAMPLE_COMPATIBILITY ? compatible : recommended;

    for (size_t i = 0; i < S2SI_COUNT(recommended); i++) {
        if (listed(list, order[i])) {
            return (enum s2s_algorithm)order[i];
        }
    }
    return list->count ? (enum s2s_algorithm)list->items[0] : S2S_ALG_NONE;
}

static enum s2s_algorithm pick_integrity(enum s2s_algorithm encryption, const struct s2s_algorithm_list *list,
                                         int sample)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(encryption);

    return info && info->aead ? S2S_ALG_NONE : pick(list, sample);
}

static void pick_all(struct s2si_view_tunnel *view, int sample)
{
    const struct s2s_tunnel_params *params = &view->params;

    view->ike_encryption = pick(&params->ike_encryption, sample);
    view->ike_integrity = pick_integrity(view->ike_encryption, &params->ike_integrity, sample);
    view->ike_group = pick(&params->ike_dh_group, sample);
    view->ipsec_encryption = pick(&params->ipsec_encryption, sample);
    view->ipsec_integrity = pick_integrity(view->ipsec_encryption, &params->ipsec_integrity, sample);
    view->ipsec_group = pick(&params->ipsec_pfs, sample);
}

/* ---- objects to values ---- */

static void identity(const char *given, const struct s2s_addr *otherwise, char *out, size_t size)
{
    char text[S2S_ADDR_TEXT];

    if (given) {
        s2si_printable(given, out, size);
    } else if (otherwise->family) {
        snprintf(out, size, "%s", s2s_addr_format(otherwise, text));
    }
}

bool s2si_view_text_psk(const struct s2si_view_tunnel *tunnel)
{
    for (size_t i = 0; i < tunnel->psk_length; i++) {
        unsigned char byte = (unsigned char)tunnel->psk[i];
        if (byte <= 0x20 || byte >= 0x7f) {
            return false;
        }
    }
    return tunnel->psk_length > 0;
}

static int read_tunnel(const s2s_tunnel *tunnel, int sample, struct s2si_view_tunnel *view)
{
    const s2s_customer_gateway *peer = tunnel->customer_gateway;
    const s2s_connection *connection = tunnel->connection;
    struct s2s_tunnel_state state = {.struct_size = sizeof(state)};

    view->params = tunnel->effective;
    view->params.psk = NULL;
    view->cloud_outside = tunnel->own.family ? tunnel->own : tunnel->local;
    view->peer_outside = tunnel->remote;
    view->cloud_inside = tunnel->inside_local;
    view->peer_inside = tunnel->inside_remote;
    view->inside_length = tunnel->inside_length;
    identity(view->params.local_id, &view->cloud_outside, view->cloud_id, sizeof(view->cloud_id));
    identity(view->params.remote_id, &view->peer_outside, view->peer_id, sizeof(view->peer_id));
    view->cloud_asn =
        connection->effective.local_asn ? connection->effective.local_asn : tunnel->gateway->effective.asn;
    view->peer_asn = peer ? peer->params.asn : 0;
    s2si_printable(peer && peer->params.name ? peer->params.name : "", view->peer_name, sizeof(view->peer_name));
    if (s2s_tunnel_get(tunnel, &state) == 0) {
        view->mtu = state.mtu;
        view->mss = state.mss;
    }
    pick_all(view, sample);
    return s2s_tunnel_psk(tunnel, (uint8_t *)view->psk, sizeof(view->psk) - 1, &view->psk_length) == 0 &&
                   view->cloud_outside.family
               ? 0
               : S2S_ERR_UNSUPPORTED;
}

int s2si_view_read(struct s2si_mem *mem, const s2s_connection *connection, int sample, struct s2si_view *view)
{
    const struct s2s_connection_params *params = &connection->effective;
    int error = 0;

    if (connection->tunnel_count > S2SI_VIEW_TUNNELS) {
        return S2S_ERR_UNSUPPORTED;
    }
    view->tunnels = s2si_alloc_array(mem, S2SI_VIEW_TUNNELS, sizeof(*view->tunnels));
    if (!view->tunnels) {
        return S2S_ERR_NO_MEMORY;
    }
    s2si_printable(params->name ? params->name : "", view->name, sizeof(view->name));
    s2si_printable(s2s_gateway_name(connection->gateway), view->gateway, sizeof(view->gateway));
    view->bgp = params->enable_bgp == 1;
    view->cloud_subnets = params->local_subnets;
    view->cloud_subnet_count = params->local_subnet_count;
    view->peer_subnets = params->remote_subnets;
    view->peer_subnet_count = params->remote_subnet_count;
    view->tunnel_count = connection->tunnel_count;
    for (size_t i = 0; error == 0 && i < view->tunnel_count; i++) {
        error = read_tunnel(connection->tunnels[i], sample, &view->tunnels[i]);
    }
    return error;
}

void s2si_view_free(struct s2si_mem *mem, struct s2si_view *view)
{
    s2si_free_secret(mem, view->tunnels, view->tunnels ? S2SI_VIEW_TUNNELS * sizeof(*view->tunnels) : 0);
    view->tunnels = NULL;
}
