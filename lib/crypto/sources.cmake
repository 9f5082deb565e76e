# SPDX-License-Identifier: Apache-2.0
set(S2S_CRYPTO_SOURCES lib/crypto/algorithm.c lib/crypto/crypto.c lib/crypto/kdf.c)
