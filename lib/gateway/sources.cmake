# SPDX-License-Identifier: Apache-2.0
set(S2S_GATEWAY_SOURCES
    lib/gateway/names.c
    lib/gateway/params.c
    lib/gateway/params_table.c
    lib/gateway/profile.c)
