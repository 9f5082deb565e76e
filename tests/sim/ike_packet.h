/* SPDX-License-Identifier: Apache-2.0 */
/* ike_packet: judges an ike_pair by a real packet: sealed by lib/esp with what one end negotiated, opened with what the other
   end negotiated and holds in its kernel. */
#ifndef TEST_IKE_PACKET_H
#define TEST_IKE_PACKET_H

#include "tests/sim/ike_pair.h"

/* An inner packet between the first addresses of the sender's selectors, by its newest outbound SA. @return whether the
   other end's kernel has an inbound SA of that SPI that verifies and delivers it, unchanged. */
bool ike_packet_arrives(const struct pair *pair, int from);

#endif
