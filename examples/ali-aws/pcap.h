/* SPDX-License-Identifier: Apache-2.0 */
/* pcap: looks through a capture file for inner addresses. Ethernet and raw IP captures, either byte order. */
#ifndef ALI_AWS_PCAP_H
#define ALI_AWS_PCAP_H

#include <stddef.h>
#include <stdint.h>

struct pcap_figures {
    uint64_t packets, esp, udp_esp, ike, cleartext;
};

/*
 * Adds up the packets of a capture of an outer link. Cleartext is a packet whose own source or destination lies in one
 * of networks (NULL behind the last), or that holds the two hosts' addresses side by side, as an inner IP header does,
 * anywhere.
 * @return 0, or -1 for a file that is no capture or is cut off.
 */
int pcap_count(const uint8_t *data, size_t length, const char *const *networks, const char *host_a, const char *host_b,
               struct pcap_figures *figures);

#endif
