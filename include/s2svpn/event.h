/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file event.h
 * What a person or a program wants to know. Events are facts about the past; unknown types may be ignored.
 */
#ifndef S2SVPN_EVENT_H
#define S2SVPN_EVENT_H

#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

enum s2s_event_type {
    S2S_EVENT_NONE = 0,
    S2S_EVENT_TUNNEL_STATUS,       /**< status changed: status_old, status. */
    S2S_EVENT_IKE_ESTABLISHED, S2S_EVENT_IKE_REKEYED, S2S_EVENT_IKE_DOWN, /**< reason */
    S2S_EVENT_IPSEC_ESTABLISHED, S2S_EVENT_IPSEC_REKEYED, S2S_EVENT_IPSEC_DOWN,
    S2S_EVENT_NEGOTIATION_FAILED,  /**< reason, notify: why. */
    S2S_EVENT_AUTHENTICATION_FAILED, /**< PSK or identity do not match; by_peer tells who said so. */
    S2S_EVENT_DELETE_RECEIVED,     /**< the peer said DELETE. */
    S2S_EVENT_PEER_DEAD,           /**< dead-peer detection ended. */
    S2S_EVENT_PEER_MOVED,          /**< NAT mapping changed. */
    S2S_EVENT_PROBE_DOWN, S2S_EVENT_PROBE_UP,
    S2S_EVENT_PATH_SWITCHED,       /**< connection's (aws: gateway's) active path: from_tunnel, to_tunnel, trigger, duration. */
    S2S_EVENT_PATH_NONE,           /**< no live path: the prefixes are unreachable. */
    S2S_EVENT_ADDRESS_LOST, S2S_EVENT_ADDRESS_BACK,
    S2S_EVENT_ROUTE_PUBLISHED, S2S_EVENT_ROUTE_WITHDRAWN, /**< prefix */
    S2S_EVENT_KERNEL_REFUSED,      /**< an operation failed: detail. */
    S2S_EVENT_BGP_STATE,           /**< bgp_state_old, bgp_state. */
    S2S_EVENT_BGP_NOTIFICATION,    /**< sent or received (by_peer): code, subcode. */
    S2S_EVENT_BGP_PREFIX_LIMIT,
    S2S_EVENT_BGP_ROUTE_RECEIVED, S2S_EVENT_BGP_ROUTE_WITHDRAWN, S2S_EVENT_BGP_ROUTE_ADVERTISED, S2S_EVENT_BGP_ROUTE_REFUSED,
    S2S_EVENT_CONFIG_CHANGED,
    S2S_EVENT_SHUTDOWN_DONE,
    S2S_EVENT_GATEWAY_GUARDED      /**< once a gateway: what an earlier process left was seen, and every fail-closed route was answered by the
                                        kernel. From here on none of its networks is reached in clear; detail tells of routes that the
                                        kernel refused. A program that takes orders or carries traffic of others waits for it. */
};

/** Why traffic moved; the words of the report in s2s_trigger_name(). */
enum s2s_trigger {
    S2S_TRIGGER_NONE = 0, S2S_TRIGGER_PSK_CHANGE, S2S_TRIGGER_RESTART, S2S_TRIGGER_DISABLE, S2S_TRIGGER_PROBE,
    S2S_TRIGGER_LIVENESS, S2S_TRIGGER_DPD, S2S_TRIGGER_BGP, S2S_TRIGGER_DELETE, S2S_TRIGGER_ADDRESS_LOST,
    S2S_TRIGGER_RECOVERED, S2S_TRIGGER_STARTED, S2S_TRIGGER_CONFIG
};
/** "psk_change", "restart", "disable", "probe", "liveness", "dpd", "bgp", "delete", "address_lost", "recovered", ... */
S2S_API const char *s2s_trigger_name(int trigger);

/** Why a negotiation or an SA ended. */
enum s2s_reason {
    S2S_REASON_NONE = 0, S2S_REASON_NO_PROPOSAL, S2S_REASON_AUTH_FAILED_BY_PEER, S2S_REASON_AUTH_FAILED,
    S2S_REASON_ID_MISMATCH, S2S_REASON_TS_UNACCEPTABLE, S2S_REASON_TIMEOUT, S2S_REASON_DPD, S2S_REASON_PEER_DELETE,
    S2S_REASON_ADMIN, S2S_REASON_KERNEL, S2S_REASON_INVALID_SYNTAX, S2S_REASON_INVALID_KE, S2S_REASON_LIFETIME,
    S2S_REASON_REPLACED, S2S_REASON_ADDRESS_LOST, S2S_REASON_NAT_FORBIDDEN, S2S_REASON_NO_MEMORY, S2S_REASON_VERSION,
    S2S_REASON_OTHER_NOTIFY
};
/** "no_proposal", "auth_failed", ... static storage. */
S2S_API const char *s2s_reason_name(int reason);
/** "tunnel_status", "ike_established", ... static storage; "unknown" for others. */
S2S_API const char *s2s_event_name(int type);

/** One event; members that do not belong to its type are zero or "". Strings are borrowed until the next call. */
struct s2s_event {
    size_t struct_size;
    enum s2s_event_type type;
    enum s2s_log_level severity;
    s2s_time at;
    uint64_t number;          /**< counts up by one; a gap tells that events were dropped. */
    const char *gateway;      /**< names; "" where none. */
    const char *connection;
    uint32_t tunnel;          /**< from 1; 0 = none. */
    int status_old, status;   /**< enum s2s_tunnel_status. */
    enum s2s_reason reason;
    enum s2s_trigger trigger;
    uint16_t notify;          /**< IKE notify message type. */
    bool by_peer;
    uint32_t spi_in, spi_out;
    uint32_t from_tunnel, to_tunnel;      /**< PATH_SWITCHED: indices, 0 = none. */
    const char *from_connection, *to_connection;
    uint64_t duration_ns;     /**< PATH_SWITCHED: from trigger to switch. */
    struct s2s_prefix prefix;
    int bgp_state_old, bgp_state; /**< enum s2s_bgp_state. */
    uint8_t code, subcode;
    const char *text;         /**< one finished sentence for people. */
};

S2S_EXTERN_C_END
#endif
