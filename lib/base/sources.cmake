# SPDX-License-Identifier: Apache-2.0
set(S2S_BASE_SOURCES
    lib/base/address.c lib/base/address_text.c lib/base/buffer.c lib/base/errors.c lib/base/ip.c lib/base/ip_icmp.c
    lib/base/list.c lib/base/log.c lib/base/map.c lib/base/mem.c lib/base/secret.c lib/base/siphash.c
    lib/base/strerror.c lib/base/timer.c lib/base/trie.c lib/base/wire.c)
