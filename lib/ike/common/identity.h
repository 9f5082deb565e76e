/* SPDX-License-Identifier: Apache-2.0 */
/* identity: who an end says it is (RFC 7296 section 3.5), with the words of the configuration. */
#ifndef S2SI_IKE_IDENTITY_H
#define S2SI_IKE_IDENTITY_H

#include "lib/base/base.h"

enum s2si_id_type {
    S2SI_ID_ANY = 0, S2SI_ID_IPV4_ADDR = 1, S2SI_ID_FQDN = 2, S2SI_ID_RFC822_ADDR = 3, S2SI_ID_IPV6_ADDR = 5,
    S2SI_ID_DER_ASN1_DN = 9, S2SI_ID_DER_ASN1_GN = 10, S2SI_ID_KEY_ID = 11
};

#define S2SI_ID_LENGTH 255

struct s2si_identity {
    uint8_t type; /* enum s2si_id_type; ANY matches everything and is never sent */
    uint8_t length;
    uint8_t data[S2SI_ID_LENGTH]; /* in a kept one only length bytes: never copy that by value */
};

/* "%any". */
extern const struct s2si_identity s2si_identity_any;

/* An IP literal is ID_IPV4/6_ADDR, "keyid:..." KEY_ID ("keyid:0x..." in hex), "user@host" RFC822_ADDR, a name or "@name"
   FQDN, "%any" or NULL ANY. @return 0 or S2S_ERR_INVALID. */
int s2si_identity_parse(const char *text, struct s2si_identity *out);
void s2si_identity_from_addr(const struct s2s_addr *addr, struct s2si_identity *out);
bool s2si_identity_equal(const struct s2si_identity *a, const struct s2si_identity *b); /* FQDN and RFC822 without case */
bool s2si_identity_matches(const struct s2si_identity *wanted, const struct s2si_identity *given); /* ANY matches all */
/* A kept one: no larger than what it holds, for there are three a tunnel. NULL without memory; freed by s2si_identity_free. */
struct s2si_identity *s2si_identity_keep(struct s2si_mem *mem, const struct s2si_identity *id);
void s2si_identity_free(struct s2si_mem *mem, struct s2si_identity *kept);
/* A kept one in full size again. */
void s2si_identity_get(const struct s2si_identity *kept, struct s2si_identity *out);
/* Printable form; bytes outside printable ASCII come as \xNN, so that peer text can be logged. */
char *s2si_identity_format(const struct s2si_identity *id, char *out, size_t size);

#endif
