# SPDX-License-Identifier: Apache-2.0
# The codec; attribute sets and tables of routes; the session.
set(S2S_BGP_SOURCES lib/bgp/as_path.c lib/bgp/attr_table.c lib/bgp/attribute.c lib/bgp/attribute_text.c
    lib/bgp/capability.c lib/bgp/message.c lib/bgp/protocol.c lib/bgp/update.c)
