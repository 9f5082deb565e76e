/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handout: step 2's device files (AWS's text for vendor Generic), read at the other side. Nothing else comes to Alibaba
 * from AWS: outside and inside addresses, pre-shared keys, lifetimes, algorithms and DPD of tunnel 1 of each connection.
 */
#ifndef ALI_AWS_HANDOUT_H
#define ALI_AWS_HANDOUT_H

#include <cjson/cJSON.h>

#include "clouds.h"

struct handout_tunnel {
    char psk[PSK_ROOM];
    char outside[S2S_ADDR_TEXT]; /* AWS's end */
    char inside[S2S_ADDR_TEXT];  /* the /30 */
    char local[S2S_ADDR_TEXT], peer[S2S_ADDR_TEXT];
};

struct handout {
    cJSON *config; /* an Alibaba gateway's configuration, as the import made it */
    struct handout_tunnel tunnels[TUNNELS];
    size_t fields, carried; /* in the files; into the configuration */
};

/* @return 0, or -1 with text in problem. */
int handout_read(const struct aws_handout *aws, struct handout *out, char *problem, size_t room);
void handout_free(struct handout *handout);

#endif
