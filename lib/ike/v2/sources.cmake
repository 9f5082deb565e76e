# SPDX-License-Identifier: Apache-2.0
# The message codec, between bytes and structures; then the state machine over it.
set(S2S_IKEV2_SOURCES lib/ike/v2/auth.c lib/ike/v2/cookie.c lib/ike/v2/fragment.c lib/ike/v2/mismatch.c lib/ike/v2/message.c
    lib/ike/v2/message_rules.c lib/ike/v2/message_writer.c lib/ike/v2/natd.c lib/ike/v2/payload.c
    lib/ike/v2/payload_sa.c lib/ike/v2/sk.c lib/ike/v2/ts.c
    lib/ike/v2/admission.c lib/ike/v2/child_negotiation.c lib/ike/v2/child_sa.c lib/ike/v2/collision.c
    lib/ike/v2/create_child.c lib/ike/v2/exchange.c lib/ike/v2/ike_auth.c lib/ike/v2/ike_auth_r.c lib/ike/v2/ike_sa.c
    lib/ike/v2/ike_sa_init.c lib/ike/v2/ike_sa_init_r.c lib/ike/v2/ikev2.c lib/ike/v2/informational.c lib/ike/v2/job.c
    lib/ike/v2/key_log.c lib/ike/v2/natt.c lib/ike/v2/notify_rules.c lib/ike/v2/output.c lib/ike/v2/path.c lib/ike/v2/peer.c
    lib/ike/v2/receive.c lib/ike/v2/rekey_child.c lib/ike/v2/rekey_ike.c lib/ike/v2/send.c lib/ike/v2/status.c
    lib/ike/v2/timers.c lib/ike/v2/transitions.c)
