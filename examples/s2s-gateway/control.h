/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: HTTP on a Unix socket of mode 0600.
 *
 *   GET   /v1/status                                    everything, in the shape of the configuration
 *   GET   /v1/events[?since=N]                          server-sent events
 *   GET   /v1/explain?source=A&destination=B            which way a packet takes, or why none
 *   GET   /metrics                                      Prometheus
 *   PATCH /v1/connections/NAME/tunnels/N                RFC 7396 on the tunnel; 200 with it, 400 with path and rule
 *   POST  /v1/connections/NAME/tunnels/N/restart
 *   POST  /v1/connections/NAME/tunnels/N/start          negotiates now, also where startup_action waits
 *   GET, POST /v1/bgp/...                               see control_bgp.h
 *   POST  /v1/connections/NAME/tunnels/N/rekey          new keys for the IPsec SA now; .../rekey-ike for the IKE SA
 */
#ifndef S2S_GATEWAY_CONTROL_H
#define S2S_GATEWAY_CONTROL_H

#include "daemon.h"

struct control;

/* Opens the socket; who connects waits for control_answer. @return NULL after a log line that says why not. */
struct control *control_new(struct daemon *daemon, const char *path);
/* Answers from now on: not before the gateway is guarded, so that an answer means "nothing leaves in clear". */
void control_answer(struct control *control);
/* Closes it and removes the file. NULL is allowed. */
void control_delete(struct control *control);
/* Tells the readers of /v1/events. */
void control_event(struct control *control, const struct s2s_event *event, const char *json);

#endif
