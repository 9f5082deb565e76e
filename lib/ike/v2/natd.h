/* SPDX-License-Identifier: Apache-2.0 */
/* natd: NAT detection (RFC 7296 section 2.23): SHA-1 over SPIi | SPIr | address | port. */
#ifndef S2SI_IKE_NATD_H
#define S2SI_IKE_NATD_H

#include "lib/crypto/crypto.h"
#include "lib/ike/v2/message.h"

#define S2SI_NATD_LENGTH 20

/* @return 0 or what the crypto provider returned. */
int s2si_natd_hash(struct s2si_crypto *crypto, uint64_t spi_i, uint64_t spi_r, const struct s2s_endpoint *endpoint,
                   uint8_t out[S2SI_NATD_LENGTH]);

struct s2si_natd_result {
    bool supported;  /* the peer sent both kinds */
    bool nat_local;  /* our address is translated: its DESTINATION_IP is not where the message arrived */
    bool nat_remote; /* the peer's is: none of its SOURCE_IPs is where the message came from */
};
/* Judges the NAT_DETECTION notifies of a received message. local is where it arrived, remote where it came from.
   SPIr of a request of IKE_SA_INIT is 0, as in its header. */
int s2si_natd_check(struct s2si_crypto *crypto, const struct s2si_message *message, const struct s2s_endpoint *local,
                    const struct s2s_endpoint *remote, struct s2si_natd_result *out);
/* Appends both notifies for a message with these SPIs. fake: random bytes for the source, so that the peer sees a NAT
   and encapsulates (encapsulation: always). */
int s2si_natd_encode(struct s2si_message_writer *writer, struct s2si_crypto *crypto, uint64_t spi_i, uint64_t spi_r,
                     const struct s2s_endpoint *local, const struct s2s_endpoint *remote, bool fake);

#endif
