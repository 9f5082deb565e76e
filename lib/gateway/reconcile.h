/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reconcile: desired against actual (design: "state is data").
 *
 *   something changed ──> s2si_scope_dirty ──> (end of the entry point) s2si_reconcile
 *        for each dirty scope: s2si_desired_mark (desired.c) ──> compare ──> start the lowest phase that has something
 * to do s2s_engine_complete ──> s2si_reconcile_completed ──> item is present or absent or parked ──> next phase
 */
#ifndef S2SI_GATEWAY_RECONCILE_H
#define S2SI_GATEWAY_RECONCILE_H

#include "lib/gateway/actual.h"
#include "lib/gateway/ops.h"

void s2si_scope_dirty(s2s_engine *engine, struct s2si_scope *scope);
/* Works through the dirty scopes. @return true if there were any. */
bool s2si_reconcile(s2s_engine *engine, s2s_time now);
/* Marks what is desired in a scope now (desired.c): for each item s2si_desired_want. */
void s2si_desired_mark(s2s_engine *engine, struct s2si_scope *scope);
void s2si_desired_want(s2s_engine *engine, struct s2si_scope *scope, enum s2si_item_kind kind,
                       const struct s2si_item_content *content);
/* Likewise of the kernel's routes to one destination. @return false: its change bears on other routes, all have to be
   looked at. */
bool s2si_desired_route(s2s_gateway *gateway, const struct s2s_prefix *destination);
/* The answer to an operation on an item. */
void s2si_reconcile_completed(s2s_engine *engine, struct s2si_operation *operation, const struct s2s_result *result,
                              s2s_time now);
/* What the kernel refuses of devices, addresses, ports and routes at present; "" = nothing. */
const char *s2si_gateway_refusal(const s2s_gateway *gateway);
/* A back-off ended (S2SI_TIMER_RETRY). */
void s2si_reconcile_retry(s2s_engine *engine, struct s2si_item *item, s2s_time now);
/* Full comparison with the kernel: asks for a SCAN; what is found is adopted. */
void s2si_reconcile_scan(s2s_gateway *gateway, s2s_time now);
void s2si_reconcile_found(s2s_gateway *gateway, const struct s2s_kernel_notice *notice);
void s2si_reconcile_scanned(s2s_gateway *gateway, const struct s2s_result *result, s2s_time now);

#endif
