/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: GET /metrics, Prometheus text format 0.0.4. */
#ifndef S2S_GATEWAY_METRICS_H
#define S2S_GATEWAY_METRICS_H

#include <s2svpn/s2svpn.h>

struct evbuffer;

/* Appends all figures of the engine. */
void metrics_print(const s2s_engine *engine, struct evbuffer *out);

#endif
