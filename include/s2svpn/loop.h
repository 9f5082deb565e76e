/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file loop.h
 * The event loop seam: time, file descriptors and timers. Two implementations come with the library: libevent
 * (s2svpn-event) and manual, where the caller owns time and readiness.
 */
#ifndef S2SVPN_LOOP_H
#define S2SVPN_LOOP_H

#include <s2svpn/error.h>
#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

enum { S2S_LOOP_READ = 1, S2S_LOOP_WRITE = 2 };

typedef void (*s2s_loop_fd_function)(void *user, int fd, unsigned events);
typedef void (*s2s_loop_timer_function)(void *user);

/** A loop. All functions are called on the loop's own thread, but wake, which may be called on any. */
struct s2s_loop {
    size_t struct_size;
    const char *name;
    void *context;
    s2s_time (*now)(void *context);
    /** Calls function whenever fd is ready, until removed. @return 0, S2S_ERR_NO_MEMORY, S2S_ERR_INVALID; *watch is the handle. */
    int (*watch_add)(void *context, int fd, unsigned events, s2s_loop_fd_function function, void *user, void **watch);
    int (*watch_change)(void *context, void *watch, unsigned events);
    void (*watch_remove)(void *context, void *watch);
    /** A one-shot timer, not armed. */
    int (*timer_add)(void *context, s2s_loop_timer_function function, void *user, void **timer);
    /** Arms at an absolute time of now(), or disarms with S2S_TIME_NEVER. */
    void (*timer_set)(void *context, void *timer, s2s_time at);
    void (*timer_remove)(void *context, void *timer);
    /** Makes the loop call function soon on its own thread (a finished worker). Bounded. A loop that is deleted first
     *  calls what is pending. @return 0 or S2S_ERR_LIMIT. */
    int (*wake)(void *context, s2s_loop_timer_function function, void *user);
};

/** The manual loop: for bare super-loops, foreign event loops (asyncio) and simulation. */
typedef struct s2s_manual_loop s2s_manual_loop;
/** Where the manual loop gets its time; NULL = the caller sets it with s2s_manual_loop_advance. */
typedef s2s_time (*s2s_clock_function)(void *user);
/** @return 0 or S2S_ERR_NO_MEMORY. allocator NULL = malloc. */
S2S_API int s2s_manual_loop_new(const struct s2s_allocator *allocator, s2s_clock_function clock, void *user,
                                s2s_manual_loop **loop);
S2S_API void s2s_manual_loop_delete(s2s_manual_loop *loop);
/** The seam's table for this loop; lives as long as the loop. */
S2S_API const struct s2s_loop *s2s_manual_loop_table(s2s_manual_loop *loop);
/** When the next timer is due; S2S_TIME_NEVER if none. */
S2S_API s2s_time s2s_manual_loop_next(const s2s_manual_loop *loop);
/** Sets the time (never backward) and runs what is due. */
S2S_API void s2s_manual_loop_advance(s2s_manual_loop *loop, s2s_time now);
/** The descriptors to wait for: fills up to capacity entries and returns how many there are. */
struct s2s_manual_watch {
    int fd;
    unsigned events;
};
S2S_API size_t s2s_manual_loop_watches(const s2s_manual_loop *loop, struct s2s_manual_watch *out, size_t capacity);
/** Tells that fd is ready, then runs timers that are due. */
S2S_API void s2s_manual_loop_ready(s2s_manual_loop *loop, int fd, unsigned events);
/** What wake() calls, on the waking thread, so that a caller who sleeps in poll() gets up (writes a pipe, asyncio's
 *  call_soon_threadsafe); he then calls s2s_manual_loop_advance. NULL = nothing. Set it before any thread starts. */
S2S_API void s2s_manual_loop_set_waker(s2s_manual_loop *loop, s2s_loop_timer_function waker, void *user);

S2S_EXTERN_C_END
#endif
