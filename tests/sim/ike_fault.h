/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_fault: an IKEv2 peer that errs on purpose. One end of an ike_pair is the faulty one: what it sends is opened with its
 * own keys, changed by a switch, sealed again and only then delivered, so the other end meets authentic messages with
 * something wrong in them. Nothing of this is in lib/ike; the switches are in ike_fault_edits.c, the table of cases in
 * test_ikev2_fault.c.
 *
 *     faulty end ── datagram ─ open (its SK keys) ─ edit ─ seal ──> honest end ── observed, not touched ──> faulty end
 *
 * A changed IKE_SA_INIT message is written back into what the faulty end will sign (RFC 7296 section 2.15): it is its own
 * fault, not that of a stranger on the way.
 */
#ifndef TEST_IKE_FAULT_H
#define TEST_IKE_FAULT_H

#include "tests/sim/ike_pair.h"

enum { FAULT_PAYLOADS = 300, FAULT_BYTES = 65536, FAULT_KEYS = 32, FAULT_KEPT = 64 };

struct fault_payload {
    uint8_t type, flags; /* flags: the critical bit and the reserved ones */
    uint8_t *data;
    size_t length;
    int claims; /* added to the Payload Length field */
};

/* A message in pieces. */
struct fault_message {
    struct s2si_ike_header header;
    bool sealed; /* payloads stand in an SK payload */
    size_t count;
    struct fault_payload payloads[FAULT_PAYLOADS];
    size_t outside;   /* so many of them, from the first, stand before the SK payload */
    bool in_clear;    /* leave the SK payload away */
    int length_claim; /* added to the header's Length */
    int broken;       /* from the end: this byte of the sealed message is changed; 0 = none */
    size_t used;
    uint8_t bytes[FAULT_BYTES];
};

enum fault_scenario {
    FAULT_INIT,
    FAULT_AUTH,
    FAULT_CHILD_NEW,
    FAULT_CHILD_REKEY,
    FAULT_IKE_REKEY,
    FAULT_CHILD_DELETE,
    FAULT_IKE_DELETE,
    FAULT_LIVENESS,
    FAULT_SCENARIOS
};

/* What the honest end makes of it. */
enum fault_outcome {
    NOT_PLAYED,
    TAKEN,    /* the exchange has its usual result */
    ANSWERS,  /* request: refused with this error notify */
    ANSWERED, /* request: answered without an error, but without the usual result */
    SILENT,   /* request: not answered */
    ENDS,     /* response: the IKE_SA or the attempt is over, with this reason */
    FAILS,    /* response: the exchange failed with this reason, the IKE_SA stands */
    DOUBTED,  /* response: reported, but another answer is waited for */
    IGNORED,  /* response: as if it had not come */
    FINISHED, /* response: the exchange is over without the usual result and without a word */
    FAULT_OUTCOMES
};
struct fault_verdict {
    enum fault_outcome outcome;
    int value; /* notify or reason */
};

struct fault_case; /* one row of the table */
/* @return false when the message has nothing that this switch changes. */
typedef bool fault_edit(struct fault_message *message, const struct fault_case *row);
struct fault;
/* What is to become of a datagram of the faulty end; as pair.judge. */
typedef int fault_delivery(struct fault *fault, const struct pair_datagram *datagram);

typedef void fault_setup(struct pair *pair, int faulty, const struct fault_case *row);

struct fault_case {
    const char *name;
    enum fault_scenario scenario;
    fault_edit *edit;
    fault_delivery *delivery;
    fault_setup *setup; /* before the exchange starts */
    int argument;
    struct fault_verdict request, response; /* the faulty message is the request; the response */
    const char *paragraph;                  /* of RFC 7296 unless another is named */
    bool lies; /* about which SAs it has, so that only the CHILD_SA's lifetime (an hour) makes both agree again */
};

struct fault_keys {
    bool used, from_initiator;
    uint64_t spi_i, spi_r;
    struct s2si_cipher_suite suite;
    uint8_t encryption[64], integrity[64];
    size_t encryption_length, integrity_length;
    uint64_t counter; /* IVs of what is sealed here, far from the faulty end's own */
};

struct fault {
    struct pair *pair;
    int end;     /* the faulty one */
    bool active; /* switched on */
    uint8_t exchange;
    bool response;
    fault_edit *edit;
    const struct fault_case *row;
    fault_delivery *delivery;
    unsigned hits; /* messages changed */
    struct fault_keys keys[2][FAULT_KEYS];
    size_t learned[2];
    struct pair_datagram kept[FAULT_KEPT]; /* copies, for replays */
    size_t keeps;
    /* observed at the honest end while active */
    unsigned answers;    /* responses in the exchange */
    unsigned cleartext;  /* INFORMATIONAL, IKE_AUTH or CREATE_CHILD_SA messages in clear */
    uint16_t notify;     /* the last error notify in one of its responses in this exchange */
    uint8_t notify_data; /* its first data byte */
    bool says_delete;    /* it asks to delete the IKE_SA */
    uint16_t says_error; /* an error notify in an INFORMATIONAL request of its own */
};

/* Binds to a pair (judge and judge_user are taken); the pair must outlive it. */
void fault_bind(struct fault *fault, struct pair *pair, int end);
void fault_forget(struct fault *fault); /* frees what is kept */

/* Editing. A payload index is stable until something is inserted or removed. */
struct fault_payload *fault_find(struct fault_message *message, uint8_t type);
struct fault_payload *fault_insert(struct fault_message *message, size_t at, uint8_t type, const void *data,
                                   size_t length);
void fault_remove(struct fault_message *message, struct fault_payload *payload);
/* New content of this length; the old bytes are kept as far as they reach, the rest is zero. */
uint8_t *fault_resize(struct fault_message *message, struct fault_payload *payload, size_t length);
struct fault_payload *fault_notify(struct fault_message *message, uint16_t type);

/* ---- the switches (ike_fault_edits.c); what the row's argument means stands behind each ---- */
fault_edit edit_omit, edit_empty, edit_twice, edit_cut, edit_length_3, edit_length_over; /* payload type */
fault_edit edit_major, edit_minor, edit_flags, edit_exchange, edit_spi_zero, edit_spi_other, edit_length, edit_id;
fault_edit edit_break;                                   /* byte from the end */
fault_edit edit_in_clear, edit_outside;                  /* no argument */
fault_edit edit_unknown, edit_unknown_last, edit_pad;    /* type | 256 = critical; how many */
fault_edit edit_reserved, edit_critical, edit_ikev1;     /* -; -; type */
fault_edit edit_notify, edit_notify_omit;                /* notify type */
fault_edit edit_notify_spi_size;                         /* SPI size that is said */
fault_edit edit_rekey_protocol, edit_rekey_spi_size, edit_rekey_spi;
fault_edit edit_delete_protocol, edit_delete_count, edit_delete_spi_size, edit_delete_spi;
fault_edit edit_ke_group, edit_ke_length, edit_ke_zero;
fault_edit edit_nonce_length, edit_auth_method, edit_auth_length, edit_auth_value;
fault_edit edit_id_omit, edit_id_length, edit_id_type;
fault_edit edit_sa;       /* enum fault_sa */
fault_edit edit_ts;       /* enum fault_ts */
fault_edit edit_childless; /* SA, TSi and TSr are left out */
enum fault_sa {
    SA_KEY_LENGTH_0,
    SA_KEY_LENGTH_OMITTED,
    SA_KEY_LENGTH_TWICE,
    SA_NO_GROUP,
    SA_NO_INTEGRITY,
    SA_INTEGRITY_NONE,
    SA_GROUP_NONE,
    SA_UNKNOWN_TYPE,
    SA_UNKNOWN_ID,
    SA_ONLY_UNKNOWN_ID,
    SA_GMAC,
    SA_SPI_0,
    SA_SPI_SIZE,
    SA_PROTOCOL,
    SA_NUMBER_0,
    SA_TWO_PROPOSALS,
    SA_TWO_TRANSFORMS,
    SA_TRANSFORM_COUNT,
    SA_LENGTH
};
enum fault_ts { TS_NARROW = 0, TS_WIDEN, TS_NONE, TS_COUNT, TS_TYPE, TS_REVERSED, TS_LENGTH, TS_MANY, TS_R = 16 /* else TSi */ };

fault_delivery deliver_not, deliver_first_not, deliver_twice, deliver_old_before, deliver_once, deliver_damaged;

fault_setup setup_refuse_in, setup_refuse_out, setup_refuse_spi;          /* its kernel refuses once */
fault_setup setup_refuse_in_us, setup_refuse_out_us, setup_refuse_spi_us; /* the honest end's does */
fault_setup setup_slow, setup_cookie;

/* The table (ike_fault_table.c). */
extern const struct fault_case fault_table[];
extern const size_t fault_table_rows;

#endif
