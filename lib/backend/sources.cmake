# SPDX-License-Identifier: Apache-2.0
set(S2S_BACKEND_MBEDTLS_SOURCES
    lib/backend/crypto_mbedtls.c
    lib/backend/crypto_mbedtls_exchange.c
    lib/backend/crypto_mbedtls_hash.c
    lib/backend/crypto_mbedtls_modp.c
    lib/backend/crypto_mbedtls_transform.c)
set(S2S_BACKEND_TEST_SOURCES lib/backend/crypto_test.c)
set(S2S_BACKEND_DRIVER_SOURCES
    lib/backend/driver.c
    lib/backend/driver_inbox.c
    lib/backend/driver_jobs.c
    lib/backend/loop_manual.c
    lib/backend/params.c
    lib/backend/wake.c)
set(S2S_BACKEND_LIBEVENT_SOURCES lib/backend/loop_libevent.c)
set(S2S_BACKEND_FILES_SOURCES lib/backend/files.c)
set(S2S_BACKEND_SIM_SOURCES
    lib/backend/sim.c
    lib/backend/sim_data.c
    lib/backend/sim_esp.c
    lib/backend/sim_flow.c
    lib/backend/sim_install.c
    lib/backend/sim_ip.c
    lib/backend/sim_kernel.c
    lib/backend/sim_link.c
    lib/backend/sim_nat.c
    lib/backend/sim_node.c
    lib/backend/sim_packet.c
    lib/backend/sim_pcap.c
    lib/backend/sim_ping.c
    lib/backend/sim_route.c
    lib/backend/sim_rule.c
    lib/backend/sim_stream.c)
