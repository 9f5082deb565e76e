/* SPDX-License-Identifier: Apache-2.0 */
/* show: status and events for people. Colours only where standard output is a terminal and NO_COLOR is not set. */
#ifndef S2S_SHOW_H
#define S2S_SHOW_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* The whole status; previous (or NULL) and seconds give rates. */
void show_status(FILE *out, const cJSON *status, const cJSON *previous, double seconds);
/* One tunnel in detail. */
void show_tunnel(FILE *out, const cJSON *tunnel);
/* One connection with its tunnels; one tunnel's SAs; a table of routes. */
void show_connection_lines(FILE *out, const cJSON *connection);
void show_sas(FILE *out, const char *connection, const cJSON *tunnel);
void show_route_table(FILE *out, const cJSON *routes);
/* One event on one line. */
void show_event(FILE *out, const cJSON *event);
/* Errors of a refused change: "path: value: rule". */
void show_errors(FILE *out, const char *body);
/* 93784 -> "1 d": into out, which is returned. */
const char *show_age(double seconds, char *out, size_t size);
/* 1234567 -> "1.2 MB". Returns out. */
const char *show_amount(double value, const char *unit, char *out, size_t size);
bool show_colours(void);

#endif
