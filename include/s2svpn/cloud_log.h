/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file cloud_log.h
 * Events as the clouds' own logs write them: AWS Site-to-Site VPN activity-log records (text and JSON), Alibaba Cloud IPsec
 * connection log lines and the names of its CloudMonitor events.
 */
#ifndef S2SVPN_CLOUD_LOG_H
#define S2SVPN_CLOUD_LOG_H

#include <s2svpn/event.h>
#include <s2svpn/gateway.h>

S2S_EXTERN_C_BEGIN

/** One AWS activity-log record of an event about this tunnel, without line end; the fields are VpnLogCreationTimestamp,
 *  VpnConnectionId, TunnelOutsideIPAddress, TunnelDPDEnabled, TunnelCGWNATTDetectionStatus, TunnelIKEPhase1State,
 *  TunnelIKEPhase2State and VpnLogDetail. utc_seconds is the wall clock's time of the event. *text is free'd with
 *  s2s_json_free. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. Source: AWS user guide, log contents. */
S2S_API int s2s_aws_activity_log(const struct s2s_event *event, const s2s_tunnel *tunnel, int64_t utc_seconds, bool json,
                                 char **text);
/** VpnLogDetail of an event: AWS's own sentence where it is known, else the event's text. Borrowed from static storage or
 *  the event. */
S2S_API const char *s2s_aws_log_detail(const struct s2s_event *event);

/** "2023-01-13 11:39:21 NAME - [PROTO_ERR]: text {...}" in UTC. Written into out. @return 0, S2S_ERR_INVALID, S2S_ERR_BUFFER. */
S2S_API int s2s_alibaba_log_line(const struct s2s_event *event, int64_t utc_seconds, char *out, size_t size);
/** "vpn:CloudMonitor:IpsecPhase1NegoSuccess", ...; NULL where Alibaba has no such event. Static storage. */
S2S_API const char *s2s_alibaba_event_name(const struct s2s_event *event);

S2S_EXTERN_C_END
#endif
