/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: an IKEv2 message between bytes and structures (RFC 7296 sections 2.5, 3.1, 3.2).
 *
 *   datagram ─ header_parse ─ parse ──> struct s2si_message: up to 32 views into the packet's own memory
 *                  │             └─ (SK, SKF: sk.h opens it and appends the inner payloads) ─ check (message_rules.h)
 *   writer   ─ message_start ─ payload_begin ... payload_end ─ message_finish ──> bytes
 *
 * Nothing is allocated. A parse error tells the notify with which the RFC wants it answered; whether it is answered
 * at all (never before the message is authentic, but for IKE_SA_INIT, section 2.21) is the state machine's matter.
 */
#ifndef S2SI_IKE_MESSAGE_H
#define S2SI_IKE_MESSAGE_H

#include <s2svpn/crypto.h>
#include <s2svpn/error.h>
#include "lib/base/base.h"
#include "lib/ike/common/notify.h"
#include "lib/ike/common/numbers.h"

#define S2SI_IKE_HEADER_LENGTH 28
#define S2SI_PAYLOAD_HEADER_LENGTH 4
#define S2SI_MESSAGE_PAYLOADS 32 /* of one message, inner and outer together */
#define S2SI_IKE_VERSION 0x20    /* 2.0 */

struct s2si_ike_header {
    uint64_t spi_i, spi_r; /* the eight bytes as a big-endian number */
    uint8_t next_payload;
    uint8_t version; /* major << 4 | minor */
    uint8_t exchange;
    uint8_t flags; /* S2SI_IKE_FLAG_*; reserved bits are kept as received and ignored */
    uint32_t message_id;
    uint32_t length; /* of the whole message */
};

struct s2si_payload {
    uint8_t type;
    bool critical;
    bool encrypted;      /* came out of an SK payload that verified */
    bool known;          /* a type that we have a meaning for; others are to be skipped */
    uint8_t next;        /* the Next Payload field: for SK and SKF the type of the first inner payload */
    const uint8_t *data; /* body without the generic header; a view into the packet or the decrypted copy */
    size_t length;
};

struct s2si_message {
    struct s2si_ike_header header;
    const uint8_t *data; /* the packet */
    size_t length;
    uint8_t count;
    struct s2si_payload payloads[S2SI_MESSAGE_PAYLOADS];
};

/* What is wrong with a message. */
struct s2si_message_error {
    uint16_t notify;  /* S2SI_N_INVALID_SYNTAX, S2SI_N_UNSUPPORTED_CRITICAL_PAYLOAD, S2SI_N_INVALID_MAJOR_VERSION, ... */
    uint8_t payload;  /* type of the payload at fault, 0 = the header; notification data of UNSUPPORTED_CRITICAL_PAYLOAD */
    const char *what; /* static text for the log */
};

/* Reads and checks the fixed header: bytes that follow it must be exactly what its length says; SPIi is never 0;
   SPIr is 0 in an IKE_SA_INIT request and nowhere else but in a responder's IKE_SA_INIT answer (section 2.6).
   error may be NULL.
   @return 0; S2S_ERR_UNSUPPORTED when the major version is not 2 (*out is filled: RFC 7296 section 2.5);
   S2S_ERR_MALFORMED. */
int s2si_ike_header_parse(const uint8_t *data, size_t length, struct s2si_ike_header *out,
                          struct s2si_message_error *error);
void s2si_ike_header_write(struct s2si_writer *writer, const struct s2si_ike_header *header);
bool s2si_ike_header_is_response(const struct s2si_ike_header *header);
bool s2si_ike_header_from_initiator(const struct s2si_ike_header *header);

/* Header and outer payload chain. *out refers to data, which must stay. An SK or SKF payload is the last one and its
   inside is not looked at. @return 0, S2S_ERR_UNSUPPORTED (version, or a critical payload of unknown type),
   S2S_ERR_MALFORMED. On error *out is not to be used, but for out->header when length allowed it. */
int s2si_message_parse(const uint8_t *data, size_t length, struct s2si_message *out, struct s2si_message_error *error);
/* Appends the payloads of a chain (a decrypted SK content) whose first type is first; all are marked encrypted. */
int s2si_message_parse_chain(struct s2si_message *message, uint8_t first, const uint8_t *data, size_t length,
                             struct s2si_message_error *error);
/* The n-th (from 0) payload of a type, or NULL. */
const struct s2si_payload *s2si_message_find(const struct s2si_message *message, uint8_t type, size_t n);
size_t s2si_message_count(const struct s2si_message *message, uint8_t type);
/* Fills an error (NULL allowed) and returns result: for those who check further. */
int s2si_message_fail(struct s2si_message_error *error, int result, uint16_t notify, uint8_t payload, const char *what);

/*
 * Writing. One writer serves a whole message (message_start, IKE_SA_INIT) or a bare chain (chain_start) that sk.h
 * seals. Payloads are written between begin and end, which set the length and chain the Next Payload fields.
 */
struct s2si_message_writer {
    struct s2si_writer bytes;
    uint8_t first;       /* type of the first payload; 0 = none yet */
    bool has_header;
    size_t next_at;      /* offset of the Next Payload field to fill in; SIZE_MAX: it is first alone */
    size_t payload_at;   /* offset of the open payload; SIZE_MAX: none is open */
};

void s2si_message_start(struct s2si_message_writer *writer, void *data, size_t capacity,
                        const struct s2si_ike_header *header);
void s2si_chain_start(struct s2si_message_writer *writer, void *data, size_t capacity);
void s2si_payload_begin(struct s2si_message_writer *writer, uint8_t type);
void s2si_payload_end(struct s2si_message_writer *writer);
/* Sets the message length. @return 0 or S2S_ERR_BUFFER when anything did not fit. */
int s2si_message_finish(struct s2si_message_writer *writer);

#endif
