/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gateway_rig.h"

#include <string.h>

#include "lib/gateway/profile.h"

static const struct s2s_algorithm_list encryption = { 1, { S2S_AES128_GCM16 } };
static const struct s2s_algorithm_list groups = { 1, { S2S_CURVE25519 } };
static const struct s2s_algorithm_list no_pfs = { 1, { S2S_ALG_NONE } };
static const struct s2s_algorithm_list allowed_groups = { 2, { S2S_CURVE25519, S2S_MODP2048 } };

static const struct s2si_profile_field fields[] = {
    { .field = S2SI_CONN_EFFECT_IMMEDIATELY, .console = S2SI_NUMBER(0) },
    { .field = S2SI_CONN_AUTO_CONFIG_ROUTE, .console = S2SI_NUMBER(1) },
    { .field = S2SI_TUN_PSK,
      .shortest = 4,
      .longest = 16,
      .alphabet = "abcdefgh-psk123",
      .not_first = "-",
      .rule = "the test's rule" },
    { .field = S2SI_TUN_IKE_ENCRYPTION, .console = S2SI_ALGORITHMS(&encryption) },
    { .field = S2SI_TUN_IKE_DH_GROUP, .console = S2SI_ALGORITHMS(&groups), .allowed = &allowed_groups, .most = 2 },
    { .field = S2SI_TUN_IKE_LIFETIME,
      .console = S2SI_NUMBER(28800),
      .api = S2SI_NUMBER(86400),
      .minimum = 900,
      .maximum = 86400,
      .rule = "900 to 86400 seconds" },
    { .field = S2SI_TUN_IPSEC_ENCRYPTION, .console = S2SI_ALGORITHMS(&encryption) },
    { .field = S2SI_TUN_IPSEC_PFS, .console = S2SI_ALGORITHMS(&no_pfs) },
    { .field = S2SI_TUN_IPSEC_LIFETIME, .console = S2SI_NUMBER(3600) },
    { .field = S2SI_TUN_REKEY_MARGIN, .console = S2SI_NUMBER(540) },
};

static const struct s2s_profile profile = {
    .name = "rig",
    .title = "The rig",
    .fields = fields,
    .field_count = S2SI_COUNT(fields),
    .routing = { .publish_policy = true,
                 .publish_destination = true,
                 .auto_policy_routes = true,
                 .has_policy_routes = true,
                 .has_destination_routes = true,
                 .primary_first = true,
                 .switch_back = 1 },
    .psk = { 12, "abcdefgh", "a" },
    .addresses_rule = S2SI_ADDRESS_PER_TUNNEL_OR_FIRST,
    .addresses_least = 1,
    .tunnels_least = 1,
    .tunnels_most = 2,
};

const struct s2s_profile *rig_profile(void)
{
    return &profile;
}

static struct s2s_addr addr(const char *text)
{
    struct s2s_addr out;
    s2s_addr_parse(text, &out);
    return out;
}

int rig_make(struct rig_end *end, const struct s2s_allocator *allocator, uint32_t capabilities, const char *address,
             const char *far)
{
    struct s2s_engine_params params;
    struct s2s_gateway_params gateway;
    struct s2s_customer_gateway_params customer;
    s2s_customer_gateway *out;
    struct s2s_addr own = addr(address);
    int error;

    memset(end, 0, sizeof(*end));
    end->next_spi = 0x1000;
    s2s_engine_params_init(&params, sizeof(params));
    params.allocator = allocator;
    params.provider = s2s_crypto_test();
    params.capabilities = capabilities;
    error = s2s_engine_new(&params, &end->engine);
    if (error) {
        return error;
    }
    s2s_gateway_params_init(&gateway, sizeof(gateway));
    gateway.name = "gw";
    gateway.profile = rig_profile();
    gateway.addresses = &own;
    gateway.address_count = 1;
    error = s2s_gateway_new(end->engine, &gateway, 0, &end->gateway);
    if (error) {
        return error;
    }
    s2s_customer_gateway_params_init(&customer, sizeof(customer));
    customer.name = "far";
    customer.ip_address = addr(far);
    return s2s_customer_gateway_new(end->gateway, &customer, &out);
}

int rig_connect(struct rig_end *end, const char *local, const char *remote, bool start, s2s_time now)
{
    struct s2s_connection_params params;
    struct s2s_tunnel_params tunnel;
    struct s2s_prefix own, other;

    s2s_prefix_parse(local, &own);
    s2s_prefix_parse(remote, &other);
    s2s_connection_params_init(&params, sizeof(params));
    s2s_tunnel_params_init(&tunnel, sizeof(tunnel));
    params.name = "net";
    params.customer_gateway = "far";
    params.local_subnets = &own;
    params.local_subnet_count = 1;
    params.remote_subnets = &other;
    params.remote_subnet_count = 1;
    params.tunnels = &tunnel;
    params.tunnel_count = 1;
    tunnel.psk = (const uint8_t *)"psk-123";
    tunnel.psk_length = 7;
    tunnel.startup_action = start ? S2S_STARTUP_START : S2S_STARTUP_ADD;
    return s2s_connection_new(end->gateway, &params, now, &end->connection);
}

void rig_free(struct rig_end *end)
{
    s2s_engine_delete(end->engine);
    end->engine = NULL;
}

/* ---- the fake kernel ---- */

static void keep(struct rig_end *end, const struct s2s_action *action)
{
    struct rig_action *kept = &end->actions[end->action_count++];

    memset(kept, 0, sizeof(*kept));
    kept->type = action->type;
    kept->op = action->op;
    kept->inbound = action->type == S2S_ACTION_SA_ADD || action->type == S2S_ACTION_SA_DELETE ? action->sa.inbound
                                                                                              : action->policy.inbound;
    kept->spi = action->sa.spi;
    kept->kind = action->route.kind;
    kept->prefix = action->type == S2S_ACTION_ADDRESS_ADD ? action->address : action->route.prefix;
    kept->group = action->group;
    kept->tunnel = action->tunnel;
    kept->selectors = action->sa.local_ts_count;
}

static void complete(struct rig_end *end, struct rig_action *action, int error, s2s_time now)
{
    struct s2s_result result = { .struct_size = sizeof(result),
                                 .error = error,
                                 .detail = error ? "the rig refuses" : NULL };

    result.spi = action->type == S2S_ACTION_SPI_ALLOCATE ? end->next_spi++ : 0;
    result.device = action->type == S2S_ACTION_DEVICE_ADD ? "rig0" : NULL;
    action->answered = true;
    s2s_engine_complete(end->engine, action->op, &result, now);
}

static bool take(struct rig *rig, struct rig_end *end, struct rig_end *other)
{
    struct s2s_action action = { .struct_size = sizeof(action) };

    if (!end->engine || !s2s_engine_next_action(end->engine, &action)) {
        return false;
    }
    if (action.type == S2S_ACTION_DATAGRAM) {
        uint8_t copy[4096];
        end->datagrams++;
        if (!end->cut && other->engine && action.length <= sizeof(copy)) {
            memcpy(copy, action.data, action.length);
            s2s_engine_feed_datagram(other->engine, &action.remote, &action.local, copy, action.length, rig->now);
        }
        return true;
    }
    if (action.type == S2S_ACTION_CRYPTO_JOB) {
        struct s2s_result result = { .struct_size = sizeof(result) };
        s2s_crypto_job_run(action.job);
        s2s_engine_complete(end->engine, action.op, &result, rig->now);
        return true;
    }
    if (end->action_count == RIG_ACTIONS) {
        end->action_count = 0;
    }
    keep(end, &action);
    if (action.op && !end->hold) {
        complete(end, &end->actions[end->action_count - 1], action.type == end->refuse ? S2S_ERR_KERNEL : 0, rig->now);
    }
    return true;
}

void rig_pump(struct rig *rig)
{
    while (take(rig, &rig->a, &rig->b) || take(rig, &rig->b, &rig->a)) {
    }
}

void rig_advance(struct rig *rig, s2s_time by)
{
    s2s_time end = rig->now + by;

    for (;;) {
        s2s_time a = rig->a.engine ? s2s_engine_next_timeout(rig->a.engine) : S2S_TIME_NEVER;
        s2s_time b = rig->b.engine ? s2s_engine_next_timeout(rig->b.engine) : S2S_TIME_NEVER;
        s2s_time next = a < b ? a : b;
        if (next > end) {
            break;
        }
        rig->now = next > rig->now ? next : rig->now;
        if (rig->a.engine) {
            s2s_engine_tick(rig->a.engine, rig->now);
        }
        if (rig->b.engine) {
            s2s_engine_tick(rig->b.engine, rig->now);
        }
        rig_pump(rig);
    }
    rig->now = end;
}

void rig_answer(struct rig *rig, struct rig_end *end, size_t index, int error)
{
    complete(end, &end->actions[index], error, rig->now);
    rig_pump(rig);
}

size_t rig_find(const struct rig_end *end, enum s2s_action_type type, size_t from)
{
    for (size_t i = from; i < end->action_count; i++) {
        if (end->actions[i].type == type) {
            return i;
        }
    }
    return RIG_ACTIONS;
}

size_t rig_count(const struct rig_end *end, enum s2s_action_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < end->action_count; i++) {
        count += end->actions[i].type == type ? 1u : 0u;
    }
    return count;
}

size_t rig_events(struct rig_end *end, enum s2s_event_type type)
{
    struct s2s_event event = { .struct_size = sizeof(event) };
    size_t count = 0;

    while (s2s_engine_next_event(end->engine, &event)) {
        count += event.type == type ? 1u : 0u;
    }
    return count;
}
