# SPDX-License-Identifier: Apache-2.0
# The message codec, between bytes and structures; then the state machine over it.
set(S2S_IKEV2_SOURCES lib/ike/v2/auth.c lib/ike/v2/cookie.c lib/ike/v2/fragment.c lib/ike/v2/message.c
    lib/ike/v2/message_rules.c lib/ike/v2/message_writer.c lib/ike/v2/natd.c lib/ike/v2/payload.c
    lib/ike/v2/payload_sa.c lib/ike/v2/sk.c lib/ike/v2/ts.c)
