/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission: what an unknown sender may cost us (RFC 7296 section 2.6, RFC 8019). Below the cookie thresholds an
 * IKE_SA_INIT is taken at once; above them it must bring a cookie, which costs us no memory; above the limits, or when
 * the DH steps of this second are spent, it gets silence.
 *
 * A peer whose address is configured and who proved by a cookie that it is there is no stranger: the total does not
 * shut it out, and a tenth of the DH steps is kept for such. So those who can answer from many addresses may shut out
 * each other, but not the other end of a tunnel.
 */
#include "lib/ike/v2/state.h"

#define ERRORS_PER_SECOND 20

static uint32_t half_open_of(const struct s2si_ike *ike, const struct s2s_endpoint *remote)
{
    const struct s2si_list *at;
    uint32_t count = 0;
    S2SI_LIST_EACH(at, &ike->sas)
    {
        const struct s2si_ike_sa *sa = S2SI_CONTAINER(at, const struct s2si_ike_sa, node);
        count += sa->half_open && s2si_addr_equal(&sa->remote.addr, &remote->addr) ? 1u : 0u;
    }
    return count;
}

/* A bucket that fills with rate tokens a second and holds as many; the last ones, kept, are not for this one. */
static bool spend(uint32_t *tokens, s2s_time *refilled, uint32_t rate, s2s_time now, uint32_t kept, bool take)
{
    s2s_time passed = now - *refilled;
    if (passed >= S2S_SECOND) {
        *tokens = rate;
        *refilled = now;
    }
    if (*tokens <= kept)
        return false;
    *tokens -= take ? 1u : 0u;
    return true;
}

enum s2si_admission s2si_admission(struct s2si_ike *ike, const struct s2s_endpoint *remote, bool has_cookie, bool known)
{
    const struct s2si_ike_limits *limits = &ike->limits;
    uint64_t total = ike->counters.half_open;
    uint32_t kept = known && has_cookie ? 0 : limits->dh_per_second / 10;
    bool dh = spend(&ike->dh_tokens, &ike->dh_refilled, limits->dh_per_second, ike->now, kept, false);
    if (!has_cookie && (total >= limits->cookie_total || !dh))
        return ADMIT_COOKIE;
    uint32_t same = half_open_of(ike, remote);
    if (!has_cookie && same >= limits->cookie_per_address)
        return ADMIT_COOKIE;
    if (!dh || (total >= limits->half_open_total && !known) || same >= limits->half_open_per_address) {
        ike->counters.refused_half_open++;
        return ADMIT_NOT;
    }
    return ADMIT;
}

void s2si_admission_take(struct s2si_ike *ike)
{
    (void)spend(&ike->dh_tokens, &ike->dh_refilled, ike->limits.dh_per_second, ike->now, 0, true);
}

bool s2si_admission_error(struct s2si_ike *ike)
{
    return spend(&ike->error_tokens, &ike->error_refilled, ERRORS_PER_SECOND, ike->now, 0, true);
}
