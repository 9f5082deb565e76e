# SPDX-License-Identifier: Apache-2.0
set(S2S_GATEWAY_SOURCES
    lib/gateway/acquire.c
    lib/gateway/actions.c
    lib/gateway/actual.c
    lib/gateway/connection.c
    lib/gateway/customer_gateway.c
    lib/gateway/datapath.c lib/gateway/forward.c
    lib/gateway/desired.c
    lib/gateway/diagnosis.c
    lib/gateway/diagnosis_routes.c
    lib/gateway/effective.c
    lib/gateway/engine.c
    lib/gateway/esp_glue.c
    lib/gateway/events.c
    lib/gateway/explain.c
    lib/gateway/gateway.c
    lib/gateway/health.c
    lib/gateway/ike_glue.c
    lib/gateway/mtu.c
    lib/gateway/names.c
    lib/gateway/ops.c
    lib/gateway/params.c
    lib/gateway/params_table.c
    lib/gateway/planned.c
    lib/gateway/probe.c
    lib/gateway/profile.c
    lib/gateway/publish.c
    lib/gateway/reconcile.c
    lib/gateway/route.c
    lib/gateway/route_table.c
    lib/gateway/select.c
    lib/gateway/shutdown.c
    lib/gateway/status.c
    lib/gateway/tunnel.c
    lib/gateway/validate.c)
if(DEFINED S2S_BGP AND NOT S2S_BGP)
    list(APPEND S2S_GATEWAY_SOURCES lib/gateway/bgp_off.c)
else()
    list(APPEND S2S_GATEWAY_SOURCES lib/gateway/bgp_glue.c lib/gateway/bgp_policy_text.c lib/gateway/bgp_routes.c
        lib/gateway/bgp_session.c lib/gateway/bgp_steer.c lib/gateway/bgp_stream.c)
endif()
