/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clouds: the objects that the document creates in both consoles, and what each end hands out. Nothing goes from one
 * cloud to the other but what the document carries over by hand:
 *
 *     step 1  Alibaba hands out   the two addresses of its VPN gateway
 *     step 2  AWS hands out       the device file of each connection, as its console's download does
 *     step 3  Alibaba is given    what those files say of tunnel 1 (handout)
 *
 * The document has two ways. Static: policy mode, a static route at AWS, the policy route is published. BGP:
 * destination mode, no route anywhere; BGP is switched on in the connection that exists, then auto-propagation in the
 * VPN gateway.
 */
#ifndef ALI_AWS_CLOUDS_H
#define ALI_AWS_CLOUDS_H

#include <stdbool.h>
#include <stddef.h>

#include <s2svpn/types.h>

enum { CONNECTIONS = 2, TUNNELS = 2, PSK_ROOM = 72 };

/* Names of the objects. */
#define ALIBABA_CONNECTION "ipsec-connection"
extern const char *const aws_connections[CONNECTIONS];

enum routing { ROUTING_STATIC, ROUTING_BGP };

/* Step 1's result. */
struct alibaba_handout {
    char addresses[TUNNELS][S2S_ADDR_TEXT];
};

/* Step 2's result. AWS keeps what it chose (keys); the files are what leaves it. */
struct aws_tunnel {
    char psk[PSK_ROOM];
    char outside[S2S_ADDR_TEXT];
    char inside[S2S_ADDR_TEXT]; /* the /30 */
};
struct aws_handout {
    struct aws_tunnel tunnels[CONNECTIONS][TUNNELS];
    char *files[CONNECTIONS]; /* freed by clouds_aws_forget */
};
void clouds_aws_forget(struct aws_handout *aws);
struct handout;

/* How the document's third step goes on. */
enum alibaba_stage {
    STAGE_GATEWAY,    /* the VPN gateway alone */
    STAGE_CONNECTION, /* customer gateways and the IPsec connection; static: its policy route is there, unpublished */
    STAGE_BGP,        /* bgp alone: BGP is switched on in that connection */
    STAGE_PUBLISHED   /* static: the policy route is published; bgp: auto-propagation is on */
};

/* Configurations as s2s_config_parse takes them; free() them. NULL for lack of memory. files is not used before
 * STAGE_CONNECTION. */
char *clouds_alibaba_json(enum routing routing, enum alibaba_stage stage, const struct handout *files);
/* keys NULL: as the console is told, without pre-shared keys (AWS makes them); else with those that AWS made. */
char *clouds_aws_json(enum routing routing, const struct alibaba_handout *alibaba, const struct aws_handout *keys);

/* Creates the AWS objects as the console does: AWS chooses keys and addresses. @return 0, or -1 with text in problem.
 */
int clouds_aws_create(enum routing routing, const struct alibaba_handout *alibaba, struct aws_handout *out,
                      char *problem, size_t room);

/* A probe's settings as a merge patch on a tunnel. */
const char *clouds_probe_patch(bool on);
/* A pre-shared key as a merge patch; wipe nothing: the caller frees. */
char *clouds_psk_patch(const char *psk);
/* A key that differs from psk and is a valid one. */
void clouds_wrong_psk(const char *psk, char out[PSK_ROOM]);

#endif
