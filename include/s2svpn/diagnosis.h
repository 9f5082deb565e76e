/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file diagnosis.h
 * Why a tunnel is not up, and what to change on which side. The codes are those of Alibaba Cloud's DiagnoseVpnConnections
 * (FailedReasonCode), which is the fullest list of the clouds; every profile uses them.
 */
#ifndef S2SVPN_DIAGNOSIS_H
#define S2SVPN_DIAGNOSIS_H

#include <s2svpn/gateway.h>

S2S_EXTERN_C_BEGIN

enum s2s_diagnosis_severity { S2S_DIAGNOSIS_NORMAL = 0, S2S_DIAGNOSIS_WARN = 1, S2S_DIAGNOSIS_CRITICAL = 2 };
/** "Normal", "Warn", "Critical"; static storage. */
S2S_API const char *s2s_diagnosis_severity_name(int severity);

/** One finding. code and meaning have static storage; the other texts belong to the struct. */
struct s2s_diagnosis {
    size_t struct_size;
    const char *code;         /**< "PskMismatch", ...; "NoExceptionFound" when there is nothing to say. */
    const char *meaning;      /**< a short sentence. */
    enum s2s_diagnosis_severity severity;
    s2s_time at;              /**< when it was found (FailedTime); 0 = never. */
    int reason;               /**< enum s2s_reason. */
    char object[112];         /**< "connection/1", or the route concerned. */
    char local_value[160];    /**< MismatchLocalParam: what this end has; "" = not known. Never a secret. */
    char remote_value[160];   /**< MismatchRemoteParam: what the peer sent; "" = not known. */
    char log_line[400];       /**< SourceLog. */
    char advice[800];         /**< one paragraph: what it means and what to change on which side. */
};

/** The finding that explains a tunnel's state best: a specific one stands for three minutes before a general one may
 *  replace it; a CHILD_SA that comes up clears it. @return 0, S2S_ERR_INVALID. */
S2S_API int s2s_tunnel_diagnose(const s2s_tunnel *tunnel, struct s2s_diagnosis *out);

/** Findings about a gateway's BGP sessions and routes: a route that is not published or not propagated, routes that
 *  overlap, a local network that no VPC network covers, BGP down while the IPsec SA is up. index counts from 0.
 *  connection NULL = all. @return 0, S2S_ERR_INVALID, S2S_ERR_NOT_FOUND behind the last. */
S2S_API int s2s_gateway_diagnose(const s2s_gateway *gateway, const s2s_connection *connection, size_t index,
                                 struct s2s_diagnosis *out);

S2S_EXTERN_C_END
#endif
