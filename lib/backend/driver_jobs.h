/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_jobs: CRYPTO_JOBs on one worker thread. The loop's thread puts jobs in and takes answers out; the worker only runs
 * them and then wakes the loop. Nothing is allocated on the worker.
 */
#ifndef S2SI_DRIVER_JOBS_H
#define S2SI_DRIVER_JOBS_H

#include <s2svpn/engine.h>
#include <s2svpn/loop.h>
#include "lib/base/mem.h"

struct s2si_jobs;

/* Starts the worker. ready is called on the loop's thread when answers wait. @return 0, S2S_ERR_NO_MEMORY, S2S_ERR_KERNEL. */
int s2si_jobs_new(const struct s2s_allocator *allocator, const struct s2s_loop *loop, s2s_loop_timer_function ready, void *user,
                  struct s2si_jobs **jobs);
/* Ends the worker after the job in hand. What was not taken out can still be taken with s2si_jobs_take. */
void s2si_jobs_stop(struct s2si_jobs *jobs);
/* After s2si_jobs_stop. The memory itself goes when no wake is pending any more. */
void s2si_jobs_delete(struct s2si_jobs *jobs);
/* @return 0 or S2S_ERR_NO_MEMORY (then run it inline). */
int s2si_jobs_put(struct s2si_jobs *jobs, uint64_t op, struct s2s_crypto_job *job);
/* One answered job; after stop also those that did not run (*error is S2S_ERR_CANCELED). @return false if there is none. */
bool s2si_jobs_take(struct s2si_jobs *jobs, uint64_t *op, int *error);

#endif
