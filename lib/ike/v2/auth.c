/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/auth.h"

#include <s2svpn/error.h>

int s2si_auth_octets(struct s2si_crypto *crypto, enum s2s_algorithm prf, struct s2s_span message, struct s2s_span nonce,
                     struct s2s_span sk_p, struct s2s_span id_body, struct s2si_auth_octets *out)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(prf);
    if (info == NULL || info->type != S2S_TRANSFORM_PRF) {
        return S2S_ERR_INVALID;
    }
    int result = s2si_crypto_prf(crypto, prf, sk_p.data, sk_p.length, &id_body, 1, out->mac);
    out->spans[0] = message;
    out->spans[1] = nonce;
    out->spans[2] = (struct s2s_span){.data = out->mac, .length = info->output_length};
    return result;
}
