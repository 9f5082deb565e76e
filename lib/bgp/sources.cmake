# SPDX-License-Identifier: Apache-2.0
# The codec; attribute sets and tables of routes; the speaker.
set(S2S_BGP_SOURCES lib/bgp/as_path.c lib/bgp/attribute.c lib/bgp/attribute_text.c lib/bgp/capability.c
    lib/bgp/message.c lib/bgp/protocol.c lib/bgp/update.c
    lib/bgp/attr_table.c lib/bgp/decision.c lib/bgp/policy.c lib/bgp/rib.c
    lib/bgp/adj_out.c lib/bgp/best.c lib/bgp/connection.c lib/bgp/export.c lib/bgp/fsm.c lib/bgp/import.c
    lib/bgp/output.c lib/bgp/receive.c lib/bgp/refresh.c lib/bgp/restart.c lib/bgp/session.c lib/bgp/speaker.c lib/bgp/status.c)
