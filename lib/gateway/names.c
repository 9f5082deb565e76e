/* SPDX-License-Identifier: Apache-2.0 */
/* names: the words of triggers, reasons, events and states; the defaults of the public params structs. */
#include <s2svpn/bgp_session.h>
#include <s2svpn/event.h>
#include <s2svpn/gateway.h>
#include <s2svpn/route.h>

#include <string.h>

#include "lib/gateway/params.h"

static const char *name_of(const char *const *names, size_t count, int value)
{
    return value >= 0 && (size_t)value < count && names[value] ? names[value] : "unknown";
}

const char *s2s_trigger_name(int trigger)
{
    static const char *const names[] = {
        [S2S_TRIGGER_NONE] = "none", [S2S_TRIGGER_PSK_CHANGE] = "psk_change", [S2S_TRIGGER_RESTART] = "restart",
        [S2S_TRIGGER_DISABLE] = "disable", [S2S_TRIGGER_PROBE] = "probe", [S2S_TRIGGER_LIVENESS] = "liveness",
        [S2S_TRIGGER_DPD] = "dpd", [S2S_TRIGGER_BGP] = "bgp", [S2S_TRIGGER_DELETE] = "delete",
        [S2S_TRIGGER_ADDRESS_LOST] = "address_lost", [S2S_TRIGGER_RECOVERED] = "recovered",
        [S2S_TRIGGER_STARTED] = "started", [S2S_TRIGGER_CONFIG] = "config",
    };
    return name_of(names, S2SI_COUNT(names), trigger);
}

const char *s2s_reason_name(int reason)
{
    static const char *const names[] = {
        [S2S_REASON_NONE] = "none", [S2S_REASON_NO_PROPOSAL] = "no_proposal",
        [S2S_REASON_AUTH_FAILED_BY_PEER] = "auth_failed_by_peer", [S2S_REASON_AUTH_FAILED] = "auth_failed",
        [S2S_REASON_ID_MISMATCH] = "id_mismatch", [S2S_REASON_TS_UNACCEPTABLE] = "ts_unacceptable",
        [S2S_REASON_TIMEOUT] = "timeout", [S2S_REASON_DPD] = "dpd", [S2S_REASON_PEER_DELETE] = "peer_delete",
        [S2S_REASON_ADMIN] = "admin", [S2S_REASON_KERNEL] = "kernel", [S2S_REASON_INVALID_SYNTAX] = "invalid_syntax",
        [S2S_REASON_INVALID_KE] = "invalid_ke", [S2S_REASON_LIFETIME] = "lifetime", [S2S_REASON_REPLACED] = "replaced",
        [S2S_REASON_ADDRESS_LOST] = "address_lost", [S2S_REASON_NAT_FORBIDDEN] = "nat_forbidden",
        [S2S_REASON_NO_MEMORY] = "no_memory", [S2S_REASON_VERSION] = "version", [S2S_REASON_OTHER_NOTIFY] = "other_notify",
    };
    return name_of(names, S2SI_COUNT(names), reason);
}

const char *s2s_event_name(int type)
{
    static const char *const names[] = {
        [S2S_EVENT_NONE] = "none", [S2S_EVENT_TUNNEL_STATUS] = "tunnel_status",
        [S2S_EVENT_IKE_ESTABLISHED] = "ike_established", [S2S_EVENT_IKE_REKEYED] = "ike_rekeyed", [S2S_EVENT_IKE_DOWN] = "ike_down",
        [S2S_EVENT_IPSEC_ESTABLISHED] = "ipsec_established", [S2S_EVENT_IPSEC_REKEYED] = "ipsec_rekeyed",
        [S2S_EVENT_IPSEC_DOWN] = "ipsec_down", [S2S_EVENT_NEGOTIATION_FAILED] = "negotiation_failed",
        [S2S_EVENT_AUTHENTICATION_FAILED] = "authentication_failed", [S2S_EVENT_DELETE_RECEIVED] = "delete_received",
        [S2S_EVENT_PEER_DEAD] = "peer_dead", [S2S_EVENT_PEER_MOVED] = "peer_moved", [S2S_EVENT_PROBE_DOWN] = "probe_down",
        [S2S_EVENT_PROBE_UP] = "probe_up", [S2S_EVENT_PATH_SWITCHED] = "path_switched", [S2S_EVENT_PATH_NONE] = "path_none",
        [S2S_EVENT_ADDRESS_LOST] = "address_lost", [S2S_EVENT_ADDRESS_BACK] = "address_back",
        [S2S_EVENT_ROUTE_PUBLISHED] = "route_published", [S2S_EVENT_ROUTE_WITHDRAWN] = "route_withdrawn",
        [S2S_EVENT_KERNEL_REFUSED] = "kernel_refused", [S2S_EVENT_BGP_STATE] = "bgp_state",
        [S2S_EVENT_BGP_NOTIFICATION] = "bgp_notification", [S2S_EVENT_BGP_PREFIX_LIMIT] = "bgp_prefix_limit",
        [S2S_EVENT_BGP_ROUTE_RECEIVED] = "bgp_route_received", [S2S_EVENT_BGP_ROUTE_WITHDRAWN] = "bgp_route_withdrawn",
        [S2S_EVENT_BGP_ROUTE_ADVERTISED] = "bgp_route_advertised", [S2S_EVENT_BGP_ROUTE_REFUSED] = "bgp_route_refused",
        [S2S_EVENT_CONFIG_CHANGED] = "config_changed", [S2S_EVENT_SHUTDOWN_DONE] = "shutdown_done",
        [S2S_EVENT_GATEWAY_GUARDED] = "gateway_guarded",
    };
    return name_of(names, S2SI_COUNT(names), type);
}

const char *s2s_bgp_state_name(int state)
{
    static const char *const names[] = {
        [S2S_BGP_DISABLED] = "Disabled", [S2S_BGP_IDLE] = "Idle", [S2S_BGP_CONNECT] = "Connect",
        [S2S_BGP_ACTIVE] = "Active", [S2S_BGP_OPEN_SENT] = "OpenSent", [S2S_BGP_OPEN_CONFIRM] = "OpenConfirm", [S2S_BGP_ESTABLISHED] = "Established",
    };
    return name_of(names, S2SI_COUNT(names), state);
}

const char *s2s_tunnel_status_name(int status)
{
    static const char *const names[] = {
        [S2S_TUNNEL_DISABLED] = "disabled", [S2S_TUNNEL_DOWN] = "down", [S2S_TUNNEL_CONNECTING] = "connecting",
        [S2S_TUNNEL_IKE_UP] = "ike up", [S2S_TUNNEL_UP] = "up", [S2S_TUNNEL_DRAINING] = "draining",
    };
    return name_of(names, S2SI_COUNT(names), status);
}

void s2s_gateway_params_init(struct s2s_gateway_params *params, size_t struct_size)
{
    s2si_params_unset(S2SI_GATEWAY, params, struct_size);
}

void s2s_customer_gateway_params_init(struct s2s_customer_gateway_params *params, size_t struct_size)
{
    s2si_params_unset(S2SI_CUSTOMER_GATEWAY, params, struct_size);
}

void s2s_connection_params_init(struct s2s_connection_params *params, size_t struct_size)
{
    s2si_params_unset(S2SI_CONNECTION, params, struct_size);
}

void s2s_tunnel_params_init(struct s2s_tunnel_params *params, size_t struct_size)
{
    s2si_params_unset(S2SI_TUNNEL, params, struct_size);
}

void s2s_route_params_init(struct s2s_route_params *params, size_t struct_size)
{
    s2si_params_unset(S2SI_ROUTE, params, struct_size);
}
