/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file driver.h
 * The driver joins an engine, a loop and a kernel: it feeds what arrives, pulls actions, keeps the timer, runs
 * CRYPTO_JOBs, and hands events to the user's function. It is all that most users touch.
 */
#ifndef S2SVPN_DRIVER_H
#define S2SVPN_DRIVER_H

#include <s2svpn/engine.h>
#include <s2svpn/kernel.h>
#include <s2svpn/loop.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_driver s2s_driver;
typedef void (*s2s_event_function)(void *user, const struct s2s_event *event);

struct s2s_driver_params {
    size_t struct_size;
    s2s_engine *engine;             /**< stays the caller's; must outlive the driver. */
    const struct s2s_loop *loop;
    const struct s2s_kernel *kernel;
    s2s_event_function event;       /**< may call any function of the library but s2s_driver_delete. NULL = not wanted. */
    void *event_user;
    bool job_thread;                /**< run CRYPTO_JOBs on a worker thread instead of inline (POSIX threads). */
    const struct s2s_allocator *allocator; /**< copied; used on the loop's thread alone. NULL = malloc. */
};
S2S_API void s2s_driver_params_init(struct s2s_driver_params *params, size_t struct_size);
/** Sets the engine's capabilities from the kernel and starts the kernel. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY, or the kernel's error. */
S2S_API int s2s_driver_new(const struct s2s_driver_params *params, s2s_driver **driver);
/** Stops at once; no farewell. NULL is allowed. */
S2S_API void s2s_driver_delete(s2s_driver *driver);
/** To be called after objects of the engine were created, changed or deleted: carries out what follows from it. */
S2S_API void s2s_driver_kick(s2s_driver *driver);
/** Polite end: says goodbye, removes what is installed, calls done (once, from the loop) when finished or after timeout (in
 *  nanoseconds from now). done may delete the driver. A second call does nothing. */
S2S_API void s2s_driver_shutdown(s2s_driver *driver, s2s_time timeout, s2s_loop_timer_function done, void *user);

S2S_EXTERN_C_END
#endif
