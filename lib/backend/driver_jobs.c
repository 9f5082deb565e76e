/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "lib/backend/driver_jobs.h"
#include "lib/base/list.h"

#include <pthread.h>
#include <signal.h>

struct entry {
    struct s2si_list node;
    uint64_t op;
    struct s2s_crypto_job *job;
};

struct s2si_jobs {
    struct s2si_mem mem; /* the loop's thread only */
    const struct s2s_loop *loop;
    s2s_loop_timer_function ready;
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    /* under the lock */
    struct s2si_list waiting, done;
    bool stop;
    bool wake_pending; /* a wake holds a reference to this block */
    bool deleted;
};

static void free_jobs(struct s2si_jobs *jobs)
{
    pthread_cond_destroy(&jobs->work);
    pthread_mutex_destroy(&jobs->lock);
    struct s2si_mem mem = jobs->mem;
    s2si_free(&mem, jobs, sizeof *jobs);
}

/* On the loop's thread, some time after the worker's wake. */
static void woken(void *user)
{
    struct s2si_jobs *jobs = user;
    pthread_mutex_lock(&jobs->lock);
    jobs->wake_pending = false;
    bool deleted = jobs->deleted;
    pthread_mutex_unlock(&jobs->lock);
    if (deleted) {
        free_jobs(jobs);
    } else {
        jobs->ready(jobs->user);
    }
}

static struct entry *first(struct s2si_list *list)
{
    if (s2si_list_empty(list)) {
        return NULL;
    }
    struct entry *entry = S2SI_CONTAINER(list->next, struct entry, node);
    s2si_list_remove(&entry->node);
    return entry;
}

static void *worker(void *user)
{
    struct s2si_jobs *jobs = user;
    pthread_mutex_lock(&jobs->lock);
    for (;;) {
        while (!jobs->stop && s2si_list_empty(&jobs->waiting)) {
            pthread_cond_wait(&jobs->work, &jobs->lock);
        }
        if (jobs->stop) {
            break;
        }
        struct entry *entry = first(&jobs->waiting);
        pthread_mutex_unlock(&jobs->lock);
        s2s_crypto_job_run(entry->job);
        pthread_mutex_lock(&jobs->lock);
        s2si_list_append(&jobs->done, &entry->node);
        if (!jobs->wake_pending) {
            jobs->wake_pending = jobs->loop->wake(jobs->loop->context, woken, jobs) == 0;
        }
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

/* Signals are the program's own threads' business. */
static int start_worker(struct s2si_jobs *jobs)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&jobs->thread, NULL, worker, jobs);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : S2S_ERR_KERNEL;
}

int s2si_jobs_new(const struct s2s_allocator *allocator, const struct s2s_loop *loop, s2s_loop_timer_function ready, void *user,
                  struct s2si_jobs **out)
{
    struct s2si_mem mem;
    int error = s2si_mem_init(&mem, allocator);
    if (error != 0) {
        return error;
    }
    struct s2si_jobs *jobs = s2si_alloc(&mem, sizeof *jobs);
    if (jobs == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    jobs->mem = mem;
    jobs->loop = loop;
    jobs->ready = ready;
    jobs->user = user;
    s2si_list_init(&jobs->waiting);
    s2si_list_init(&jobs->done);
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->work, NULL);
    error = start_worker(jobs);
    if (error != 0) {
        free_jobs(jobs);
        return error;
    }
    *out = jobs;
    return 0;
}

void s2si_jobs_stop(struct s2si_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->stop = true;
    pthread_cond_signal(&jobs->work);
    pthread_mutex_unlock(&jobs->lock);
    pthread_join(jobs->thread, NULL);
}

void s2si_jobs_delete(struct s2si_jobs *jobs)
{
    uint64_t op;
    int error;
    while (s2si_jobs_take(jobs, &op, &error)) {
    }
    jobs->deleted = true; /* the worker has ended: only woken() can still come */
    if (!jobs->wake_pending) {
        free_jobs(jobs);
    }
}

int s2si_jobs_put(struct s2si_jobs *jobs, uint64_t op, struct s2s_crypto_job *job)
{
    struct entry *entry = s2si_alloc(&jobs->mem, sizeof *entry);
    if (entry == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    entry->op = op;
    entry->job = job;
    pthread_mutex_lock(&jobs->lock);
    s2si_list_append(&jobs->waiting, &entry->node);
    pthread_cond_signal(&jobs->work);
    pthread_mutex_unlock(&jobs->lock);
    return 0;
}

bool s2si_jobs_take(struct s2si_jobs *jobs, uint64_t *op, int *error)
{
    pthread_mutex_lock(&jobs->lock);
    struct entry *entry = first(&jobs->done);
    *error = 0;
    if (entry == NULL && jobs->stop) {
        entry = first(&jobs->waiting);
        *error = S2S_ERR_CANCELED;
    }
    pthread_mutex_unlock(&jobs->lock);
    if (entry == NULL) {
        return false;
    }
    *op = entry->op;
    s2si_free(&jobs->mem, entry, sizeof *entry);
    return true;
}
