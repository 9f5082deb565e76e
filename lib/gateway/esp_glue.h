/* SPDX-License-Identifier: Apache-2.0 */
/* esp_glue: SAs of the engine's own ESP: an item of the actual set becomes an SA of lib/esp, at once. */
#ifndef S2SI_GATEWAY_ESP_GLUE_H
#define S2SI_GATEWAY_ESP_GLUE_H

#include "lib/gateway/actual.h"

/* Carries out SA_ADD, SA_UPDATE or SA_DELETE. @return 0 or an error of lib/esp. */
int s2si_esp_apply(s2s_engine *engine, struct s2si_item *item, enum s2s_action_type type);
/* A random inbound SPI that nobody uses, at least 256 (RFC 4303 section 2.1). @return 0 or S2S_ERR_CRYPTO. */
int s2si_esp_spi(s2s_engine *engine, uint32_t *spi);

#endif
