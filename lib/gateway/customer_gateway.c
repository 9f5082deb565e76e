/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/gateway/engine.h"
#include "lib/gateway/validate.h"

s2s_customer_gateway *s2s_customer_gateway_find(const s2s_gateway *gateway, const char *name)
{
    struct s2si_list *node;

    if (!gateway || !name) {
        return NULL;
    }
    S2SI_LIST_EACH(node, &gateway->customer_gateways) {
        s2s_customer_gateway *found = S2SI_CONTAINER(node, s2s_customer_gateway, node);
        if (strcmp(found->params.name, name) == 0) {
            return found;
        }
    }
    return NULL;
}

s2s_customer_gateway *s2s_customer_gateway_next(const s2s_gateway *gateway, const s2s_customer_gateway *after)
{
    const struct s2si_list *node = after ? after->node.next : gateway->customer_gateways.next;
    return node == &gateway->customer_gateways ? NULL : S2SI_CONTAINER(node, s2s_customer_gateway, node);
}

int s2s_customer_gateway_get(const s2s_customer_gateway *customer_gateway, struct s2s_customer_gateway_params *params)
{
    size_t size;

    if (!customer_gateway || !params || params->struct_size < sizeof(size)) {
        return S2S_ERR_INVALID;
    }
    size = params->struct_size;
    struct s2s_customer_gateway_params copy = customer_gateway->params;
    copy.auth_key = NULL;
    memcpy(params, &copy, size < sizeof(copy) ? size : sizeof(copy));
    params->struct_size = size;
    return 0;
}

/* Reads, fills in the cloud's defaults (aws: ASN 65000) and checks; on success copy is owned by the caller. */
static int draft(s2s_gateway *gateway, const s2s_customer_gateway *self,
                 const struct s2s_customer_gateway_params *params, struct s2s_customer_gateway_params *copy)
{
    struct s2s_customer_gateway_params given;
    int error = s2si_params_read(S2SI_CUSTOMER_GATEWAY, &given, params);

    s2si_errors_clear(&gateway->engine->errors);
    if (error == 0) {
        error = s2si_params_copy(&gateway->engine->mem, S2SI_CUSTOMER_GATEWAY, copy, &given);
    }
    if (error) {
        return error;
    }
    error = s2si_profile_fill(&gateway->engine->mem, gateway->profile, NULL, gateway->effective.defaults,
                              S2SI_CUSTOMER_GATEWAY, copy);
    if (error == 0) {
        error = s2si_validate_customer_gateway(gateway, self, copy);
    }
    if (error) {
        s2si_params_free(&gateway->engine->mem, S2SI_CUSTOMER_GATEWAY, copy);
    }
    return error;
}

static int make(s2s_gateway *gateway, const struct s2s_customer_gateway_params *params, s2s_customer_gateway **out)
{
    struct s2si_mem *mem = &gateway->engine->mem;
    struct s2s_customer_gateway_params copy;
    int error = draft(gateway, NULL, params, &copy);

    if (error) {
        return error;
    }
    s2s_customer_gateway *made = s2s_customer_gateway_find(gateway, copy.name) ? NULL : s2si_alloc(mem, sizeof(*made));
    if (!made) {
        error = s2s_customer_gateway_find(gateway, copy.name) ? S2S_ERR_EXISTS : S2S_ERR_NO_MEMORY;
        s2si_params_free(mem, S2SI_CUSTOMER_GATEWAY, &copy);
        return error;
    }
    made->gateway = gateway;
    made->params = copy;
    s2si_list_append(&gateway->customer_gateways, &made->node);
    *out = made;
    return 0;
}

int s2s_customer_gateway_new(s2s_gateway *gateway, const struct s2s_customer_gateway_params *params,
                             s2s_customer_gateway **out)
{
    int error = gateway && out ? s2si_engine_enter(gateway->engine, gateway->engine->now) : S2S_ERR_INVALID;

    return error ? error : s2si_engine_leave(gateway->engine, gateway->engine->now, make(gateway, params, out));
}

static int refresh_users(s2s_customer_gateway *customer_gateway, s2s_time now)
{
    struct s2si_list *node;
    int error = 0;

    S2SI_LIST_EACH(node, &customer_gateway->gateway->connections) {
        s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        bool uses = connection->customer_gateway == customer_gateway;
        for (size_t i = 0; i < connection->tunnel_count; i++) {
            uses = uses || connection->tunnels[i]->customer_gateway == customer_gateway;
        }
        if (uses && !connection->deleting) {
            int result = s2si_connection_refresh(connection, S2S_TRIGGER_CONFIG, now);
            error = error ? error : result;
        }
    }
    return error;
}

static int update(s2s_customer_gateway *customer_gateway, const struct s2s_customer_gateway_params *params,
                  s2s_time now)
{
    struct s2si_mem *mem = &customer_gateway->gateway->engine->mem;
    struct s2s_customer_gateway_params copy;
    int error = draft(customer_gateway->gateway, customer_gateway, params, &copy);

    if (error) {
        return error;
    }
    if (!s2si_params_differ(S2SI_CUSTOMER_GATEWAY, &customer_gateway->params, &copy, NULL)) {
        s2si_params_free(mem, S2SI_CUSTOMER_GATEWAY, &copy);
        return 0;
    }
    s2si_params_free(mem, S2SI_CUSTOMER_GATEWAY, &customer_gateway->params);
    customer_gateway->params = copy;
    return refresh_users(customer_gateway, now);
}

int s2s_customer_gateway_update(s2s_customer_gateway *customer_gateway,
                                const struct s2s_customer_gateway_params *params, s2s_time now)
{
    int error = customer_gateway ? s2si_engine_enter(customer_gateway->gateway->engine, now) : S2S_ERR_INVALID;

    return error ? error
                 : s2si_engine_leave(customer_gateway->gateway->engine, now, update(customer_gateway, params, now));
}

void s2si_customer_gateway_free(s2s_customer_gateway *customer_gateway)
{
    struct s2si_mem *mem = &customer_gateway->gateway->engine->mem;

    s2si_list_remove(&customer_gateway->node);
    s2si_params_free(mem, S2SI_CUSTOMER_GATEWAY, &customer_gateway->params);
    s2si_free(mem, customer_gateway, sizeof(*customer_gateway));
}

int s2s_customer_gateway_delete(s2s_customer_gateway *customer_gateway)
{
    if (!customer_gateway) {
        return 0;
    }
    if (customer_gateway->users) {
        return S2S_ERR_STATE;
    }
    s2si_customer_gateway_free(customer_gateway);
    return 0;
}
