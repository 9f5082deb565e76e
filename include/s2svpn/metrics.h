/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file metrics.h
 * An engine's figures as Prometheus text (library s2svpn-config), from one table of metrics that also gives each its HELP
 * line, its documentation and the names that AWS and Alibaba Cloud have for it.
 *
 * Names follow the conventions of Prometheus: base units (bytes, seconds), counters end in _total. Labels are gateway,
 * connection, tunnel (from 1), and where it applies direction ("in", "out"), reason, address. No label grows without
 * bound: SPIs are not among them.
 */
#ifndef S2SVPN_METRICS_H
#define S2SVPN_METRICS_H

#include <s2svpn/engine.h>

S2S_EXTERN_C_BEGIN

/** One row of the table. Strings have static storage. */
struct s2s_metric {
    size_t struct_size;
    const char *name;    /**< "s2s_tunnel_receive_bytes_total". */
    const char *type;    /**< "counter" or "gauge". */
    const char *labels;  /**< "gateway, connection, tunnel". */
    const char *help;    /**< one sentence. */
    const char *aws;     /**< CloudWatch's or the API's name, or "". */
    const char *alibaba; /**< CloudMonitor's or the API's name, or "". */
};
/** The index-th row, from 0. metric->struct_size is set by the caller. @return 0, S2S_ERR_NOT_FOUND past the end,
 *  S2S_ERR_INVALID. */
S2S_API int s2s_metric_info(size_t index, struct s2s_metric *metric);

/** Every metric of an engine's objects in the text exposition format 0.0.4. *text is free'd with s2s_json_free (config.h).
 *  @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_metrics_text(const s2s_engine *engine, char **text);
/** The table as Markdown. *text is free'd with s2s_json_free. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_metrics_markdown(char **text);

S2S_EXTERN_C_END
#endif
