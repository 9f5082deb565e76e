/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device files, outward: a connection as its far end has to see it. Data flows
 *
 *   objects ──device_view──> one struct of plain values, "cloud" being our gateway and "peer" the customer gateway
 *   view ──export_{generic,xml,alibaba,swanctl}──> text
 *
 * A file names one algorithm where the connection may allow several: the view picks it, by the sample asked for. Words
 * are those of AWS's and Alibaba's own files (fact sheet: AWS "Generic", CustomerGatewayConfiguration,
 * DownloadVpnConnectionConfig).
 */
#ifndef S2SI_CONFIG_DEVICE_VIEW_H
#define S2SI_CONFIG_DEVICE_VIEW_H

#include <s2svpn/device_files.h>

#include "lib/base/base.h"

enum { S2SI_VIEW_TUNNELS = 8, S2SI_VIEW_PSK = 256, S2SI_VIEW_NAME = 256 };

/* One tunnel. Addresses of family 0 are not known; params are the tunnel's own, borrowed. */
struct s2si_view_tunnel {
    struct s2s_tunnel_params params;
    struct s2s_addr cloud_outside, peer_outside, cloud_inside, peer_inside;
    uint8_t inside_length;
    char cloud_id[S2SI_VIEW_NAME], peer_id[S2SI_VIEW_NAME]; /* identities as configured or by default */
    char psk[S2SI_VIEW_PSK];                                /* text; swanctl takes bytes: psk_length */
    size_t psk_length;
    enum s2s_algorithm ike_encryption, ike_integrity, ike_group;       /* integrity NONE beside AEAD */
    enum s2s_algorithm ipsec_encryption, ipsec_integrity, ipsec_group; /* group NONE: no PFS */
    uint32_t cloud_asn, peer_asn;
    unsigned mtu, mss;
    char peer_name[S2SI_VIEW_NAME];
};

struct s2si_view {
    char name[S2SI_VIEW_NAME], gateway[S2SI_VIEW_NAME]; /* printable */
    bool bgp;
    const struct s2s_prefix *cloud_subnets, *peer_subnets; /* count 0 = 0.0.0.0/0 */
    size_t cloud_subnet_count, peer_subnet_count;
    struct s2si_view_tunnel *tunnels; /* S2SI_VIEW_TUNNELS */
    size_t tunnel_count;
};

/* Where export writes; failed is set when memory ran out. */
typedef struct s2si_buffer s2si_text;

/* Each writes a whole file. @return 0 or S2S_ERR_UNSUPPORTED. */
int s2si_export_generic(const struct s2si_view *view, s2si_text *out);
int s2si_export_xml(const struct s2si_view *view, s2si_text *out);
int s2si_export_alibaba(const struct s2si_view *view, s2si_text *out);
int s2si_export_swanctl(const struct s2si_view *view, s2si_text *out);

/* ---- device_view.c ---- */
/* Fills a zeroed view. @return 0, S2S_ERR_UNSUPPORTED or S2S_ERR_NO_MEMORY. */
int s2si_view_read(struct s2si_mem *mem, const s2s_connection *connection, int sample, struct s2si_view *view);
void s2si_view_free(struct s2si_mem *mem, struct s2si_view *view);
/* Whether a PSK is text that a line of a file can hold. */
bool s2si_view_text_psk(const struct s2si_view_tunnel *tunnel);
/* AWS's words in files: "aes-128-cbc", "sha1", "hmac-sha1-96"; the number of a DH group. "" when there is none. */
const char *s2si_file_encryption(enum s2s_algorithm algorithm);
const char *s2si_file_integrity(enum s2s_algorithm algorithm);
const char *s2si_file_hmac(enum s2s_algorithm algorithm);
unsigned s2si_file_group(enum s2s_algorithm algorithm);

#endif
