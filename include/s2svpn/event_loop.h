/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file event_loop.h
 * The libevent loop (library s2svpn-event): puts the driver's descriptors and timers on an event_base of the caller. It
 * uses libevent's public functions on that base alone and none of its process-wide settings (log, memory, threads).
 */
#ifndef S2SVPN_EVENT_LOOP_H
#define S2SVPN_EVENT_LOOP_H

#include <s2svpn/loop.h>

S2S_EXTERN_C_BEGIN

struct event_base;
typedef struct s2s_libevent_loop s2s_libevent_loop;

/** Joins a base, which stays the caller's and must outlive the loop. allocator is copied; NULL = malloc. The loop keeps
 *  one descriptor of its own on the base (for wake), so the base never runs out of events: end it with event_base_loopbreak
 *  or event_base_loopexit. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY, S2S_ERR_KERNEL (no descriptor left). */
S2S_API int s2s_libevent_loop_new(struct event_base *base, const struct s2s_allocator *allocator, s2s_libevent_loop **loop);
/** Delivers wakes that are still pending, then frees; watches and timers must be removed before. NULL is allowed. */
S2S_API void s2s_libevent_loop_delete(s2s_libevent_loop *loop);
/** The seam's table for this loop; lives as long as the loop. */
S2S_API const struct s2s_loop *s2s_libevent_loop_table(s2s_libevent_loop *loop);

S2S_EXTERN_C_END
#endif
