/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload: decode and encode of each payload type, RFC 7296 sections 3.3 to 3.13. Decoders get a payload's body from
 * message.h and give views into it; encoders append a whole payload to a writer. Every decoder returns 0 or
 * S2S_ERR_MALFORMED (answer: INVALID_SYNTAX).
 */
#ifndef S2SI_IKE_PAYLOAD_H
#define S2SI_IKE_PAYLOAD_H

#include "lib/ike/common/identity.h"
#include "lib/ike/common/proposal.h"
#include "lib/ike/v2/message.h"

/* Whether a payload type is one of RFC 7296, 7383 (known ones that we skip included: CERT, CERTREQ, CP, EAP). */
bool s2si_payload_known(uint8_t type);

/* ---- SA, section 3.3 ---- */
/* Proposals with what we do not know marked unusable. Proposals beyond S2SI_PROPOSALS are checked, then left out. */
int s2si_sa_decode(const struct s2si_payload *payload, struct s2si_proposal_list *out);
void s2si_sa_encode(struct s2si_message_writer *writer, const struct s2si_proposal_list *list);
/* A list of the one proposal chosen. */
void s2si_sa_encode_one(struct s2si_message_writer *writer, const struct s2si_proposal *proposal);

/* ---- KE, section 3.4 ---- */
struct s2si_ke {
    uint16_t group;            /* IANA number as received, known or not */
    enum s2s_algorithm algorithm; /* S2S_ALG_NONE when unknown */
    struct s2s_span data;      /* never empty */
};
int s2si_ke_decode(const struct s2si_payload *payload, struct s2si_ke *out);
void s2si_ke_encode(struct s2si_message_writer *writer, enum s2s_algorithm group, const uint8_t *data, size_t length);
/* IANA number of a group, 0 for NONE or what is no group; and back (S2S_ALG_NONE when unknown). */
uint16_t s2si_group_number(enum s2s_algorithm group);
enum s2s_algorithm s2si_group_algorithm(uint16_t number);

/* ---- IDi, IDr, section 3.5 ---- */
/* Refuses identities longer than S2SI_ID_LENGTH and addresses of wrong length. *body (NULL allowed) is the payload
   body that AUTH covers (IDi' or IDr' of section 2.15). */
int s2si_id_decode(const struct s2si_payload *payload, struct s2si_identity *out, struct s2s_span *body);
/* type is S2SI_PAYLOAD_IDI or _IDR. */
void s2si_id_encode(struct s2si_message_writer *writer, uint8_t type, const struct s2si_identity *id);
/* The payload body of an identity, for AUTH. out has 4 + S2SI_ID_LENGTH bytes. @return its length. */
size_t s2si_id_body(const struct s2si_identity *id, uint8_t *out);

/* ---- AUTH, section 3.8 ---- */
struct s2si_auth {
    uint8_t method; /* enum s2si_auth_method */
    struct s2s_span data;
};
int s2si_auth_decode(const struct s2si_payload *payload, struct s2si_auth *out);
void s2si_auth_encode(struct s2si_message_writer *writer, uint8_t method, const uint8_t *data, size_t length);

/* ---- Nonce, section 3.9: 16 to 256 bytes ---- */
int s2si_nonce_decode(const struct s2si_payload *payload, struct s2s_span *out);
void s2si_nonce_encode(struct s2si_message_writer *writer, const uint8_t *data, size_t length);

/* ---- Notify, section 3.10 ---- */
struct s2si_notify_payload {
    uint8_t protocol; /* enum s2si_ike_protocol; 0 without SPI */
    uint16_t type;    /* enum s2si_notify */
    struct s2s_span spi;
    struct s2s_span data;
};
int s2si_notify_decode(const struct s2si_payload *payload, struct s2si_notify_payload *out);
/* Finds a notify of this type in a message. @return true and *out (NULL allowed). Malformed ones are passed over. */
bool s2si_notify_find(const struct s2si_message *message, uint16_t type, struct s2si_notify_payload *out);
/* The first error notify of a message, or 0. */
uint16_t s2si_notify_first_error(const struct s2si_message *message, struct s2si_notify_payload *out);
void s2si_notify_encode(struct s2si_message_writer *writer, uint16_t type, const void *data, size_t length);
/* With protocol (AH, ESP) and a four-byte SPI: REKEY_SA, CHILD_SA_NOT_FOUND. */
void s2si_notify_encode_spi(struct s2si_message_writer *writer, uint8_t protocol, uint32_t spi, uint16_t type,
                            const void *data, size_t length);

/* ---- Delete, section 3.11 ---- */
struct s2si_delete {
    uint8_t protocol; /* IKE: no SPIs; AH, ESP: SPIs of four bytes */
    uint16_t count;
    const uint8_t *spis; /* count * 4 bytes, read with s2si_delete_spi */
};
int s2si_delete_decode(const struct s2si_payload *payload, struct s2si_delete *out);
uint32_t s2si_delete_spi(const struct s2si_delete *payload, size_t n); /* host order; n < count */
void s2si_delete_encode_ike(struct s2si_message_writer *writer);
void s2si_delete_encode_esp(struct s2si_message_writer *writer, const uint32_t *spis, size_t count);

/* ---- Vendor ID, section 3.12 ---- */
void s2si_vendor_encode(struct s2si_message_writer *writer, const void *data, size_t length);

#endif
