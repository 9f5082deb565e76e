/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file profile.h
 * Which cloud a gateway behaves as, and which cloud a far end is. A profile is a constant that the caller names, so that
 * a cloud that nobody names is not linked.
 */
#ifndef S2SVPN_PROFILE_H
#define S2SVPN_PROFILE_H

#include <s2svpn/api.h>

S2S_EXTERN_C_BEGIN

/** Opaque: fields, rules, defaults and words of a cloud. */
struct s2s_profile;

/** The profiles: constant tables with static storage, never NULL. A profile that is not called for is not linked. */
S2S_API const struct s2s_profile *s2s_profile_alibaba(void);
S2S_API const struct s2s_profile *s2s_profile_aws(void);
S2S_API const struct s2s_profile *s2s_profile_generic(void);
/** "alibaba", "aws" or "generic". */
S2S_API const char *s2s_profile_name(const struct s2s_profile *profile);

/** "Not given": the profile's default holds. For every int field of the params structs below. */
#define S2S_UNSET (-1)

S2S_EXTERN_C_END
#endif
