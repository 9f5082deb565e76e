/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/esp_glue.h"

#include <s2svpn/esp.h>

static void fill(const struct s2s_action_sa *sa, struct s2s_esp_sa_params *params)
{
    params->direction = sa->inbound ? S2S_ESP_INBOUND : S2S_ESP_OUTBOUND;
    params->spi = sa->spi;
    params->encryption = sa->encryption;
    params->integrity = sa->integrity;
    params->encryption_key = sa->encryption_key;
    params->encryption_key_length = sa->encryption_key_length;
    params->salt = sa->salt_length ? sa->salt : NULL;
    params->salt_length = sa->salt_length;
    params->integrity_key = sa->integrity_key_length ? sa->integrity_key : NULL;
    params->integrity_key_length = sa->integrity_key_length;
    params->esn = sa->esn;
    params->replay_window = sa->replay_window;
    params->encapsulation = sa->udp_encapsulation ? S2S_ESP_UDP : S2S_ESP_RAW;
    params->local = sa->local;
    params->remote = sa->remote;
    params->local_selectors = sa->local_ts;
    params->local_selector_count = sa->local_ts_count;
    params->remote_selectors = sa->remote_ts;
    params->remote_selector_count = sa->remote_ts_count;
    params->owner = sa->tunnel;
}

static int add(s2s_engine *engine, struct s2si_item *item)
{
    struct s2s_action action = { .struct_size = sizeof(action) };
    struct s2s_esp_sa_params params;

    if (!s2si_item_action(engine, item, S2S_ACTION_SA_ADD, &action)) {
        return S2S_ERR_CANCELED;
    }
    s2s_esp_sa_params_init(&params, sizeof(params));
    fill(&action.sa, &params);
    return s2s_esp_sa_add(engine->datapath.esp, &params, &item->esp);
}

static int update(s2s_engine *engine, struct s2si_item *item)
{
    const struct s2si_ike_child *child = s2si_ike_child_get(engine->ike, item->content.child);
    int error;

    if (!child) {
        return S2S_ERR_CANCELED;
    }
    error = s2s_esp_sa_set_remote(engine->datapath.esp, item->esp, &child->remote);
    return error ? error : s2s_esp_sa_set_local(engine->datapath.esp, item->esp, &child->local);
}

int s2si_esp_apply(s2s_engine *engine, struct s2si_item *item, enum s2s_action_type type)
{
    int error;

    switch (type) {
    case S2S_ACTION_SA_ADD:
        return add(engine, item);
    case S2S_ACTION_SA_UPDATE:
        return update(engine, item);
    default:
        error = s2s_esp_sa_delete(engine->datapath.esp, item->esp);
        item->esp = 0;
        return error;
    }
}

int s2si_esp_spi(s2s_engine *engine, uint32_t *spi)
{
    return s2s_esp_spi_draw(engine->datapath.esp, spi);
}
