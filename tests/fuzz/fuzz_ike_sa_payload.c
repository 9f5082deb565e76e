/* SPDX-License-Identifier: Apache-2.0 */
/* An SA payload: what is usable survives being written and read again, and what we choose of it its sender accepts. */
#include <string.h>

#include <s2svpn/error.h>
#include "ike_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct s2si_proposal *proposal)
{
    uint8_t bytes[2048];
    struct s2si_message_writer writer;
    struct s2si_proposal_list list;
    s2si_chain_start(&writer, bytes, sizeof(bytes));
    s2si_sa_encode_one(&writer, proposal);
    promise(s2si_message_finish(&writer) == 0);
    struct s2si_payload payload = {.type = S2SI_PAYLOAD_SA, .data = bytes + 4, .length = writer.bytes.length - 4};
    promise(s2si_sa_decode(&payload, &list) == 0 && list.count == 1);
    promise(memcmp(&list.items[0], proposal, sizeof(*proposal)) == 0);
}

static void choose(const struct s2si_proposal_list *theirs, const struct s2si_proposal_list *ours, bool skip_group)
{
    struct s2si_proposal_list answer = {.count = 1};
    struct s2si_suite suite, accepted;
    if (s2si_proposal_select(ours, theirs, skip_group, &answer.items[0], &suite) == 0) {
        again(&answer.items[0]);
        promise(s2si_proposal_accept(theirs, &answer, skip_group, &accepted) == 0);
        promise(accepted.encryption == suite.encryption && accepted.integrity == suite.integrity &&
                accepted.prf == suite.prf && accepted.group == suite.group && accepted.esn == suite.esn);
    }
}

static struct s2si_proposal_list ours(uint8_t protocol)
{
    static const uint16_t algorithms[6][4] = {{0},
                                              {S2S_AES256_GCM16, S2S_AES128_CBC, S2S_CHACHA20_POLY1305},
                                              {S2S_PRF_HMAC_SHA2_256, S2S_PRF_HMAC_SHA1},
                                              {S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA1_96},
                                              {S2S_MODP2048, S2S_CURVE25519, S2S_ALG_NONE},
                                              {S2S_ESN, S2S_NO_ESN}};
    static const uint8_t counts[6] = {0, 3, 2, 2, 3, 2};
    struct s2si_proposal proposal = {.protocol = protocol};
    struct s2si_proposal_list list = {0};
    for (size_t type = 1; type < 6; type++) {
        proposal.count[type] = counts[type];
        memcpy(proposal.algorithms[type], algorithms[type], sizeof(algorithms[type]));
    }
    s2si_proposal_list_add(&list, &proposal);
    return list;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s2si_payload payload = {.type = S2SI_PAYLOAD_SA, .known = true, .data = data, .length = size};
    struct s2si_proposal_list list;
    if (s2si_sa_decode(&payload, &list) != 0) {
        return 0;
    }
    decode_sa(&payload);
    struct s2si_proposal_list ike = ours(S2SI_PROTOCOL_IKE), esp = ours(S2SI_PROTOCOL_ESP);
    for (size_t i = 0; i < list.count; i++) {
        if (!list.items[i].unusable) {
            again(&list.items[i]);
        }
    }
    choose(&list, &ike, false);
    choose(&list, &esp, false);
    choose(&list, &esp, true);
    choose(&list, &list, false); /* against itself */
    return 0;
}
