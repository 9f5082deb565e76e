/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/validate.h"

#include <stdio.h>
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/effective.h"
#include "lib/gateway/tunnel.h"

int s2si_validate_result(s2s_engine *engine)
{
    struct s2si_errors *errors = &engine->errors;

    if (errors->out_of_memory) {
        snprintf(engine->detail, sizeof(engine->detail), "no memory to list the errors");
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < errors->count; i++) {
        if (!errors->entries[i].warning) {
            snprintf(engine->detail, sizeof(engine->detail), "%.90s: %.150s", errors->entries[i].path,
                     errors->entries[i].rule);
            return S2S_ERR_CONFIG;
        }
    }
    return 0;
}

/* The far end's cloud, when it holds rules over us: the third seat. */
static const struct s2s_profile *facing(const struct s2s_profile *own, const s2s_customer_gateway *customer_gateway)
{
    const struct s2s_profile *far = customer_gateway ? customer_gateway->params.profile : NULL;
    return own->device_facing && far && far != own ? far : NULL;
}

static size_t count_nodes(const struct s2si_list *list)
{
    return s2si_list_count(list);
}

/* ---- gateway, customer gateway, route ---- */

static void check_addresses(s2s_engine *engine, const struct s2s_gateway_params *params)
{
    for (size_t i = 0; i < params->address_count; i++) {
        char field[32], text[S2S_ADDR_TEXT];
        snprintf(field, sizeof(field), "addresses[%zu]", i);
        s2s_addr_format(&params->addresses[i], text);
        if (params->addresses[i].family == 0 && params->address_count > 1) {
            s2si_errors_add(&engine->errors, field, "dynamic", "\"dynamic\" stands alone");
        }
        for (size_t j = 0; j < i; j++) {
            if (s2si_addr_equal(&params->addresses[i], &params->addresses[j])) {
                s2si_errors_add(&engine->errors, field, text, "each address may be listed once");
            }
        }
    }
}

static bool bgp_in_use(const s2s_gateway *gateway)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &gateway->connections) {
        const s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        if (!connection->deleting && connection->effective.enable_bgp == 1) {
            return true;
        }
    }
    return false;
}

int s2si_validate_gateway(s2s_engine *engine, const s2s_gateway *self, const struct s2s_gateway_params *effective)
{
    const struct s2s_profile *profile = effective->profile;
    struct s2si_errors *errors = &engine->errors;
    struct s2si_rule_input input = {
        .errors = errors,
        .profile = profile,
        .strict = effective->strict == 1,
        .gateway = effective,
        .gateway_before = self ? &self->effective : NULL,
        .bgp_in_use = self && bgp_in_use(self),
    };
    size_t mark = s2si_errors_push(errors, "gateway", -1);
    char text[16];

    s2si_profile_check(profile, input.strict, S2SI_GATEWAY, effective, errors);
    if (effective->address_count < profile->addresses_least ||
        (profile->addresses_most && effective->address_count > profile->addresses_most)) {
        snprintf(text, sizeof(text), "%zu", effective->address_count);
        s2si_errors_add(errors, "addresses", text, "%s has %u%s address%s", profile->title, profile->addresses_least,
                        profile->addresses_most == profile->addresses_least ? "" : " or more",
                        profile->addresses_least == 1 ? "" : "es");
    }
    check_addresses(engine, effective);
    s2si_profile_rules(profile, S2SI_GATEWAY, &input);
    if (effective->interface_per_tunnel == 1) {
        s2si_errors_add(errors, "kernel.interfaces", "tunnel", "one device a tunnel is not built yet: gateway");
    }
    if (self && self->profile != profile) {
        s2si_errors_add(errors, "profile", s2s_profile_name(profile), "a gateway's profile cannot change");
    }
    s2si_errors_pop(errors, mark);
    return s2si_validate_result(engine);
}

static int position_of(const struct s2si_list *list, const struct s2si_list *self)
{
    struct s2si_list *node;
    int at = 0;

    S2SI_LIST_EACH(node, list) {
        if (node == self) {
            return at;
        }
        at++;
    }
    return at;
}

int s2si_validate_customer_gateway(s2s_gateway *gateway, const s2s_customer_gateway *self,
                                   const struct s2s_customer_gateway_params *params)
{
    struct s2si_errors *errors = &gateway->engine->errors;
    struct s2si_rule_input input = {
        .errors = errors,
        .profile = gateway->profile,
        .strict = gateway->effective.strict == 1,
        .gateway = &gateway->effective,
        .customer_gateway = params,
    };
    size_t mark = s2si_errors_push(errors, "customer_gateways",
                                   position_of(&gateway->customer_gateways, self ? &self->node : NULL));

    s2si_profile_check(gateway->profile, input.strict, S2SI_CUSTOMER_GATEWAY, params, errors);
    s2si_profile_rules(gateway->profile, S2SI_CUSTOMER_GATEWAY, &input);
    s2si_errors_pop(errors, mark);
    return s2si_validate_result(gateway->engine);
}

/* The route that the params are about is no other one: it has the same key (route.c). */
static size_t count_others(const s2s_gateway *gateway, const s2s_connection *connection, const struct s2s_route_params *params)
{
    struct s2si_list *node;
    size_t count = 0;

    S2SI_LIST_EACH(node, &gateway->routes) {
        const s2s_route *route = S2SI_CONTAINER(node, s2s_route, node);
        bool same = route->connection == connection && s2si_prefix_equal(&route->params.destination, &params->destination) &&
                    s2si_prefix_equal(&route->params.source, &params->source);
        count += route->params.type == params->type && !same;
    }
    return count;
}

int s2si_validate_route(s2s_gateway *gateway, const struct s2s_route_params *effective)
{
    static const char *const names[] = { "policy", "destination", "static" };
    const struct s2si_profile_routing *routing = &gateway->profile->routing;
    struct s2si_errors *errors = &gateway->engine->errors;
    struct s2si_rule_input input = {
        .errors = errors,
        .profile = gateway->profile,
        .strict = gateway->effective.strict == 1,
        .gateway = &gateway->effective,
        .route = effective,
    };
    const s2s_connection *connection = s2s_connection_find(gateway, effective->connection);
    bool has[] = { routing->has_policy_routes, routing->has_destination_routes, routing->has_static_routes };
    size_t mark = s2si_errors_push(errors, "routes", (int)count_nodes(&gateway->routes));

    input.connection = connection ? &connection->effective : NULL;
    input.same_type_count = count_others(gateway, connection, effective);
    s2si_profile_check(gateway->profile, input.strict, S2SI_ROUTE, effective, errors);
    if (effective->type < S2S_ROUTE_POLICY || effective->type > S2S_ROUTE_STATIC) {
        s2si_errors_add(errors, "type", NULL, "is policy, destination or static");
    } else if (!has[effective->type]) {
        s2si_errors_add(errors, "type", names[effective->type], "%s has no %s routes", gateway->profile->title,
                        names[effective->type]);
    }
    s2si_profile_rules(gateway->profile, S2SI_ROUTE, &input);
    s2si_errors_pop(errors, mark);
    return s2si_validate_result(gateway->engine);
}

/* ---- connection ---- */

static s2s_customer_gateway *named(const struct s2si_draft *draft, const char *name, const char *field)
{
    s2s_customer_gateway *found = name ? s2s_customer_gateway_find(draft->gateway, name) : NULL;

    if (name && !found) {
        s2si_errors_add(&draft->gateway->engine->errors, field, name, "no customer gateway has this name");
    }
    return found;
}

static int draft_tunnel(struct s2si_draft *draft, size_t at)
{
    s2s_engine *engine = draft->gateway->engine;
    struct s2si_draft_tunnel *tunnel = &draft->tunnels[at];
    s2s_tunnel *before = draft->self && at < draft->self->tunnel_count ? draft->self->tunnels[at] : NULL;
    struct s2si_effective_input input = {
        .gateway = &draft->gateway->effective,
        .connection = &draft->given,
        .connection_effective = &draft->effective,
        .before = before ? &before->effective : NULL,
        .made_psk = before && before->made_psk,
    };
    int error = s2si_params_element(s2si_field_by_id(S2SI_CONN_TUNNELS, NULL), &draft->given, at, &tunnel->given);

    if (error) {
        return error;
    }
    tunnel->customer_gateway = draft->customer_gateway;
    if (tunnel->given.customer_gateway) {
        size_t mark = s2si_errors_push(&engine->errors, "tunnels", (int)at);
        tunnel->customer_gateway = named(draft, tunnel->given.customer_gateway, "customer_gateway");
        s2si_errors_pop(&engine->errors, mark);
    }
    input.far = tunnel->customer_gateway ? tunnel->customer_gateway->params.profile : NULL;
    error = s2si_effective_tunnel(engine, &input, &tunnel->given, &tunnel->effective, &tunnel->made_psk);
    tunnel->has_effective = error == 0;
    return error;
}

static int draft_all(struct s2si_draft *draft)
{
    s2s_gateway *gateway = draft->gateway;
    const struct s2s_profile *far;
    int error = 0;

    draft->customer_gateway = named(draft, draft->given.customer_gateway, "customer_gateway");
    far = draft->customer_gateway ? draft->customer_gateway->params.profile : NULL;
    error =
        s2si_effective_connection(&gateway->engine->mem, &gateway->effective, far, &draft->given, &draft->effective);
    draft->has_effective = error == 0;
    draft->tunnel_count = draft->given.tunnel_count;
    if (error || draft->tunnel_count == 0) {
        return error;
    }
    draft->tunnels = s2si_alloc_array(&gateway->engine->mem, draft->tunnel_count, sizeof(*draft->tunnels));
    if (!draft->tunnels) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < draft->tunnel_count && error == 0; i++) {
        error = draft_tunnel(draft, i);
    }
    return error;
}

#define MOST_TUNNELS 64

int s2si_draft_make(s2s_gateway *gateway, s2s_connection *self, const struct s2s_connection_params *params,
                    struct s2si_draft *draft)
{
    struct s2si_errors *errors = &gateway->engine->errors;
    size_t mark;
    int error;

    memset(draft, 0, sizeof(*draft));
    draft->gateway = gateway;
    draft->self = self;
    draft->position = (size_t)position_of(&gateway->connections, self ? &self->node : NULL);
    s2si_errors_clear(errors);
    error = s2si_params_read(S2SI_CONNECTION, &draft->given, params);
    if (error || draft->given.tunnel_count > MOST_TUNNELS) {
        return error ? error : S2S_ERR_LIMIT;
    }
    mark = s2si_errors_push(errors, "connections", (int)draft->position);
    error = draft_all(draft);
    s2si_errors_pop(errors, mark);
    if (error) {
        s2si_draft_free(draft);
    }
    return error;
}

void s2si_draft_free(struct s2si_draft *draft)
{
    struct s2si_mem *mem = &draft->gateway->engine->mem;

    for (size_t i = 0; draft->tunnels && i < draft->tunnel_count; i++) {
        if (draft->tunnels[i].has_effective) {
            s2si_params_free(mem, S2SI_TUNNEL, &draft->tunnels[i].effective);
        }
    }
    if (draft->tunnels) {
        s2si_free(mem, draft->tunnels, draft->tunnel_count * sizeof(*draft->tunnels));
    }
    if (draft->has_effective) {
        s2si_params_free(mem, S2SI_CONNECTION, &draft->effective);
    }
    draft->tunnels = NULL;
    draft->has_effective = false;
}

/* What the library, this build or this kernel cannot do. */
static void check_algorithms(s2s_engine *engine, const struct s2s_tunnel_params *params)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(S2SI_TUNNEL, &count);

    for (size_t i = 0; i < count; i++) {
        const struct s2s_algorithm_list *list = s2si_field_of(&fields[i], params);
        for (size_t n = 0; fields[i].kind == S2SI_KIND_ALGORITHMS && n < list->count && n < S2S_ALGORITHMS; n++) {
            enum s2s_algorithm algorithm = (enum s2s_algorithm)list->items[n];
            const char *why = s2si_crypto_refusal(&engine->crypto, algorithm);
            if (why) {
                s2si_errors_add(&engine->errors, fields[i].key, s2s_algorithm_name(algorithm), "%s", why);
            }
        }
    }
}

static bool all_aead(const struct s2s_algorithm_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct s2s_algorithm_info *info = s2s_algorithm_info((enum s2s_algorithm)list->items[i]);
        if (!info || !info->aead) {
            return false;
        }
    }
    return true;
}

static void check_identity(struct s2si_errors *errors, const char *field, const char *text)
{
    struct s2si_identity id;

    if (text && s2si_identity_parse(text, &id)) {
        s2si_errors_add(errors, field, text, "is an IP address, a name, user@name or keyid:...");
    }
}

static void check_policy(s2s_engine *engine, const char *field, const char *text)
{
    const struct s2si_bgp_policy *policy = NULL;
    char why[160];

    if (text && s2si_bgp_policy_read(&engine->mem, text, &policy, why, sizeof(why)) == S2S_ERR_CONFIG) {
        s2si_errors_add(&engine->errors, field, NULL, "%s", why);
    }
    s2si_bgp_glue_policy_free(policy);
}

static void check_bgp(const struct s2si_draft *draft, const struct s2si_draft_tunnel *tunnel)
{
    s2s_engine *engine = draft->gateway->engine;
    const char *key = tunnel->customer_gateway ? tunnel->customer_gateway->params.auth_key : NULL;

    check_policy(engine, "bgp.import", tunnel->effective.bgp_import);
    check_policy(engine, "bgp.export", tunnel->effective.bgp_export);
    if (draft->effective.enable_bgp != 1) {
        return;
    }
    if (!s2si_bgp_glue_built()) {
        s2si_errors_add(&engine->errors, "bgp", NULL, "this build has no BGP (S2S_WITH_BGP)");
    } else if (engine->capabilities && !(engine->capabilities & S2S_KERNEL_STREAMS)) {
        s2si_errors_add(&engine->errors, "bgp", NULL, "this kernel carries no TCP streams, which BGP needs");
    } else if (key && strlen(key) > S2SI_BGP_KEY) {
        s2si_errors_add(&engine->errors, "customer_gateway", NULL, "has an auth_key of at most %d characters (TCP-MD5)",
                        S2SI_BGP_KEY);
    } else if (key && engine->capabilities && !(engine->capabilities & S2S_KERNEL_TCP_MD5)) {
        s2si_errors_add(&engine->errors, "customer_gateway", NULL,
                        "has an auth_key, but this kernel has no TCP-MD5 (RFC 2385)");
    }
}

static void check_abilities(const struct s2si_draft *draft, const struct s2si_draft_tunnel *tunnel)
{
    s2s_engine *engine = draft->gateway->engine;
    struct s2si_errors *errors = &engine->errors;
    const struct s2s_tunnel_params *params = &tunnel->effective;

    check_algorithms(engine, params);
    if (!tunnel->customer_gateway && !draft->given.customer_gateway && !tunnel->given.customer_gateway) {
        s2si_errors_add(errors, "customer_gateway", NULL, "is required here or in the connection");
    }
    if (params->ike_encryption.count == 0 || params->ipsec_encryption.count == 0) {
        s2si_errors_add(errors, params->ike_encryption.count ? "ipsec.encryption" : "ike.encryption", NULL,
                        "is required");
    }
    if (params->ike_dh_group.count == 0) {
        s2si_errors_add(errors, "ike.dh_group", NULL, "is required");
    }
    if (!all_aead(&params->ike_encryption) && params->ike_integrity.count == 0) {
        s2si_errors_add(errors, "ike.integrity", NULL, "is required beside an encryption without its own");
    }
    if (!all_aead(&params->ipsec_encryption) && params->ipsec_integrity.count == 0) {
        s2si_errors_add(errors, "ipsec.integrity", NULL, "is required beside an encryption without its own");
    }
    if (!params->psk || params->psk_length == 0) {
        s2si_errors_add(errors, "psk", NULL, "is required");
    }
    if (params->ike_version == S2S_IKEV1) {
        s2si_errors_add(errors, "ike.version", "ikev1", "IKEv1 is not built");
    }
    if (params->encapsulation == S2S_ENCAPSULATION_NEVER && engine->capabilities &&
        !(engine->capabilities & S2S_KERNEL_RAW_ESP)) {
        s2si_errors_add(errors, "encapsulation", "never", "this kernel cannot send ESP without UDP");
    }
    if (tunnel->customer_gateway && tunnel->customer_gateway->params.ip_address.family == 0 && !params->remote_id) {
        s2si_errors_add(errors, "ike.remote_id", NULL, "is required when the customer gateway's address is \"any\"");
    }
    check_identity(errors, "ike.local_id", params->local_id);
    check_identity(errors, "ike.remote_id", params->remote_id);
    check_bgp(draft, tunnel);
}

static void check_outside(const struct s2si_draft *draft, size_t at)
{
    const s2s_gateway *gateway = draft->gateway;
    size_t place = at;
    struct s2si_list *node;

    if (draft->tunnels[at].effective.local_address.family || gateway->dynamic_address) {
        return;
    }
    if (gateway->profile->addresses_rule == S2SI_ADDRESS_IN_FILE_ORDER) {
        S2SI_LIST_EACH(node, &gateway->connections) {
            const s2s_connection *other = S2SI_CONTAINER(node, s2s_connection, node);
            if (other == draft->self) {
                break;
            }
            place += other->deleting ? 0 : other->tunnel_count;
        }
    } else if (gateway->profile->addresses_rule == S2SI_ADDRESS_PER_TUNNEL_OR_FIRST) {
        place = 0;
    }
    if (place >= gateway->public_count) {
        s2si_errors_add(&gateway->engine->errors, "local_address", NULL,
                        "gateway.addresses has no address for this tunnel (it would be number %zu)", place + 1);
    }
}

static void check_connection(const struct s2si_draft *draft)
{
    const struct s2s_profile *profile = draft->gateway->profile;
    struct s2si_errors *errors = &draft->gateway->engine->errors;
    char text[24];

    snprintf(text, sizeof(text), "%zu", draft->tunnel_count);
    if (draft->tunnel_count < profile->tunnels_least ||
        (profile->tunnels_most && draft->tunnel_count > profile->tunnels_most)) {
        s2si_errors_add(errors, "tunnels", text, "a connection of %s has %u to %u tunnels", profile->title,
                        profile->tunnels_least, profile->tunnels_most);
    } else if (draft->tunnel_count == 0) {
        s2si_errors_add(errors, "tunnels", text, "a connection has at least one tunnel");
    }
    if (draft->effective.local_subnet_count > S2SI_IKE_SELECTORS) {
        s2si_errors_add(errors, "local_subnets", NULL, "at most %d prefixes", S2SI_IKE_SELECTORS);
    }
    if (draft->effective.remote_subnet_count > S2SI_IKE_SELECTORS) {
        s2si_errors_add(errors, "remote_subnets", NULL, "at most %d prefixes", S2SI_IKE_SELECTORS);
    }
}

/* ---- rules ---- */

/* Lists of pointers that rules walk; made once per validation. */
struct lists {
    const struct s2s_tunnel_params **tunnels, **others;
    const struct s2s_connection_params **connections;
    size_t other_count, connection_count;
};

static bool counts_as_other(const struct s2si_draft *draft, const s2s_connection *connection)
{
    return connection != draft->self && !connection->deleting;
}

static int make_lists(const struct s2si_draft *draft, struct lists *lists)
{
    struct s2si_mem *mem = &draft->gateway->engine->mem;
    size_t connections = count_nodes(&draft->gateway->connections), others = 0;
    struct s2si_list *node;

    memset(lists, 0, sizeof(*lists));
    S2SI_LIST_EACH(node, &draft->gateway->connections) {
        others += S2SI_CONTAINER(node, s2s_connection, node)->tunnel_count;
    }
    lists->tunnels = s2si_alloc_array(mem, draft->tunnel_count + 1, sizeof(*lists->tunnels));
    lists->others = s2si_alloc_array(mem, others + 1, sizeof(*lists->others));
    lists->connections = s2si_alloc_array(mem, connections + 1, sizeof(*lists->connections));
    if (!lists->tunnels || !lists->others || !lists->connections) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < draft->tunnel_count; i++) {
        lists->tunnels[i] = &draft->tunnels[i].effective;
    }
    S2SI_LIST_EACH(node, &draft->gateway->connections) {
        const s2s_connection *other = S2SI_CONTAINER(node, s2s_connection, node);
        for (size_t i = 0; counts_as_other(draft, other) && i < other->tunnel_count; i++) {
            lists->others[lists->other_count++] = &other->tunnels[i]->effective;
        }
        if (counts_as_other(draft, other)) {
            lists->connections[lists->connection_count++] = &other->effective;
        }
    }
    return 0;
}

static void free_lists(const struct s2si_draft *draft, struct lists *lists)
{
    struct s2si_mem *mem = &draft->gateway->engine->mem;
    size_t connections = count_nodes(&draft->gateway->connections), others = 0;
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &draft->gateway->connections) {
        others += S2SI_CONTAINER(node, s2s_connection, node)->tunnel_count;
    }
    if (lists->tunnels) {
        s2si_free(mem, lists->tunnels, (draft->tunnel_count + 1) * sizeof(*lists->tunnels));
    }
    if (lists->others) {
        s2si_free(mem, lists->others, (others + 1) * sizeof(*lists->others));
    }
    if (lists->connections) {
        s2si_free(mem, lists->connections, (connections + 1) * sizeof(*lists->connections));
    }
}

static void check_rows(const struct s2s_profile *profile, bool is_facing, bool strict, enum s2si_object object,
                       const void *params, struct s2si_errors *errors)
{
    if (is_facing) {
        s2si_profile_check_facing(profile, strict, object, params, errors);
    } else {
        s2si_profile_check(profile, strict, object, params, errors);
    }
}

/* Rows and rules of one profile over the whole connection. */
static void check_by(const struct s2si_draft *draft, const struct s2s_profile *profile, bool is_facing,
                     struct s2si_rule_input *input)
{
    struct s2si_errors *errors = input->errors;

    input->profile = profile;
    input->facing = is_facing;
    input->tunnel = NULL;
    input->tunnel_index = 0;
    input->customer_gateway = draft->customer_gateway ? &draft->customer_gateway->params : NULL;
    check_rows(profile, is_facing, input->strict, S2SI_CONNECTION, &draft->effective, errors);
    s2si_profile_rules(profile, S2SI_CONNECTION, input);
    for (size_t i = 0; i < draft->tunnel_count; i++) {
        size_t mark = s2si_errors_push(errors, "tunnels", (int)i);
        const s2s_customer_gateway *far = draft->tunnels[i].customer_gateway;
        input->tunnel = &draft->tunnels[i].effective;
        input->tunnel_index = i + 1;
        input->customer_gateway = far ? &far->params : NULL;
        check_rows(profile, is_facing, input->strict, S2SI_TUNNEL, input->tunnel, errors);
        s2si_profile_rules(profile, S2SI_TUNNEL, input);
        if (!is_facing) {
            check_abilities(draft, &draft->tunnels[i]);
            check_outside(draft, i);
        }
        s2si_errors_pop(errors, mark);
    }
}

int s2si_validate_connection(const struct s2si_draft *draft)
{
    s2s_engine *engine = draft->gateway->engine;
    const struct s2s_profile *own = draft->gateway->profile, *far;
    struct lists lists;
    size_t mark = s2si_errors_push(&engine->errors, "connections", (int)draft->position);
    int error = make_lists(draft, &lists);

    if (error == 0) {
        struct s2si_rule_input input = {
            .errors = &engine->errors,
            .strict = draft->gateway->effective.strict == 1,
            .gateway = &draft->gateway->effective,
            .connection = &draft->effective,
            .tunnels = lists.tunnels,
            .tunnel_count = draft->tunnel_count,
            .others = lists.others,
            .other_count = lists.other_count,
            .connections = lists.connections,
            .connection_count = lists.connection_count,
        };
        check_connection(draft);
        check_by(draft, own, false, &input);
        far = facing(own, draft->customer_gateway ? draft->customer_gateway
                          : draft->tunnel_count   ? draft->tunnels[0].customer_gateway
                                                  : NULL);
        if (far) {
            check_by(draft, far, true, &input);
        }
        error = s2si_validate_result(engine);
    }
    free_lists(draft, &lists);
    s2si_errors_pop(&engine->errors, mark);
    return error;
}
