/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking without an engine or a host of the caller: the objects are made in a private engine that nobody drives (it
 * does no I/O by itself), so that what passes here passes there. So that one refusal does not hide the next, a refused
 * object is made once more with its refused values left out: what hangs on it is then checked too.
 */
#include <stdio.h>
#include <string.h>

#include <s2svpn/route.h>

#include "lib/config/config.h"
#include "lib/config/config_warn.h"

union object {
    size_t struct_size;
    struct s2s_gateway_params gateway;
    struct s2s_customer_gateway_params customer_gateway;
    struct s2s_connection_params connection;
    struct s2s_route_params route;
};

struct check {
    struct s2s_config *config;
    s2s_engine *engine;
    s2s_gateway *gateway;
    enum s2si_object object;
    const char *prefix; /* path of the object */
    size_t index;
    struct s2si_errors refused; /* of the object at hand */
};

enum { NOW = 1 };

/* ---- names ---- */

static void add_at(struct s2s_config *config, const char *part, size_t index, const char *member, const char *value,
                   const char *rule)
{
    char path[128], shown[96];

    snprintf(path, sizeof(path), "%s[%zu].%s", part, index, member);
    s2si_config_add(&config->errors, false, path, value ? s2si_printable(value, shown, sizeof(shown)) : NULL, rule);
}

static void check_twice(struct s2s_config *config, const char *part, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (names[i] && names[k] && strcmp(names[i], names[k]) == 0) {
                add_at(config, part, i, "name", names[i], "is the name of another one already");
                break;
            }
        }
    }
}

static void check_known(struct s2s_config *config, const char *part, size_t index, const char *member, const char *name,
                        const char *const *names, size_t count)
{
    char rule[160];
    const char *near;

    for (size_t i = 0; i < count; i++) {
        if (!name || (names[i] && strcmp(names[i], name) == 0)) {
            return;
        }
    }
    if (!name) {
        return;
    }
    near = s2si_nearest(name, names, count);
    snprintf(rule, sizeof(rule), "no such name is in the configuration%s%.60s%s", near ? "; did you mean " : "",
             near ? near : "", near ? "?" : "");
    add_at(config, part, index, member, name, rule);
}

static void check_customer_gateway_names(struct s2s_config *config, const char *const *names)
{
    const struct s2si_model *model = &config->model;

    for (size_t i = 0; i < model->connection_count; i++) {
        const struct s2s_connection_params *connection = &model->connections[i];
        check_known(config, "connections", i, "customer_gateway", connection->customer_gateway, names,
                    model->customer_gateway_count);
        for (size_t k = 0; k < connection->tunnel_count; k++) {
            char member[64];
            snprintf(member, sizeof(member), "tunnels[%zu].customer_gateway", k);
            check_known(config, "connections", i, member, connection->tunnels[k].customer_gateway, names,
                        model->customer_gateway_count);
        }
    }
}

static bool same_route(const struct s2s_route_params *a, const struct s2s_route_params *b)
{
    return a->type == b->type && s2si_prefix_equal(&a->source, &b->source) &&
           s2si_prefix_equal(&a->destination, &b->destination) && a->connection && b->connection &&
           strcmp(a->connection, b->connection) == 0;
}

static void check_routes_twice(struct s2s_config *config)
{
    const struct s2si_model *model = &config->model;

    for (size_t i = 0; i < model->route_count && i < 2048; i++) {
        for (size_t k = 0; k < i; k++) {
            char text[S2S_ADDR_TEXT];
            if (model->routes[i].destination.addr.family && same_route(&model->routes[i], &model->routes[k])) {
                add_at(config, "routes", i, "destination", s2s_prefix_format(&model->routes[i].destination, text),
                       "a route with this type, source, destination and connection is listed already");
                break;
            }
        }
    }
}

void s2si_config_check_names(struct s2s_config *config)
{
    const struct s2si_model *model = &config->model;
    size_t most = model->customer_gateway_count + model->connection_count + 1;
    const char **names = s2si_alloc_array(&config->mem, most, sizeof(*names));

    if (!names) {
        config->errors.out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < model->customer_gateway_count; i++) {
        names[i] = model->customer_gateways[i].name ? model->customer_gateways[i].name : "";
    }
    check_twice(config, "customer_gateways", names, model->customer_gateway_count);
    check_customer_gateway_names(config, names);
    for (size_t i = 0; i < model->connection_count; i++) {
        names[i] = model->connections[i].name ? model->connections[i].name : "";
    }
    check_twice(config, "connections", names, model->connection_count);
    for (size_t i = 0; i < model->route_count; i++) {
        check_known(config, "routes", i, "connection", model->routes[i].connection, names, model->connection_count);
    }
    check_routes_twice(config);
    s2si_free(&config->mem, names, most * sizeof(*names));
}

/* ---- stand-ins: the object without what was refused ---- */

/* The row whose key starts rest ("psk", "ike.lifetime", "tunnels[1].psk"); *behind is what follows it. */
static const struct s2si_field *field_of_path(enum s2si_object object, const char *rest, const char **behind)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(fields[i].key);
        if (strncmp(fields[i].key, rest, length) == 0 &&
            (rest[length] == '\0' || rest[length] == '[' || rest[length] == '.')) {
            *behind = rest + length;
            return &fields[i];
        }
    }
    return NULL;
}

static void strip(struct s2si_mem *mem, enum s2si_object object, void *params, const char *rest)
{
    const char *behind;
    const struct s2si_field *field = field_of_path(object, rest, &behind);
    unsigned index = 0;
    int used = 0;
    char *array;

    if (!field) {
        return;
    }
    if (field->kind != S2SI_KIND_OBJECTS || sscanf(behind, "[%u].%n", &index, &used) != 1 || used == 0) {
        s2si_field_clear(mem, field, params);
        return;
    }
    memcpy(&array, s2si_field_at(field, params), sizeof(array));
    if (index < s2si_field_count(field, params)) {
        strip(mem, field->element, array + index * s2si_params_size(field->element), behind + used);
    }
}

static int give_name(struct s2si_mem *mem, const char **name, const char *kind, size_t index)
{
    char text[48];

    if (*name) {
        return 0;
    }
    snprintf(text, sizeof(text), "unnamed-%s-%zu", kind, index);
    *name = s2si_text_copy(mem, text);
    return *name ? 0 : S2S_ERR_NO_MEMORY;
}

static size_t tunnels_of(const struct s2si_model *model)
{
    size_t count = 0;

    for (size_t i = 0; i < model->connection_count; i++) {
        count += model->connections[i].tunnel_count;
    }
    return count;
}

/* Addresses of TEST-NET-1 (RFC 5737), as many as the tunnels need. */
static int give_addresses(struct check *check, struct s2s_gateway_params *params)
{
    const struct s2s_profile *profile = params->profile;
    size_t count = profile->addresses_most ? profile->addresses_most : tunnels_of(&check->config->model) + 1;
    struct s2s_addr list[254];
    struct s2s_gateway_params scratch = { .addresses = list };

    if (params->address_count) {
        return 0;
    }
    count = count > S2SI_COUNT(list) ? S2SI_COUNT(list) : count;
    for (size_t i = 0; i < count; i++) {
        list[i] = s2si_addr4(0xc0000201u + (uint32_t)i);
    }
    scratch.address_count = count;
    return s2si_field_copy(&check->config->mem, s2si_field_by_id(S2SI_GW_ADDRESSES, NULL), params, &scratch);
}

static int complete(struct check *check, union object *object)
{
    struct s2si_mem *mem = &check->config->mem;
    int error;

    switch (check->object) {
    case S2SI_GATEWAY:
        error = give_name(mem, &object->gateway.name, "gateway", 0);
        return error ? error : give_addresses(check, &object->gateway);
    case S2SI_CUSTOMER_GATEWAY:
        if (object->customer_gateway.ip_address.family == 0) {
            object->customer_gateway.ip_address =
                s2si_addr4(0xc6336401u + (uint32_t)check->index % 250u); /* TEST-NET-2 */
        }
        return give_name(mem, &object->customer_gateway.name, "customer-gateway", check->index);
    case S2SI_CONNECTION: return give_name(mem, &object->connection.name, "connection", check->index);
    default: return 0;
    }
}

/* ---- one object ---- */

static int create(struct check *check, const void *params)
{
    s2s_customer_gateway *customer_gateway;
    s2s_connection *connection;
    s2s_route *route;

    switch (check->object) {
    case S2SI_GATEWAY: return s2s_gateway_new(check->engine, params, NOW, &check->gateway);
    case S2SI_CUSTOMER_GATEWAY: return s2s_customer_gateway_new(check->gateway, params, &customer_gateway);
    case S2SI_CONNECTION: return s2s_connection_new(check->gateway, params, NOW, &connection);
    default: return s2s_route_new(check->gateway, params, NOW, &route);
    }
}

static int create_stripped(struct check *check, const void *params)
{
    struct s2si_mem *mem = &check->config->mem;
    struct s2s_config_error refusal = { .struct_size = sizeof(refusal) };
    union object copy;
    int error = s2si_params_copy(mem, check->object, &copy, params);

    if (error) {
        return error;
    }
    for (size_t i = 0; s2s_engine_config_error(check->engine, i, &refusal) == 0; i++) {
        const char *rest = strchr(refusal.path, check->object == S2SI_GATEWAY ? '.' : ']');
        if (rest && !refusal.warning) {
            rest += *rest == ']';
            strip(mem, check->object, &copy, rest + (*rest == '.'));
        }
    }
    error = complete(check, &copy);
    if (error == 0) {
        error = create(check, &copy);
    }
    s2si_params_free(mem, check->object, &copy);
    return error;
}

/* Whether reading has already said why: at the same place, above it, or at an entry of the list. */
static bool said(const struct s2s_config *config, const char *path)
{
    for (size_t i = 0; i < config->read_errors.count; i++) {
        const char *earlier = config->read_errors.entries[i].path;
        size_t length = strlen(earlier), whole = strlen(path);
        bool above = length && strncmp(path, earlier, length) == 0 &&
                     (path[length] == '\0' || path[length] == '.' || path[length] == '[');
        bool entry = strncmp(earlier, path, whole) == 0 && earlier[whole] == '[' && !strchr(earlier + whole, '.');
        if (above || entry) {
            return true;
        }
    }
    return false;
}

/* The engine's errors about this object into our list. */
static void collect(struct check *check)
{
    struct s2s_config *config = check->config;
    struct s2si_errors all = config->errors;

    s2si_errors_init(&config->errors, &config->mem);
    s2si_config_collect(config, check->engine, check->prefix);
    for (size_t i = 0; i < config->errors.count; i++) {
        const struct s2si_error_entry *entry = &config->errors.entries[i];
        if (!said(config, entry->path)) {
            s2si_config_add_coded(&all, entry->warning, entry->code, entry->path, entry->value, entry->rule);
        }
    }
    all.out_of_memory = all.out_of_memory || config->errors.out_of_memory;
    s2si_errors_clear(&config->errors);
    config->errors = all;
}

/* @return 0 (what is wrong is in the list) or what ends the check. */
static int check_one(struct check *check, enum s2si_object object, const char *part, size_t index, const void *params)
{
    char prefix[64];
    int error;

    snprintf(prefix, sizeof(prefix), part[0] == 'g' ? "%s" : "%s[%zu]", part, index);
    check->object = object;
    check->prefix = prefix;
    check->index = index;
    error = create(check, params);
    if (error == S2S_ERR_CONFIG || error == 0) {
        collect(check);
    }
    if (error == S2S_ERR_CONFIG) {
        error = create_stripped(check, params);
    }
    if (error == S2S_ERR_NO_MEMORY || error == S2S_ERR_CRYPTO) {
        return error;
    }
    if (error && error != S2S_ERR_CONFIG && error != S2S_ERR_EXISTS && error != S2S_ERR_NOT_FOUND) {
        s2si_config_refused(check->config, check->engine, prefix, error);
    }
    return 0; /* names that stand twice or belong to nobody are in the list already */
}

/* ---- all of them ---- */

static int check_children(struct check *check)
{
    const struct s2si_model *model = &check->config->model;
    int error = 0;

    for (size_t i = 0; error == 0 && i < model->customer_gateway_count; i++) {
        error = check_one(check, S2SI_CUSTOMER_GATEWAY, "customer_gateways", i, &model->customer_gateways[i]);
    }
    for (size_t i = 0; error == 0 && i < model->connection_count; i++) {
        error = check_one(check, S2SI_CONNECTION, "connections", i, &model->connections[i]);
    }
    for (size_t i = 0; error == 0 && i < model->route_count; i++) {
        error = check_one(check, S2SI_ROUTE, "routes", i, &model->routes[i]);
    }
    return error;
}

static int check_in_engine(struct check *check, const struct s2s_crypto_provider *provider,
                           s2si_config_seen_function seen, void *user)
{
    struct s2s_engine_params params;
    int error;

    s2s_engine_params_init(&params, sizeof(params));
    params.provider = provider;
    params.allocator = &check->config->mem.table;
    params.max_connections = 65536;
    error = s2s_engine_new(&params, &check->engine);
    if (error) {
        return error;
    }
    error = check_one(check, S2SI_GATEWAY, "gateway", 0, &check->config->model.gateway);
    if (error == 0 && check->gateway) {
        error = check_children(check);
    }
    if (error == 0 && check->gateway) {
        s2si_config_warn(check->config, check->gateway);
        if (seen) {
            seen(check->config, check->gateway, user);
        }
    }
    s2s_engine_delete(check->engine);
    return error;
}

int s2s_config_check(s2s_config *config, const struct s2s_crypto_provider *provider)
{
    return s2si_config_check_with(config, provider, NULL, NULL);
}

int s2si_config_check_with(s2s_config *config, const struct s2s_crypto_provider *provider,
                           s2si_config_seen_function seen, void *user)
{
    struct check check = { .config = config };
    int error;

    if (!config || !provider) {
        return S2S_ERR_INVALID;
    }
    s2si_config_begin(config);
    if (!config->file || !config->model.gateway.profile) {
        return s2si_config_result(&config->errors);
    }
    s2si_config_check_names(config);
    error = check_in_engine(&check, provider, seen, user);
    return error ? error : s2si_config_result(&config->errors);
}
