/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile: the shape of a cloud. lib/cloud fills one of these per cloud with constant data; lib/gateway asks it for
 * allowed
 * values, defaults, rules and words and holds no "if aws" of its own.
 *
 *   gateway.profile            what this gateway behaves as: its rows, rules, words and routing hold
 *   customer_gateway.profile   what the far end is: toward a cloud, a generic gateway takes each row's `device` default
 *   and is refused what
 *                              that cloud's rows refuse (the third seat)
 */
#ifndef S2SI_GATEWAY_PROFILE_H
#define S2SI_GATEWAY_PROFILE_H

#include <s2svpn/algorithm.h>
#include "lib/gateway/params.h"

/* A default; kind follows the field's. */
struct s2si_value {
    bool given;
    int64_t number;                             /* INT, BOOL, ENUM, ASN */
    const char *text;                           /* TEXT, SECRET_TEXT */
    const struct s2s_algorithm_list *algorithms; /* ALGORITHMS */
};
#define S2SI_NO_VALUE { false, 0, NULL, NULL }
#define S2SI_NUMBER(n) { true, (n), NULL, NULL }
#define S2SI_TEXT(t) { true, 0, (t), NULL }
#define S2SI_ALGORITHMS(list) { true, 0, NULL, (list) }

enum s2si_presence {
    S2SI_NATIVE = 0,    /* the cloud has this field */
    S2SI_EXTENSION,     /* the cloud lacks it: accepted, and marked by --check */
    S2SI_REQUIRED       /* must be given */
};

/* What a cloud says about one field. A field without a row is an extension without limits and without a default of
   its own. */
struct s2si_profile_field {
    enum s2si_field_id field;
    enum s2si_presence presence;
    struct s2si_value console, api;   /* the two sets of defaults; api not given = console's */
    /* default of a generic gateway that faces this cloud; not given = generic's own */
    struct s2si_value device;
    int64_t minimum, maximum;         /* numbers; both 0 = no limit */
    const struct s2s_algorithm_list *allowed; /* algorithms; NULL = all that the build has */
    const struct s2s_algorithm_list *allowed_more; /* continues allowed where one list is not enough */
    const int *allowed_numbers; size_t allowed_count; /* ENUM, INT with a set of values; NULL = range only */
    uint8_t most;                     /* longest list; 0 = no limit (alibaba: 1) */
    uint8_t least;                    /* shortest list */
    uint16_t shortest, longest;       /* texts and secrets: length; longest 0 = no limit */
    const char *alphabet;             /* texts and secrets: allowed characters; NULL = any */
    const char *not_first;            /* characters that may not stand first (aws: "0") */
    bool strict;                      /* only checked with gateway.strict (account rules) */
    bool facing; /* also asked of a device that faces this cloud: what the cloud negotiates, sees or hands out */
    const char *rule;                 /* the cloud's rule in words: printed with a refusal */
    const char *label_en, *label_zh;  /* console labels */
    const char *api_name;             /* "TunnelIkeConfig.IkeLifetime", "Phase1LifetimeSeconds" */
    /* the cloud's word for our key where they differ or are turned round; NULL = none */
    const char *cloud_value_word;
};

/* What a rule across fields gets to see; members that do not belong to the object are NULL. All params are effective
   (defaults are in). */
struct s2si_rule_input {
    struct s2si_errors *errors;       /* its path stands at the object that the rule belongs to */
    const struct s2s_profile *profile; /* whose rule it is */
    bool facing;                      /* the rule comes from the far end's profile (third seat) */
    bool strict;
    const struct s2s_gateway_params *gateway;
    const struct s2s_customer_gateway_params *customer_gateway; /* of the tunnel, else of the connection */
    const struct s2s_connection_params *connection;             /* its tunnels member is not valid here, see tunnels */
    const struct s2s_tunnel_params *const *tunnels; size_t tunnel_count; /* of this connection */
    const struct s2s_tunnel_params *tunnel; size_t tunnel_index; /* TUNNEL rules: from 1 */
    const struct s2s_tunnel_params *const *others; size_t other_count; /* tunnels of the gateway's other connections */
    /* the gateway's other connections */
    const struct s2s_connection_params *const *connections; size_t connection_count;
    const struct s2s_route_params *route;
    size_t same_type_count;           /* ROUTE rules: the gateway's other routes of this type */
    const struct s2s_gateway_params *gateway_before; /* GATEWAY rules: what it was; NULL when it is new */
    bool bgp_in_use;                  /* GATEWAY rules: a connection of it has enable_bgp */
};
struct s2si_profile_rule {
    enum s2si_object object;          /* called once per object of this kind */
    bool strict;                      /* account rule */
    const char *text;                 /* the rule in words, for documentation */
    void (*check)(const struct s2si_rule_input *input); /* adds to input->errors */
};

struct s2si_algorithm_word {
    enum s2s_transform_type type;
    enum s2s_algorithm algorithm;     /* S2S_ALG_NONE for pfs "disabled" */
    const char *word;                 /* the first row of an algorithm is printed, every row is understood */
};

enum s2si_addresses_rule {
    S2SI_ADDRESS_PER_TUNNEL = 0,      /* addresses[i-1] serves tunnel i of each connection (alibaba) */
    S2SI_ADDRESS_PER_TUNNEL_OR_FIRST, /* the same, or else addresses[0] (generic) */
    S2SI_ADDRESS_IN_FILE_ORDER        /* the tunnels of all connections in file order (aws) */
};

/* Who forwards where. */
struct s2si_profile_routing {
    bool egress_per_gateway;          /* aws: one egress tunnel for the gateway; else one per connection */
    bool sticky;                      /* aws: the active path moves only when it fails */
    bool primary_first;               /* tunnel 1 is preferred when usable */
    int hold_down;                    /* seconds of health before switch-back; connection.failover wins */
    int switch_back;                  /* default of connection.failover.switch_back */
    bool publish_policy, publish_destination, publish_static; /* default of route.publish */
    bool publish_together;            /* alibaba: routes to one destination are published and withdrawn together */
    bool publish_by_table;            /* aws: installed where a route table of the VPC propagates */
    bool auto_policy_routes;          /* policy mode makes its routes itself (default of auto_config_route) */
    bool auto_destination_routes;     /* destination mode makes a route per remote subnet itself (generic) */
    bool has_policy_routes, has_destination_routes, has_static_routes;
    bool static_over_bgp;             /* aws: equal prefixes */
    bool local_first;                 /* what lies in the VPC is reached by the VPC's own route, whoever announces it */
    bool bgp_needs_auto_propagate;    /* alibaba: auto_propagate lets BGP routes into the VPC and announces the VPC */
    bool bgp_no_default;              /* alibaba: 0.0.0.0/0 is never accepted */
    bool bgp_between_connections;     /* aws: what one connection's far end announces is announced to the others */
    bool bgp_by_med;                  /* aws: the MED of the far end decides between two tunnels, in both directions */
};

/* The inside /30. */
struct s2si_profile_inside {
    /* which host of the /30 is this cloud's own: 1, 2; 0 = any (then the lower one unless given) */
    uint8_t own_host;
    uint8_t prefix_length;            /* 30 */
};

/* A PSK that the cloud makes itself. */
struct s2si_psk_rule {
    uint8_t length;
    const char *alphabet;
    const char *not_first;
};

struct s2si_profile_words {
    const char *tunnel_status[6];     /* by enum s2s_tunnel_status */
    const char *tunnel_up_without_bgp; /* UP, but its BGP session is not established (aws: "DOWN"); NULL = the same */
    const char *tunnel_role[2];       /* alibaba: master, slave; else "" */
    /* IPsec connection: alibaba 4 statuses by its best tunnel: NULL = the best tunnel's word */
    const char *connection_up, *connection_down, *connection_partial;
    const char *gateway_ready, *gateway_pending; /* "active"/"init", "available"/"pending" */
    /* alibaba published/normal; aws active/blackhole; NULL = not used */
    const char *route_published, *route_unpublished, *route_live, *route_dead;
    const char *bgp_up, *bgp_down;    /* "success"/"false" */
    /* the cloud's words for ours: aws RemoteIpv4NetworkCidr / LocalIpv4NetworkCidr */
    const char *local_subnets, *remote_subnets;
};

struct s2si_diagnosis_row; /* diagnosis.h */

/* Per profile and version of this struct; constant, static storage. */
struct s2s_profile {
    const char *name;                 /* "alibaba" */
    const char *title;                /* "Alibaba Cloud VPN Gateway" */
    const struct s2si_profile_field *fields; size_t field_count; /* ascending field ids */
    const struct s2si_profile_rule *rules; size_t rule_count;
    const struct s2si_algorithm_word *algorithm_words; size_t algorithm_word_count;
    struct s2si_profile_routing routing;
    struct s2si_profile_inside inside;
    struct s2si_psk_rule psk;
    struct s2si_profile_words words;
    const struct s2si_diagnosis_row *diagnosis; size_t diagnosis_count; /* codes of failures, the first fitting wins */
    enum s2si_addresses_rule addresses_rule;
    uint8_t addresses_least, addresses_most; /* 0 = no limit */
    uint8_t tunnels_least, tunnels_most;
    uint32_t default_asn;             /* 0 = none */
    bool connection_asn;              /* alibaba: local_asn of the connection; aws: asn of the gateway only */
    bool gateway_asn;
    bool device_facing;               /* generic: takes device-side defaults from the far end's profile */
};

/* The row of a field, or NULL. */
const struct s2si_profile_field *s2si_profile_field(const struct s2s_profile *profile, enum s2si_field_id id);
/* The default that holds for a field: far is the far end's profile (NULL = generic), defaults is enum s2s_defaults.
   Never NULL; given is false if there is none. */
const struct s2si_value *s2si_profile_default(const struct s2s_profile *profile, const struct s2s_profile *far,
                                              int defaults,
                                              enum s2si_field_id id);
/* The profile's word of an algorithm, else the common keyword. */
const char *s2si_profile_algorithm_word(const struct s2s_profile *profile, enum s2s_transform_type type,
                                        enum s2s_algorithm algorithm);

/* Fills what is not set in params (of this library's size, owned by mem) by the profile's defaults. @return 0 or
   S2S_ERR_NO_MEMORY. */
int s2si_profile_fill(struct s2si_mem *mem, const struct s2s_profile *profile, const struct s2s_profile *far,
                      int defaults,
                      enum s2si_object object, void *params);
/* Checks each field of params against the rows of profile; the path of errors stands at the object. */
void s2si_profile_check(const struct s2s_profile *profile, bool strict, enum s2si_object object, const void *params,
                        struct s2si_errors *errors);
/* The same by the far end's rows that concern a device which faces that cloud (the third seat). */
void s2si_profile_check_facing(const struct s2s_profile *profile, bool strict, enum s2si_object object,
                               const void *params, struct s2si_errors *errors);
/* Runs the rules of an object. */
void s2si_profile_rules(const struct s2s_profile *profile, enum s2si_object object,
                        const struct s2si_rule_input *input);

#endif
