/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_bgp: BGP over the control socket. NAME is "connection/2", "connection", or a peer's inside address.
 *
 *   GET  /v1/bgp/neighbors[?name=NAME]
 *   GET  /v1/bgp/routes[?name=NAME&table=received|advertised|best][&within=PREFIX][&cursor=N][&most=N]
 *   GET  /v1/bgp/why?prefix=PREFIX|ADDRESS
 *   POST /v1/bgp/refresh?name=NAME[&direction=in|out]       asks for the peer's routes again, sends ours again
 *   POST /v1/bgp/reset?name=NAME                            ends the sessions with Cease and starts them again
 */
#ifndef S2S_GATEWAY_CONTROL_BGP_H
#define S2S_GATEWAY_CONTROL_BGP_H

#include "daemon.h"

struct evhttp_request;

/* path is what follows "/v1/bgp/". */
void control_bgp(struct daemon *daemon, struct evhttp_request *request, const char *path);

#endif
