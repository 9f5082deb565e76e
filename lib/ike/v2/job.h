/* SPDX-License-Identifier: Apache-2.0 */
/* job: a DH step with all the memory that it needs, so that it may run on any thread while the IKE_SA lives or dies. */
#ifndef S2SI_IKE_JOB_H
#define S2SI_IKE_JOB_H

#include "lib/ike/v2/state.h"

struct s2si_ike_job {
    struct s2si_list node; /* in s2si_ike.jobs until handed out */
    struct s2si_ike *ike;
    uint64_t id, owner, sa;
    bool mine; /* for which slot of the IKE_SA */
    enum s2si_job_kind kind;
    const struct s2si_crypto *crypto;
    void *exchange;
    struct s2si_secret peer; /* the peer's public value */
    uint8_t ke[S2S_CRYPTO_MAX_PUBLIC], shared[S2S_CRYPTO_MAX_PUBLIC];
    size_t ke_length, shared_length;
    int result;
};

#endif
