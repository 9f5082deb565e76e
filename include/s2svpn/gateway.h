/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file gateway.h
 * A VPN gateway: Alibaba's VPN gateway, AWS's virtual private gateway, or a generic router that faces either cloud; and
 * the customer gateways that it knows.
 */
#ifndef S2SVPN_GATEWAY_H
#define S2SVPN_GATEWAY_H

#include <s2svpn/connection.h>
#include <s2svpn/engine.h>

S2S_EXTERN_C_BEGIN

/** A route table of the VPC behind the gateway (design section 4: publish). */
struct s2s_route_table_params {
    size_t struct_size;
    const char *name;
    int system;    /**< alibaba: the system table, which alone receives routes. */
    int propagate; /**< aws: routes of the gateway appear here. */
};

enum s2s_when_down { S2S_WHEN_DOWN_UNREACHABLE = 0, S2S_WHEN_DOWN_BYPASS = 1 };
enum s2s_defaults { S2S_DEFAULTS_CONSOLE = 0, S2S_DEFAULTS_API = 1 };

struct s2s_gateway_params {
    size_t struct_size;
    const char *name;                     /**< required. */
    const struct s2s_profile *profile;    /**< the cloud that this gateway behaves as; required. */
    int defaults;                         /**< enum s2s_defaults; alibaba has two sets. */
    int strict;                           /**< 1 = account rules (quotas, names) too. */
    const struct s2s_addr *addresses;     /**< public addresses; a single one of family 0 = "dynamic". */
    size_t address_count;
    uint32_t asn;                         /**< 0 = the profile's default. */
    struct s2s_addr router_id;            /**< family 0 = the first address. */
    const struct s2s_prefix *vpc_cidrs;   /**< the prefixes behind the gateway. */
    size_t vpc_cidr_count;
    const struct s2s_route_table_params *route_tables; /**< stride of route_tables[0].struct_size. */
    size_t route_table_count;
    int auto_propagate;                   /**< alibaba, BGP only. */
    int when_down;                        /**< enum s2s_when_down. */
    /* kernel */
    const char *device;                   /**< TUN name; NULL = "s2s0". */
    int interface_per_tunnel;             /**< kernel.interfaces: 0 gateway, 1 tunnel. */
    int table, metric, mark;              /**< kernel.table, metric, mark. */
    int port, natt_port;                  /**< 500 and 4500. */
    int transit; /**< 1 = what a tunnel brings for none of our networks (vpc_cidrs, local subnets, inside addresses) is forwarded
                      by the kernel's routes; 0 = dropped (S2S_DROP_TRANSIT), unless vpc_cidrs is empty. Unset: 0 for alibaba and
                      aws (a VPC has no transit; aws passes on to prefixes that another connection's far end announced), 1 for
                      generic. Kernels that do ESP themselves do not ask. */
};
S2S_API void s2s_gateway_params_init(struct s2s_gateway_params *params, size_t struct_size);

/** Makes a gateway. @return 0, S2S_ERR_CONFIG, S2S_ERR_EXISTS, S2S_ERR_LIMIT, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_gateway_new(s2s_engine *engine, const struct s2s_gateway_params *params, s2s_time now, s2s_gateway **gateway);
/** Changes it to params with the least disturbance. Errors as s2s_gateway_new; profile cannot change (S2S_ERR_CONFIG). */
S2S_API int s2s_gateway_update(s2s_gateway *gateway, const struct s2s_gateway_params *params, s2s_time now);
/** Deletes it with all that belongs to it. NULL is allowed. */
S2S_API void s2s_gateway_delete(s2s_gateway *gateway, s2s_time now);
S2S_API const char *s2s_gateway_name(const s2s_gateway *gateway);
/** First gateway with after NULL; NULL at the end. */
S2S_API s2s_gateway *s2s_gateway_next(const s2s_engine *engine, const s2s_gateway *after);
S2S_API s2s_connection *s2s_connection_next(const s2s_gateway *gateway, const s2s_connection *after);
S2S_API s2s_connection *s2s_connection_find(const s2s_gateway *gateway, const char *name);

struct s2s_gateway_state {
    size_t struct_size;
    const char *name, *profile, *status_text, *device; /**< status: alibaba "active"/"init", aws "available"/"pending". */
    size_t address_count, connection_count, route_count;
    uint32_t active_tunnel;         /**< aws: one egress tunnel for the gateway. */
    const char *active_connection;  /**< "" = none. */
    uint16_t mtu;
    const char *last_error;         /**< what the kernel refuses of devices, ports and routes at present; "" = nothing. */
};
S2S_API int s2s_gateway_get(const s2s_gateway *gateway, struct s2s_gateway_state *state);
/** One address and whether it is present: bound and its link up. @return 0 or S2S_ERR_NOT_FOUND past the end. */
S2S_API int s2s_gateway_address(const s2s_gateway *gateway, size_t index, struct s2s_addr *address, bool *present);

/** The far end as this cloud knows it. */
struct s2s_customer_gateway_params {
    size_t struct_size;
    const char *name;                  /**< required. */
    const struct s2s_profile *profile; /**< which cloud the far end is; NULL = generic. */
    struct s2s_addr ip_address;        /**< family 0 = "any" (then the tunnel needs remote_id). */
    uint32_t asn;                      /**< 0 = none. */
    const char *auth_key;              /**< BGP session key (TCP-MD5), secret; NULL = none. */
};
S2S_API void s2s_customer_gateway_params_init(struct s2s_customer_gateway_params *params, size_t struct_size);
typedef struct s2s_customer_gateway s2s_customer_gateway;
/** @return 0, S2S_ERR_CONFIG, S2S_ERR_EXISTS, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_customer_gateway_new(s2s_gateway *gateway, const struct s2s_customer_gateway_params *params,
                                     s2s_customer_gateway **customer_gateway);
/** Changes it; tunnels that use it renegotiate when address or key differ. */
S2S_API int s2s_customer_gateway_update(s2s_customer_gateway *customer_gateway,
                                        const struct s2s_customer_gateway_params *params, s2s_time now);
/** @return 0 or S2S_ERR_STATE (a tunnel uses it). NULL is allowed. */
S2S_API int s2s_customer_gateway_delete(s2s_customer_gateway *customer_gateway);
S2S_API s2s_customer_gateway *s2s_customer_gateway_find(const s2s_gateway *gateway, const char *name);
/** name (borrowed) and values as given; auth_key is left out. */
S2S_API int s2s_customer_gateway_get(const s2s_customer_gateway *customer_gateway, struct s2s_customer_gateway_params *params);
S2S_API s2s_customer_gateway *s2s_customer_gateway_next(const s2s_gateway *gateway, const s2s_customer_gateway *after);

S2S_EXTERN_C_END
#endif
