/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proposal: an SA proposal as both IKE versions mean it: a protocol, an SPI, and for each transform type the
 * algorithms that would do, best first. RFC 7296 section 3.3.
 */
#ifndef S2SI_IKE_PROPOSAL_H
#define S2SI_IKE_PROPOSAL_H

#include <s2svpn/algorithm.h>
#include "lib/base/base.h"

enum s2si_ike_protocol { S2SI_PROTOCOL_NONE = 0, S2SI_PROTOCOL_IKE = 1, S2SI_PROTOCOL_AH = 2, S2SI_PROTOCOL_ESP = 3 };
enum s2si_ike_transform_type {
    S2SI_TRANSFORM_ENCR = 1, S2SI_TRANSFORM_PRF = 2, S2SI_TRANSFORM_INTEG = 3, S2SI_TRANSFORM_KE = 4, S2SI_TRANSFORM_ESN = 5
};

#define S2SI_PROPOSAL_ALGORITHMS 16 /* per transform type; what a peer offers beyond it is not considered */
#define S2SI_PROPOSALS 16

/* One list per transform type (index 1..5; 0 unused). S2S_ALG_NONE in a list stands for "none" (INTEG or KE). */
struct s2si_proposal {
    uint8_t number;   /* on the wire; 1.. */
    uint8_t protocol; /* enum s2si_ike_protocol */
    uint8_t spi_length;
    uint8_t spi[8];
    uint8_t count[6];
    uint16_t algorithms[6][S2SI_PROPOSAL_ALGORITHMS]; /* enum s2s_algorithm; 0 = NONE */
    bool unusable; /* the peer's proposal has a transform type or attribute that we do not know: skip it (section 3.3.6) */
};

struct s2si_proposal_list {
    uint8_t count;
    struct s2si_proposal items[S2SI_PROPOSALS];
};

/* One algorithm of each type: the outcome of a negotiation. */
struct s2si_suite {
    enum s2s_algorithm encryption, prf, integrity, group, esn; /* S2S_ALG_NONE where the protocol has none */
};

/*
 * Picks by the order of ours (the responder's own preference, from its first proposal and algorithm) the first
 * combination that one of theirs allows. skip_group: no KE wanted (the first CHILD_SA, RFC 7296 section 1.2).
 * On success *chosen is a proposal with the peer's number and exactly one algorithm a type, *suite its content.
 * @return 0 or S2S_ERR_NOT_FOUND.
 */
int s2si_proposal_select(const struct s2si_proposal_list *ours, const struct s2si_proposal_list *theirs, bool skip_group,
                         struct s2si_proposal *chosen, struct s2si_suite *suite);
/* Initiator: whether the responder's choice is one of ours with exactly one algorithm a type. @return 0 or S2S_ERR_INVALID. */
int s2si_proposal_accept(const struct s2si_proposal_list *ours, const struct s2si_proposal_list *answer, bool skip_group,
                         struct s2si_suite *suite);
/*
 * Appends a proposal with its number set. Encryption with and without AEAD in one proposal becomes two, since AEAD stands
 * beside no integrity (RFC 7296 section 3.3, RFC 5282 section 8): the kind that comes first goes first; integrity is kept
 * for the one without AEAD alone. @return 0, S2S_ERR_LIMIT (the list is full), S2S_ERR_INVALID (no encryption).
 */
int s2si_proposal_list_add(struct s2si_proposal_list *list, const struct s2si_proposal *proposal);
/* Sets the SPI of all proposals, in network order; length 0, 4 or 8. */
void s2si_proposal_list_set_spi(struct s2si_proposal_list *list, const uint8_t *spi, uint8_t length);
/* Takes the KE transforms out: the SA payload of IKE_AUTH has none (RFC 7296 section 1.2). */
void s2si_proposal_list_drop_groups(struct s2si_proposal_list *list);

/* Only the proposals that are there: a list may be stored in less memory than its type, see s2si_proposal_list_size. */
void s2si_proposal_list_copy(struct s2si_proposal_list *to, const struct s2si_proposal_list *from);
size_t s2si_proposal_list_size(const struct s2si_proposal_list *list);
/* "AES_CBC-128/HMAC_SHA2_256_128/..." for logs and diagnosis. */
char *s2si_proposal_format(const struct s2si_proposal *proposal, char *out, size_t size);

#endif
