/* SPDX-License-Identifier: Apache-2.0 */
#include "topology.h"

#include <stdio.h>

const struct place places[SIDES] = {
    [ALIBABA] = {.key = "alibaba",
                 .title = "Alibaba Cloud VPN gateway",
                 .host_title = "ECS",
                 .vpc = "10.0.0.0/16",
                 .host = "10.0.0.223",
                 .inner = "10.0.0.1",
                 .inner_network = "10.0.0.0/24",
                 .outside = {"8.0.0.146", "8.0.0.74"},
                 .document = {"8.XX.XX.146", "8.XX.XX.74"},
                 .router = "8.0.0.1",
                 .asn = 65530},
    [AWS] = {.key = "aws",
             .title = "AWS virtual private gateway",
             .host_title = "EC2",
             .vpc = "192.168.0.0/16",
             .host = "192.168.10.113",
             .inner = "192.168.10.1",
             .inner_network = "192.168.10.0/24",
             .outside = {"3.0.0.52", "3.0.0.152", "3.0.0.56", "3.0.0.156"},
             .document = {"3.XX.XX.52", "", "3.XX.XX.56", ""},
             .router = "3.0.0.1",
             .asn = 64512},
};

const char *const inside_networks[2][2] = {
    {"169.254.116.208/30", "169.254.116.212/30"},
    {"169.254.214.96/30", "169.254.214.100/30"},
};

const char *const inner_networks[] = {"10.0.0.0/16", "192.168.0.0/16", "169.254.0.0/16", NULL};

void topology_print(void)
{
    printf("Addresses (the document's on the left):\n");
    for (int side = 0; side < SIDES; side++) {
        const struct place *place = &places[side];
        for (int i = 0; place->outside[i]; i++)
            if (*place->document[i])
                printf("  %-12s is %-10s  (%s)\n", place->document[i], place->outside[i], place->title);
    }
    printf("  Traffic: %s %s in %s  <->  %s %s in %s\n\n", places[ALIBABA].host_title, places[ALIBABA].host,
           places[ALIBABA].vpc, places[AWS].host_title, places[AWS].host, places[AWS].vpc);
}
