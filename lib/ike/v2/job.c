/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/job.h"

static void job_free(struct s2si_ike *ike, struct s2si_ike_job *job)
{
    s2si_crypto_exchange_free(ike->crypto, job->exchange);
    s2si_secret_clear(ike->mem, &job->peer);
    s2si_free_secret(ike->mem, job, sizeof *job);
}

void s2si_jobs_clear(struct s2si_ike *ike)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &ike->jobs)
    {
        s2si_list_remove(at);
        job_free(ike, S2SI_CONTAINER(at, struct s2si_ike_job, node));
    }
}

/* The private value is drawn here, on the caller's thread: only public and shared values cost time. */
static int take_exchange(struct s2si_ike *ike, struct s2si_negotiation *talks, struct s2si_ike_job *job)
{
    job->exchange = talks->dh;
    talks->dh = NULL;
    return job->exchange != NULL ? 0 : s2si_crypto_exchange_new(ike->crypto, talks->group, &job->exchange);
}

int s2si_job_start(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_job_kind kind)
{
    struct s2si_ike *ike = sa->ike;
    struct s2si_ike_job *job = s2si_alloc(ike->mem, sizeof *job);
    if (job == NULL)
        return S2S_ERR_NO_MEMORY;
    s2si_list_init(&job->node);
    job->ike = ike;
    job->crypto = ike->crypto;
    job->id = s2si_new_id(ike);
    job->sa = sa->id;
    job->owner = sa->peer != NULL ? sa->peer->config.owner : 0;
    job->mine = slot == &sa->mine;
    job->kind = kind;
    int result = take_exchange(ike, slot->talks, job);
    if (result == 0 && kind != JOB_PUBLIC)
        result = s2si_secret_set(ike->mem, &job->peer, slot->talks->peer_ke.data, slot->talks->peer_ke.length);
    if (result != 0) {
        job_free(ike, job);
        return result;
    }
    slot->op = job->id;
    slot->wait = kind == JOB_PUBLIC ? WAIT_PUBLIC : WAIT_SHARED;
    s2si_output_job(ike, job);
    return 0;
}

void s2si_ike_job_run(struct s2si_ike_job *job)
{
    job->result = 0;
    if (job->kind != JOB_SHARED)
        job->result = s2si_crypto_exchange_public(job->crypto, job->exchange, job->ke, &job->ke_length);
    if (job->result == 0 && job->kind != JOB_PUBLIC)
        job->result = s2si_crypto_exchange_shared(job->crypto, job->exchange, job->peer.data, job->peer.length,
                                                  job->shared, &job->shared_length);
}

static int take_results(struct s2si_ike *ike, struct s2si_negotiation *talks, struct s2si_ike_job *job)
{
    int result = job->result;
    if (result == 0 && job->kind != JOB_SHARED)
        result = s2si_secret_set(ike->mem, &talks->ke, job->ke, job->ke_length);
    if (result == 0 && job->kind != JOB_PUBLIC)
        result = s2si_secret_set(ike->mem, &talks->shared, job->shared, job->shared_length);
    if (result == 0 && job->kind == JOB_PUBLIC) {
        talks->dh = job->exchange;
        job->exchange = NULL;
    }
    return result;
}

void s2si_ike_job_done(struct s2si_ike *ike, struct s2si_ike_job *job, s2s_time now)
{
    if (now > ike->now)
        ike->now = now;
    struct s2si_ike_sa *sa = s2si_sa_by_id(ike, job->sa);
    struct s2si_slot *slot = sa == NULL ? NULL : job->mine ? &sa->mine : &sa->theirs;
    bool wanted = slot != NULL && slot->talks != NULL && slot->op == job->id &&
                  (slot->wait == WAIT_PUBLIC || slot->wait == WAIT_SHARED);
    int result = wanted ? take_results(ike, slot->talks, job) : 0;
    job_free(ike, job);
    if (wanted)
        s2si_exchange_resume(sa, slot, result);
}
