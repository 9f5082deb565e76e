/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/effective.h"

#include <string.h>

int s2si_effective_gateway(struct s2si_mem *mem, const struct s2s_gateway_params *given, struct s2s_gateway_params *out)
{
    int error = s2si_params_copy(mem, S2SI_GATEWAY, out, given);

    if (error == 0) {
        int defaults = given->defaults >= 0 ? given->defaults : S2S_DEFAULTS_CONSOLE;
        error = s2si_profile_fill(mem, given->profile, NULL, defaults, S2SI_GATEWAY, out);
        if (error) {
            s2si_params_free(mem, S2SI_GATEWAY, out);
        }
    }
    if (error) {
        return error;
    }
    out->port = out->port >= 0 ? out->port : 500;
    out->natt_port = out->natt_port >= 0 ? out->natt_port : 4500;
    out->strict = out->strict >= 0 ? out->strict : 0;
    out->when_down = out->when_down >= 0 ? out->when_down : S2S_WHEN_DOWN_UNREACHABLE;
    out->interface_per_tunnel = out->interface_per_tunnel >= 0 ? out->interface_per_tunnel : 0;
    return 0;
}

static bool everything(const struct s2s_prefix *prefixes, size_t count)
{
    return count == 0 || (count == 1 && prefixes[0].length == 0);
}

static void route_mode(struct s2s_connection_params *params)
{
    bool open = everything(params->local_subnets, params->local_subnet_count) &&
                everything(params->remote_subnets, params->remote_subnet_count);

    if (params->route_mode < 0) {
        params->route_mode = open ? S2S_ROUTE_MODE_DESTINATION : S2S_ROUTE_MODE_POLICY;
    }
}

int s2si_effective_connection(struct s2si_mem *mem, const struct s2s_gateway_params *gateway,
                              const struct s2s_profile *far, const struct s2s_connection_params *given,
                              struct s2s_connection_params *out)
{
    struct s2s_connection_params bare = *given;
    int error;

    bare.tunnels = NULL;
    bare.tunnel_count = 0;
    error = s2si_params_copy(mem, S2SI_CONNECTION, out, &bare);
    if (error) {
        return error;
    }
    route_mode(out);
    if (out->failover_switch_back < 0) {
        out->failover_switch_back = gateway->profile->routing.switch_back;
    }
    error = s2si_profile_fill(mem, gateway->profile, far, gateway->defaults, S2SI_CONNECTION, out);
    if (error) {
        s2si_params_free(mem, S2SI_CONNECTION, out);
        return error;
    }
    if (out->failover_hold_down < 0) {
        out->failover_hold_down = gateway->profile->routing.hold_down;
    }
    return 0;
}

/* ---- tunnels ---- */

static int startup_action(const struct s2si_effective_input *input, const struct s2s_tunnel_params *given)
{
    const struct s2si_value *value =
        s2si_profile_default(input->gateway->profile, input->far, input->gateway->defaults, S2SI_TUN_STARTUP_ACTION);
    int immediately = input->connection->effect_immediately;

    if (given->startup_action >= 0) {
        return given->startup_action;
    }
    if (immediately < 0 && value->given) {
        return (int)value->number;
    }
    if (immediately < 0) {
        immediately = input->connection_effective->effect_immediately;
    }
    return immediately == 1 ? S2S_STARTUP_START : immediately == 0 ? S2S_STARTUP_TRAP : S2S_STARTUP_ADD;
}

/* A margin that nobody gave is cut to a tenth of the shorter lifetime. */
static void cut_margin(const struct s2s_tunnel_params *given, struct s2s_tunnel_params *out)
{
    int lifetime = out->ipsec_lifetime;

    if (out->ike_lifetime > 0 && (lifetime <= 0 || out->ike_lifetime < lifetime)) {
        lifetime = out->ike_lifetime;
    }
    if (given->rekey_margin < 0 && lifetime > 0 && (out->rekey_margin <= 0 || out->rekey_margin > lifetime / 10)) {
        out->rekey_margin = lifetime / 10;
    }
}

#define PSK_LONGEST 128

/* Draws without bias: a byte beyond the last whole round of the alphabet is drawn again. */
static int draw(s2s_engine *engine, const struct s2si_psk_rule *rule, char *psk, size_t length)
{
    size_t letters = strlen(rule->alphabet), made = 0;
    unsigned limit = 256u - 256u % (unsigned)letters;

    while (made < length) {
        uint8_t byte;
        if (s2si_crypto_random(&engine->crypto, &byte, 1)) {
            return S2S_ERR_CRYPTO;
        }
        char letter = rule->alphabet[byte % letters];
        if (byte < limit && !(made == 0 && rule->not_first && strchr(rule->not_first, letter))) {
            psk[made++] = letter;
        }
    }
    return 0;
}

static int make_psk(s2s_engine *engine, const struct s2si_effective_input *input, struct s2s_tunnel_params *out)
{
    const struct s2si_psk_rule *rule = &input->gateway->profile->psk;
    const struct s2si_field *field = s2si_field_by_id(S2SI_TUN_PSK, NULL);
    struct s2s_tunnel_params source = *out;
    char psk[PSK_LONGEST];
    int error;

    if (input->gateway->profile->device_facing && input->far) {
        rule = &input->far->psk;
    }
    if (rule->length == 0 || rule->length > PSK_LONGEST || !rule->alphabet) {
        return 0;
    }
    error = draw(engine, rule, psk, rule->length);
    source.psk = (const uint8_t *)psk;
    source.psk_length = rule->length;
    if (error == 0) {
        error = s2si_field_copy(&engine->mem, field, out, &source);
    }
    s2si_wipe(psk, sizeof(psk));
    return error;
}

static int complete_psk(s2s_engine *engine, const struct s2si_effective_input *input, struct s2s_tunnel_params *out,
                        bool *made)
{
    *made = false;
    if (out->psk) {
        return 0;
    }
    *made = true;
    if (input->before && input->made_psk && input->before->psk) {
        return s2si_field_copy(&engine->mem, s2si_field_by_id(S2SI_TUN_PSK, NULL), out, input->before);
    }
    return make_psk(engine, input, out);
}

int s2si_effective_tunnel(s2s_engine *engine, const struct s2si_effective_input *input,
                          const struct s2s_tunnel_params *given, struct s2s_tunnel_params *out, bool *made_psk)
{
    int error = s2si_params_copy(&engine->mem, S2SI_TUNNEL, out, given);

    if (error) {
        return error;
    }
    error = s2si_profile_fill(&engine->mem, input->gateway->profile, input->far, input->gateway->defaults, S2SI_TUNNEL,
                              out);
    if (error == 0) {
        error = complete_psk(engine, input, out, made_psk);
    }
    if (error) {
        s2si_params_free(&engine->mem, S2SI_TUNNEL, out);
        return error;
    }
    out->enabled = out->enabled >= 0 ? out->enabled : 1;
    out->auth_method = out->auth_method >= 0 ? out->auth_method : S2S_AUTH_PSK;
    out->ike_version = out->ike_version >= 0 ? out->ike_version : S2S_IKEV2;
    out->startup_action = startup_action(input, given);
    cut_margin(given, out);
    return 0;
}

static void add_once(struct s2s_algorithm_list *list, uint16_t algorithm)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == algorithm) {
            return;
        }
    }
    if (list->count < S2S_ALGORITHMS) {
        list->items[list->count++] = algorithm;
    }
}

void s2si_effective_prf(const struct s2s_tunnel_params *params, bool aead, struct s2s_algorithm_list *out)
{
    static const uint16_t common[] = { S2S_PRF_HMAC_SHA2_256, S2S_PRF_HMAC_SHA2_384, S2S_PRF_HMAC_SHA2_512 };

    for (size_t i = 0; i < params->ike_prf.count; i++) {
        add_once(out, params->ike_prf.items[i]);
    }
    if (params->ike_prf.count) {
        return;
    }
    for (size_t i = 0; aead && i < S2SI_COUNT(common); i++) {
        add_once(out, common[i]);
    }
    for (size_t i = 0; !aead && i < params->ike_integrity.count; i++) {
        add_once(out, (uint16_t)s2si_algorithm_prf_of((enum s2s_algorithm)params->ike_integrity.items[i]));
    }
}

/* ---- routes ---- */

int s2si_effective_route(struct s2si_mem *mem, const s2s_gateway *gateway, const struct s2s_route_params *given,
                         struct s2s_route_params *out)
{
    const struct s2si_profile_routing *routing = &gateway->profile->routing;
    int error = s2si_params_copy(mem, S2SI_ROUTE, out, given);

    if (error == 0) {
        error = s2si_profile_fill(mem, gateway->profile, NULL, gateway->effective.defaults, S2SI_ROUTE, out);
        if (error) {
            s2si_params_free(mem, S2SI_ROUTE, out);
        }
    }
    if (error) {
        return error;
    }
    if (out->priority < 0) {
        out->priority = 10;
    }
    if (out->weight < 0) {
        out->weight = 100;
    }
    if (out->publish < 0) {
        out->publish = out->type == S2S_ROUTE_POLICY        ? routing->publish_policy
                       : out->type == S2S_ROUTE_DESTINATION ? routing->publish_destination
                                                            : routing->publish_static;
    }
    return 0;
}
