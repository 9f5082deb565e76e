# SPDX-License-Identifier: Apache-2.0
set(S2S_BACKEND_MBEDTLS_SOURCES
    lib/backend/crypto_mbedtls.c
    lib/backend/crypto_mbedtls_exchange.c
    lib/backend/crypto_mbedtls_hash.c
    lib/backend/crypto_mbedtls_modp.c
    lib/backend/crypto_mbedtls_transform.c)
set(S2S_BACKEND_TEST_SOURCES lib/backend/crypto_test.c)
