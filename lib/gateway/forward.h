/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward: whether a packet that a tunnel brought may go on. The selectors of the SA are checked before (RFC 4301 section
 * 5.2); with selectors of 0.0.0.0/0 they let everything through, and what is not for us the kernel would forward by its
 * own routes, in clear. A cloud's gateway does not: behind it is a VPC, and a VPC has no transit (gateway.transit).
 */
#ifndef S2SI_GATEWAY_FORWARD_H
#define S2SI_GATEWAY_FORWARD_H

#include "lib/gateway/tunnel.h"

/* @return S2S_DROP_NONE, S2S_DROP_NO_ROUTE (link-local, and no address that the kernel has from us) or S2S_DROP_TRANSIT. */
enum s2s_drop_reason s2si_forward_refusal(const s2s_tunnel *tunnel, const struct s2si_ip *ip);

#endif
