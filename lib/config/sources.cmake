# SPDX-License-Identifier: Apache-2.0
set(S2S_CONFIG_SOURCES
    lib/config/config.c
    lib/config/config_apply.c
    lib/config/config_check.c
    lib/config/config_diff.c
    lib/config/config_patch.c
    lib/config/config_warn.c
    lib/config/event_json.c
    lib/config/json_keys.c
    lib/config/json_merge.c
    lib/config/json_out.c
    lib/config/json_read.c
    lib/config/json_scan.c
    lib/config/json_value.c
    lib/config/json_write.c
    lib/config/status_json.c)
