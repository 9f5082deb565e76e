/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: the entry points. Each call goes
 *
 *     s2si_engine_enter (time forward? nobody inside?) ──> edit data ──> s2si_engine_settle ──> s2si_engine_leave
 *
 * and settle brings the rest after: IKE's outputs, the dirty scopes, objects whose end has come.
 */
#ifndef S2SI_GATEWAY_ENGINE_H
#define S2SI_GATEWAY_ENGINE_H

#include "lib/gateway/objects.h"

/* @return 0, S2S_ERR_INVALID (no engine, time went backward), S2S_ERR_REENTRANT (called from inside a leaf). */
int s2si_engine_enter(s2s_engine *engine, s2s_time now);
/* Settles and leaves; hands error through. */
int s2si_engine_leave(s2s_engine *engine, s2s_time now, int error);

/* Ends of objects that were deleted but still have to say goodbye; part of settle. @return true if one went. */
bool s2si_connections_reap(s2s_gateway *gateway, s2s_time now);
bool s2si_gateways_reap(s2s_engine *engine, s2s_time now);

/* gateway.c */
void s2si_gateway_free(s2s_gateway *gateway, s2s_time now);
void s2si_gateway_notice(s2s_gateway *gateway, const struct s2s_kernel_notice *notice, s2s_time now);
/* Which outside addresses there are, after tunnels or the list changed. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_gateway_collect_addresses(s2s_gateway *gateway);
/* customer_gateway.c, connection.c, route.c: frees without a word */
void s2si_customer_gateway_free(s2s_customer_gateway *customer_gateway);
void s2si_connection_free(s2s_connection *connection, s2s_time now);
void s2si_route_free(s2s_route *route);
/* A route as given, without texts (BGP). @return 0, S2S_ERR_LIMIT, S2S_ERR_NO_MEMORY. */
int s2si_route_make(s2s_gateway *gateway, s2s_connection *connection, const struct s2s_route_params *params,
                    s2s_route **route);
/* connection.c: computes a connection's effective params again (a customer gateway or the gateway changed) and does
   what follows.
   @return 0, S2S_ERR_CONFIG or S2S_ERR_NO_MEMORY. */
int s2si_connection_refresh(s2s_connection *connection, enum s2s_trigger trigger, s2s_time now);
/* route.c: makes and removes the automatic routes of a connection. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_routes_automatic(s2s_connection *connection, s2s_time now);
/* Takes a connection's routes away. */
void s2si_routes_drop(s2s_connection *connection);
/* shutdown.c: in each settle; and S2SI_TIMER_SHUTDOWN. */
void s2si_shutdown_step(s2s_engine *engine, s2s_time now);
void s2si_shutdown_timer(s2s_engine *engine, s2s_time now);

#endif
