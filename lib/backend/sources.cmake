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
