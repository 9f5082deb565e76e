/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's findings as JSON, with the members of Alibaba's DiagnoseVpnConnections in our spelling. */
#include <s2svpn/config.h>
#include <s2svpn/diagnosis.h>

#include "lib/config/json_out.h"

static void put(struct s2si_json_out *out, cJSON *list, const struct s2s_diagnosis *found)
{
    cJSON *item = s2si_out_object(out, list, NULL);

    s2si_out_text(out, item, "object", found->object);
    s2si_out_text(out, item, "code", found->code);
    s2si_out_text(out, item, "severity", s2s_diagnosis_severity_name((int)found->severity));
    s2si_out_text(out, item, "meaning", found->meaning);
    if (found->at) {
        s2si_out_number(out, item, "at_ms", (double)(found->at / 1000000u));
    }
    if (found->local_value[0] || found->remote_value[0]) {
        s2si_out_text(out, item, "local_value", found->local_value);
        s2si_out_text(out, item, "remote_value", found->remote_value);
    }
    if (found->log_line[0]) {
        s2si_out_text(out, item, "log_line", found->log_line);
    }
    s2si_out_text(out, item, "advice", found->advice);
}

int s2s_connection_diagnosis_json(const s2s_gateway *gateway, const s2s_connection *connection, char **text)
{
    struct s2s_diagnosis found = { .struct_size = sizeof(found) };
    struct s2si_json_out out = { false };

    if (!gateway || !connection || !text) {
        return S2S_ERR_INVALID;
    }
    cJSON *root = s2si_out_object(&out, NULL, NULL);
    s2si_out_text(&out, root, "connection", s2s_connection_name(connection));
    cJSON *tunnels = s2si_out_list(&out, root, "tunnels"), *network = s2si_out_list(&out, root, "network");
    for (size_t i = 1; i <= s2s_connection_tunnels(connection); i++) {
        if (s2s_tunnel_diagnose(s2s_connection_tunnel(connection, i), &found) == 0) {
            put(&out, tunnels, &found);
        }
    }
    for (size_t i = 0; s2s_gateway_diagnose(gateway, connection, i, &found) == 0; i++) {
        put(&out, network, &found);
    }
    return s2si_out_print(&out, root, text);
}
