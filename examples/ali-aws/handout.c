/* SPDX-License-Identifier: Apache-2.0 */
#include "handout.h"

#include <stdio.h>
#include <string.h>

#include <s2svpn/device_files.h>

#include "topology.h"

static const char *text_at(const cJSON *object, const char *section, const char *name)
{
    const cJSON *from = section ? cJSON_GetObjectItemCaseSensitive(object, section) : object;
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(from, name));
    return text ? text : "";
}

/* The address of a customer gateway by its name. */
static const char *address_of(const cJSON *config, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(config, "customer_gateways"))
    {
        if (strcmp(text_at(item, NULL, "name"), name) == 0)
            return text_at(item, NULL, "ip_address");
    }
    return "";
}

static int read_tunnels(struct handout *out)
{
    const cJSON *connections = cJSON_GetObjectItemCaseSensitive(out->config, "connections");
    const cJSON *tunnels = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(connections, 0), "tunnels");
    for (int i = 0; i < TUNNELS; i++) {
        const cJSON *tunnel = cJSON_GetArrayItem(tunnels, i);
        struct handout_tunnel *to = &out->tunnels[i];
        (void)snprintf(to->psk, sizeof to->psk, "%s", text_at(tunnel, NULL, "psk"));
        (void)snprintf(to->outside, sizeof to->outside, "%s",
                       address_of(out->config, text_at(tunnel, NULL, "customer_gateway")));
        (void)snprintf(to->inside, sizeof to->inside, "%s", text_at(tunnel, "bgp", "tunnel_cidr"));
        (void)snprintf(to->local, sizeof to->local, "%s", text_at(tunnel, "bgp", "local_ip"));
        (void)snprintf(to->peer, sizeof to->peer, "%s", text_at(tunnel, "bgp", "peer_ip"));
        if (!*to->psk || !*to->outside || !*to->inside || !*to->local || !*to->peer)
            return -1;
    }
    return 0;
}

static int take(const s2s_import *import, struct handout *out)
{
    struct s2s_import_counts counts = {.struct_size = sizeof counts};
    if (s2s_import_count(import, &counts) != 0)
        return -1;
    out->fields = counts.fields;
    out->carried = counts.carried;
    out->config = cJSON_Parse(s2s_import_text(import));
    return out->config ? read_tunnels(out) : -1;
}

static void first_error(const s2s_import *import, char *problem, size_t room)
{
    struct s2s_config_error issue = {.struct_size = sizeof issue};
    (void)snprintf(problem, room, "the device files are not understood");
    for (size_t i = 0; import && s2s_import_issue(import, i, &issue) == 0; i++)
        if (!issue.warning) {
            (void)snprintf(problem, room, "device files: %s \"%s\": %s", issue.path, issue.value, issue.rule);
            return;
        }
}

int handout_read(const struct aws_handout *aws, struct handout *out, char *problem, size_t room)
{
    struct s2s_import_file files[CONNECTIONS];
    struct s2s_import_options options;
    s2s_import *import = NULL;
    int result = -1;
    for (int i = 0; i < CONNECTIONS; i++)
        files[i] = (struct s2s_import_file){aws->files[i], strlen(aws->files[i])};
    s2s_import_options_init(&options, sizeof options);
    options.profile = s2s_profile_alibaba();
    options.kind = S2S_DEVICE_FILE_GENERIC;
    options.local_networks = places[ALIBABA].vpc; /* what a device file never names */
    options.remote_networks = places[AWS].vpc;
    if (s2s_device_file_import(files, CONNECTIONS, &options, &import) == 0)
        result = take(import, out);
    if (result != 0)
        first_error(import, problem, room);
    s2s_import_delete(import);
    return result;
}

void handout_free(struct handout *handout)
{
    cJSON_Delete(handout->config);
    memset(handout, 0, sizeof *handout);
}
