/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tunnel: one tunnel's life. Its settings become an IKE peer (ike_glue), its SAs items of the actual set (desired), its
 * state a status; who leaves it in a planned way goes through planned.c.
 */
#ifndef S2SI_GATEWAY_TUNNEL_H
#define S2SI_GATEWAY_TUNNEL_H

#include "lib/gateway/objects.h"

/* Makes a tunnel without side effects. given is copied. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_tunnel_make(s2s_connection *connection, uint32_t index, const struct s2s_tunnel_params *given,
                     s2s_tunnel **tunnel);
/* Frees it with what it owns; nothing may be outstanding in its scope unless the engine goes. */
void s2si_tunnel_free(s2s_tunnel *tunnel, s2s_time now);
/* Which customer gateway it uses; keeps count. */
void s2si_tunnel_use(s2s_tunnel *tunnel, s2s_customer_gateway *customer_gateway);
/* Outside and inside addresses from the effective params. */
void s2si_tunnel_place(s2s_tunnel *tunnel);
/* Effective params and addresses stand: makes, updates or removes the IKE peer, looks at probes and kernel state again.
 * @return 0 or an error. */
int s2si_tunnel_apply(s2s_tunnel *tunnel, s2s_time now);
/* Initiates if it may and its startup action says so. */
void s2si_tunnel_start(s2s_tunnel *tunnel, s2s_time now);
/* Negotiating for traffic, or about to: what is kept for it has a chance to be sent. */
bool s2si_tunnel_comes_up(const s2s_tunnel *tunnel);
/* Its SAs changed in the actual set: newest pair, health, data path. */
void s2si_tunnel_sas_changed(s2s_tunnel *tunnel, s2s_time now);
/* Status from the IKE core; emits TUNNEL_STATUS when it changed. */
void s2si_tunnel_refresh(s2s_tunnel *tunnel, s2s_time now);
/* Nothing keeps it from initiating: enabled, not held, its address is bound and there, nobody is taking it down. */
bool s2si_tunnel_may_initiate(const s2s_tunnel *tunnel);
/* What went wrong last, in a sentence; NULL = nothing. The text is copied. */
void s2si_tunnel_trouble(s2s_tunnel *tunnel, enum s2s_reason reason, const char *text);
/* Its own outside address came or went. */
void s2si_tunnel_address(s2s_tunnel *tunnel, bool present, s2s_time now);
/* Every tunnel of a gateway in file order: start with NULL. */
s2s_tunnel *s2si_tunnel_next(const s2s_gateway *gateway, const s2s_tunnel *after);

/* gateway.c: bound or present changed for some address. */
void s2si_gateway_addresses_changed(s2s_gateway *gateway, s2s_time now);

/* connection.c: politely down, freed when its tunnels have said goodbye. */
void s2si_connection_close(s2s_connection *connection, s2s_time now);

/* ---- planned take-down (planned.c) ---- */

/* Moves our traffic, waits for silence, says DELETE, drains; then comes up again unless hold. */
void s2si_planned_begin(s2s_tunnel *tunnel, enum s2s_trigger trigger, bool hold, s2s_time now);
void s2si_planned_timer(s2s_tunnel *tunnel, s2s_time now);
/* The IKE_SA ended (or never was). */
void s2si_planned_ike_down(s2s_tunnel *tunnel, s2s_time now);

/* ---- IKE (ike_glue.c) ---- */

/* Makes tunnel->peer with the settings that hold now, or gives it new ones. @return 0 or an error. */
int s2si_ike_glue_peer(s2s_tunnel *tunnel, s2s_time now);
/* Takes in everything that IKE has to say. @return true if there was anything. */
bool s2si_ike_glue_outputs(s2s_engine *engine, s2s_time now);

#endif
