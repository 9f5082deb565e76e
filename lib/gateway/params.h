/* SPDX-License-Identifier: Apache-2.0 */
/*
 * params: the one table of the fields of the params structs (s2s_gateway_params, s2s_tunnel_params, ...). A row names
 * the
 * field, its JSON key path, its kind and where it lies in the struct. Everything that treats fields one by one goes by
 * this table:
 *
 *   lib/config      reads and prints JSON by key and kind
 *   lib/cloud       its rows (allowed values, defaults, words) refer to field ids
 *   lib/gateway     copy, free, compare, merge, defaults, "what differs and what does that cost" of an update
 *
 * A params struct of the caller is first read into one of this library's size (s2si_params_read), so that older callers
 * with a
 * smaller struct work; objects own deep copies (s2si_params_copy), secrets in them are wiped when freed.
 */
#ifndef S2SI_GATEWAY_PARAMS_H
#define S2SI_GATEWAY_PARAMS_H

#include <s2svpn/gateway.h>
#include <s2svpn/route.h>
#include "lib/base/base.h"

enum s2si_object {
    S2SI_GATEWAY = 0, S2SI_ROUTE_TABLE, S2SI_CUSTOMER_GATEWAY, S2SI_CONNECTION, S2SI_TUNNEL, S2SI_ROUTE, S2SI_OBJECTS
};

enum s2si_kind {
    S2SI_KIND_INT,          /* int, S2S_UNSET = not given */
    S2SI_KIND_BOOL,         /* int 0 or 1, S2S_UNSET = not given */
    S2SI_KIND_ENUM,         /* int, words in the row */
    S2SI_KIND_ASN,          /* uint32_t, 0 = not given; asdot accepted */
    S2SI_KIND_TEXT,         /* const char *, NULL = not given */
    S2SI_KIND_SECRET_TEXT,  /* the same, wiped and never printed */
    S2SI_KIND_SECRET,       /* const uint8_t * with a size_t at count_offset, wiped and never printed */
    S2SI_KIND_ADDRESS,      /* struct s2s_addr, family 0 = not given */
    S2SI_KIND_ADDRESSES,    /* array with a size_t at count_offset */
    S2SI_KIND_PREFIX,       /* struct s2s_prefix, family 0 = not given */
    S2SI_KIND_PREFIXES,     /* array with a size_t at count_offset */
    S2SI_KIND_ALGORITHMS,   /* struct s2s_algorithm_list; transform tells which kind */
    S2SI_KIND_PROFILE,      /* const struct s2s_profile *, a constant */
    S2SI_KIND_OBJECTS       /* array of params structs of kind element, with a stride of their struct_size */
};

/* What a changed field costs; the worst of all that differ decides. */
enum s2si_effect {
    S2SI_EFFECT_NONE = 0,      /* a name, a word: nothing moves */
    S2SI_EFFECT_SELECT,        /* health, probe, hold-down, routes: looked at again, no SA is touched */
    S2SI_EFFECT_NEXT,          /* holds from the next negotiation or rekey on (lifetimes, margins, DPD) */
    S2SI_EFFECT_RENEGOTIATE,   /* planned take-down, then a new negotiation (PSK, identities, algorithms, addresses) */
    S2SI_EFFECT_BGP            /* the BGP session alone starts again */
};

struct s2si_word {
    const char *word;
    int value;
};

/* One id per row; names follow the JSON key path. */
enum s2si_field_id {
    S2SI_FIELD_NONE = 0,
    /* gateway */
    S2SI_GW_NAME, S2SI_GW_PROFILE, S2SI_GW_DEFAULTS, S2SI_GW_STRICT, S2SI_GW_ADDRESSES, S2SI_GW_ASN, S2SI_GW_ROUTER_ID,
    S2SI_GW_VPC_CIDR, S2SI_GW_ROUTE_TABLES, S2SI_GW_AUTO_PROPAGATE, S2SI_GW_WHEN_DOWN, S2SI_GW_DEVICE, S2SI_GW_INTERFACES,
    S2SI_GW_TABLE, S2SI_GW_METRIC, S2SI_GW_MARK, S2SI_GW_PORT, S2SI_GW_NATT_PORT,
    S2SI_GW_TRANSIT,
    /* route table of the VPC */
    S2SI_RT_NAME, S2SI_RT_SYSTEM, S2SI_RT_PROPAGATE,
    /* customer gateway */
    S2SI_CGW_NAME, S2SI_CGW_PROFILE, S2SI_CGW_IP_ADDRESS, S2SI_CGW_ASN, S2SI_CGW_AUTH_KEY,
    /* connection */
    S2SI_CONN_NAME, S2SI_CONN_CUSTOMER_GATEWAY, S2SI_CONN_ROUTE_MODE, S2SI_CONN_LOCAL_SUBNETS, S2SI_CONN_REMOTE_SUBNETS,
    S2SI_CONN_EFFECT_IMMEDIATELY, S2SI_CONN_ENABLE_BGP, S2SI_CONN_LOCAL_ASN, S2SI_CONN_AUTO_CONFIG_ROUTE,
    S2SI_CONN_SWITCH_BACK, S2SI_CONN_HOLD_DOWN, S2SI_CONN_TUNNELS,
    /* tunnel */
    S2SI_TUN_ENABLED, S2SI_TUN_CUSTOMER_GATEWAY, S2SI_TUN_LOCAL_ADDRESS, S2SI_TUN_AUTH_METHOD, S2SI_TUN_PSK,
    S2SI_TUN_STARTUP_ACTION, S2SI_TUN_NAT_TRAVERSAL, S2SI_TUN_ENCAPSULATION,
    S2SI_TUN_IKE_VERSION, S2SI_TUN_IKE_MODE, S2SI_TUN_IKE_ENCRYPTION, S2SI_TUN_IKE_INTEGRITY, S2SI_TUN_IKE_PRF,
    S2SI_TUN_IKE_DH_GROUP, S2SI_TUN_IKE_LIFETIME, S2SI_TUN_LOCAL_ID, S2SI_TUN_REMOTE_ID,
    S2SI_TUN_IPSEC_ENCRYPTION, S2SI_TUN_IPSEC_INTEGRITY, S2SI_TUN_IPSEC_PFS, S2SI_TUN_IPSEC_LIFETIME,
    S2SI_TUN_REPLAY_WINDOW, S2SI_TUN_ESN, S2SI_TUN_REKEY_MARGIN, S2SI_TUN_REKEY_FUZZ,
    S2SI_TUN_DPD_ENABLE, S2SI_TUN_DPD_DELAY, S2SI_TUN_DPD_TIMEOUT, S2SI_TUN_DPD_ACTION,
    S2SI_TUN_PROBE_ENABLE, S2SI_TUN_PROBE_SOURCE, S2SI_TUN_PROBE_TARGET, S2SI_TUN_PROBE_INTERVAL, S2SI_TUN_PROBE_RETRY,
    S2SI_TUN_BGP_TUNNEL_CIDR, S2SI_TUN_BGP_LOCAL_IP, S2SI_TUN_BGP_PEER_IP, S2SI_TUN_BGP_HOLD_TIME, S2SI_TUN_BGP_KEEPALIVE,
    S2SI_TUN_BGP_IMPORT, S2SI_TUN_BGP_EXPORT, S2SI_TUN_BGP_MAX_PREFIX, S2SI_TUN_BGP_PASSIVE, S2SI_TUN_BGP_TTL_SECURITY,
    S2SI_TUN_BGP_GRACEFUL_RESTART,
    /* route */
    S2SI_ROUTE_NAME, S2SI_ROUTE_TYPE, S2SI_ROUTE_SOURCE, S2SI_ROUTE_DESTINATION, S2SI_ROUTE_CONNECTION, S2SI_ROUTE_PRIORITY,
    S2SI_ROUTE_WEIGHT, S2SI_ROUTE_PUBLISH,
    S2SI_FIELDS
};

struct s2si_field {
    enum s2si_field_id id;
    const char *key;            /* path inside the object: "ike.encryption" */
    enum s2si_kind kind;
    size_t offset, count_offset;
    enum s2s_transform_type transform; /* ALGORITHMS */
    const struct s2si_word *words;     /* ENUM: ends with word NULL */
    const char *unit;           /* "s", "ms", "%", "packets" or "" */
    enum s2si_effect effect;
    enum s2si_object element;   /* OBJECTS */
    bool required;
};

/* Rows of an object in the order of the enum. */
const struct s2si_field *s2si_fields(enum s2si_object object, size_t *count);
/* The row of an id, and the object it belongs to (object may be NULL). */
const struct s2si_field *s2si_field_by_id(enum s2si_field_id id, enum s2si_object *object);
/* By JSON key path ("ike.encryption"), or NULL. */
const struct s2si_field *s2si_field_by_key(enum s2si_object object, const char *key);
size_t s2si_params_size(enum s2si_object object);
/* Everything not given; struct_size is set to size. */
void s2si_params_unset(enum s2si_object object, void *params, size_t size);
/* The caller's struct, of whatever size, into one of this library's size: nothing is copied deeply. @return 0 or
   S2S_ERR_INVALID (NULL, a struct_size smaller than size_t or larger than ours with unknown bytes set, an address of no
   family, a prefix longer than its address). */
int s2si_params_read(enum s2si_object object, void *full, const void *given);
/* One element of an OBJECTS field of a params struct that was read: into element (of this library's size). */
int s2si_params_element(const struct s2si_field *field, const void *params, size_t index, void *element);

/* Where a field lies, and what it holds. */
void *s2si_field_at(const struct s2si_field *field, void *params);
const void *s2si_field_of(const struct s2si_field *field, const void *params);
bool s2si_field_is_set(const struct s2si_field *field, const void *params);
size_t s2si_field_count(const struct s2si_field *field, const void *params); /* elements of a list; 1 or 0 of others */
int64_t s2si_field_number(const struct s2si_field *field, const void *params); /* INT, BOOL, ENUM, ASN */
void s2si_field_set_number(const struct s2si_field *field, void *params, int64_t number);
bool s2si_field_equal(const struct s2si_field *field, const void *a, const void *b);
/* Text of a value for people and error lists, "" when not set; secrets give "". Returns out. */
char *s2si_field_format(const struct s2si_field *field, const void *params, char *out, size_t size);

/* Deep copies: owned by the struct they are in. to holds no earlier value (copy) or owned values (set). @return 0 or
   S2S_ERR_NO_MEMORY (to is left empty / unchanged). */
int s2si_params_copy(struct s2si_mem *mem, enum s2si_object object, void *to, const void *from);
int s2si_field_copy(struct s2si_mem *mem, const struct s2si_field *field, void *to, const void *from);
void s2si_field_clear(struct s2si_mem *mem, const struct s2si_field *field, void *params);
void s2si_params_free(struct s2si_mem *mem, enum s2si_object object, void *params);
/* Fields that are set in changes replace those of params. @return as copy. */
int s2si_params_merge(struct s2si_mem *mem, enum s2si_object object, void *params, const void *changes);
/* Which fields differ: bit i of the set is the i-th row of the object. */
#define S2SI_FIELD_SET 2
struct s2si_field_set {
    uint64_t bits[S2SI_FIELD_SET];
};
bool s2si_params_differ(enum s2si_object object, const void *a, const void *b, struct s2si_field_set *which);
bool s2si_field_set_has(enum s2si_object object, const struct s2si_field_set *set, enum s2si_field_id id);
/* Whether any field of the set has this effect. */
bool s2si_field_set_effect(enum s2si_object object, const struct s2si_field_set *set, enum s2si_effect effect);

#endif
