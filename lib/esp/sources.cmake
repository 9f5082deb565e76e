# SPDX-License-Identifier: Apache-2.0
set(S2S_ESP_SOURCES
    lib/esp/esp.c lib/esp/open.c lib/esp/replay.c lib/esp/sa.c lib/esp/seal.c lib/esp/suite.c)
