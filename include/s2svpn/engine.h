/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file engine.h
 * The engine: one process's or one firmware's instance. It does no I/O: it is fed and polled by one thread at a time
 * (a struct s2s_driver does that for most users, see driver.h).
 *
 *     feed_datagram / feed_packets / feed_stream / feed_kernel      what arrived
 *     tick                                                           time passed
 *     next_timeout                                                   when to call tick next
 *     next_action                                                    what is to be done outside (action.h)
 *     next_event                                                     what a person or a program wants to know (event.h)
 *     complete                                                       the answer to an action
 *
 * After any call that may have changed something (objects created, changed or deleted; feeds; tick; complete), pull
 * actions until there are none.
 */
#ifndef S2SVPN_ENGINE_H
#define S2SVPN_ENGINE_H

#include <s2svpn/action.h>
#include <s2svpn/crypto.h>
#include <s2svpn/error.h>
#include <s2svpn/event.h>
#include <s2svpn/packet.h>
#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_engine s2s_engine;

/** What the kernel backend can do; tells the engine which actions make sense. */
enum s2s_kernel_capability {
    S2S_KERNEL_ESP = 1u << 0,      /**< does ESP itself: gets SA, policy and path actions; else the engine does ESP. */
    S2S_KERNEL_RAW_ESP = 1u << 1,  /**< can send and receive IP protocol 50; else ESP is always UDP-encapsulated. */
    S2S_KERNEL_STREAMS = 1u << 2,  /**< carries TCP streams (BGP). */
    S2S_KERNEL_TCP_MD5 = 1u << 3,  /**< RFC 2385 keys on streams. */
    S2S_KERNEL_ROUTES = 1u << 4,   /**< installs routes and addresses. */
    S2S_KERNEL_SEGMENTS = 1u << 5  /**< understands super-packets. */
};

/** Parameters of an engine; s2s_engine_params_init() fills in defaults. */
struct s2s_engine_params {
    size_t struct_size;
    const struct s2s_allocator *allocator;      /**< copied; NULL = malloc. */
    const struct s2s_crypto_provider *provider; /**< required; must outlive the engine. */
    s2s_log_function log;                       /**< NULL = silent. */
    void *log_user;
    enum s2s_log_level log_level;               /**< default S2S_LOG_NOTICE. */
    uint32_t capabilities;                      /**< enum s2s_kernel_capability bits; a driver sets them from its kernel. */
    /** Keys of each SA in Wireshark's table formats (esp true: esp_sa; else ikev2_decryption_table). NULL, the
     *  default, is the only safe value outside a laboratory. A leaf. */
    void (*key_log)(void *user, bool esp, const char *line);
    void *key_log_user;
    /* limits: a peer or a configuration beyond them is refused, never served with less */
    uint32_t max_gateways, max_connections, max_routes; /**< defaults 16, 1024, 1048576. */
    uint32_t max_events;                /**< kept until polled; older ones are dropped and counted. Default 1024. */
    uint32_t half_open_total, half_open_per_address, cookie_total, cookie_per_address; /**< 0 = default of the IKE core. */
    uint32_t dh_per_second;             /**< 0 = default. */
};

/** Fills defaults for a struct of this size. Never fails; a size that is too small is cut, unknown tail bytes are zeroed. */
S2S_API void s2s_engine_params_init(struct s2s_engine_params *params, size_t struct_size);

/** Makes an engine. params is copied. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO. */
S2S_API int s2s_engine_new(const struct s2s_engine_params *params, s2s_engine **engine);
/** Frees the engine and all its objects, silently (no farewell to peers, see s2s_engine_shutdown). NULL is allowed. */
S2S_API void s2s_engine_delete(s2s_engine *engine);
/** Starts a farewell: DELETE and Cease to the peers, then removal of what is installed, the fail-closed routes too.
 *  Go on polling until s2s_engine_idle() or a few seconds have passed. */
S2S_API void s2s_engine_shutdown(s2s_engine *engine, s2s_time now);
/** Nothing outstanding: no action, no operation, no peer that owes an answer. */
S2S_API bool s2s_engine_idle(const s2s_engine *engine);
/** Tells the engine what its kernel can do; before the first object is made. @return 0 or S2S_ERR_STATE. */
S2S_API int s2s_engine_set_capabilities(s2s_engine *engine, uint32_t capabilities);
/** Changes the level of the log. */
S2S_API void s2s_engine_set_log_level(s2s_engine *engine, enum s2s_log_level level);

/** One IKE datagram of port 500 or 4500 (there with the non-ESP marker of RFC 3948). Malformed input is counted, not an error.
 *  @return 0, S2S_ERR_INVALID (time went backward), S2S_ERR_REENTRANT. */
S2S_API int s2s_engine_feed_datagram(s2s_engine *engine, const struct s2s_endpoint *local, const struct s2s_endpoint *remote,
                                     const uint8_t *data, size_t length, s2s_time now);
/** A batch of packets (inner, ESP or UDP, mixed as they came), worked on in place; each entry comes back with a verdict.
 *  No allocation on this path. count <= S2S_PACKET_BATCH. @return 0, S2S_ERR_INVALID, S2S_ERR_REENTRANT. */
S2S_API int s2s_engine_feed_packets(s2s_engine *engine, struct s2s_packet *batch, size_t count, s2s_time now);
/** Something happened to a stream. data is borrowed. @return 0, S2S_ERR_NOT_FOUND (no such stream), S2S_ERR_INVALID. */
S2S_API int s2s_engine_feed_stream(s2s_engine *engine, const struct s2s_stream_input *input, s2s_time now);
/** Something that the kernel noticed by itself: addresses, links, acquires. @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_engine_feed_kernel(s2s_engine *engine, const struct s2s_kernel_notice *notice, s2s_time now);
/** Time passed. @return 0 or S2S_ERR_INVALID (time went backward). */
S2S_API int s2s_engine_tick(s2s_engine *engine, s2s_time now);
/** When to call tick at the latest; S2S_TIME_NEVER when nothing waits for time. */
S2S_API s2s_time s2s_engine_next_timeout(const s2s_engine *engine);

/** The next thing to do outside. action->struct_size must be set. What it points to is borrowed until the next call
 *  into the engine. @return true and fills action, or false when there is nothing to do. */
S2S_API bool s2s_engine_next_action(s2s_engine *engine, struct s2s_action *action);
/** The answer to an action with a nonzero op. Every such action must be answered once. @return 0, S2S_ERR_NOT_FOUND. */
S2S_API int s2s_engine_complete(s2s_engine *engine, uint64_t op, const struct s2s_result *result, s2s_time now);
/** Runs the work of an S2S_ACTION_CRYPTO_JOB; may be called on another thread; then call s2s_engine_complete. */
S2S_API void s2s_crypto_job_run(struct s2s_crypto_job *job);
/** Takes up to capacity bytes that are ready to be written on a stream, after S2S_ACTION_STREAM_WRITE or when the stream
 *  became writable. @return bytes put into out. */
S2S_API size_t s2s_engine_stream_pull(s2s_engine *engine, uint64_t stream, uint8_t *out, size_t capacity);

/** The next event, oldest first. event->struct_size must be set. Strings are borrowed until the next call into the
 *  engine. @return true and fills event, or false. */
S2S_API bool s2s_engine_next_event(s2s_engine *engine, struct s2s_event *event);

/** Text about the last call on this engine that failed, for people; "" if there is none. Borrowed until the next call. */
S2S_API const char *s2s_engine_detail(const s2s_engine *engine);
/** One thing that is wrong with a configuration that was refused, or a warning about one that was accepted. */
struct s2s_config_error {
    size_t struct_size;
    bool warning;
    const char *path;  /**< JSON path of the field, e.g. "connections[0].tunnels[1].psk". */
    const char *value; /**< as given; "" where there is none or it is secret. */
    const char *rule;  /**< the rule that it breaks, in words, with the allowed values. */
    const char *code;  /**< a warning's name for programs ("weak_algorithm"; the list is in config.h); "" for errors. */
};
/** Errors of the last create, update or validate call, all at once. @return 0 or S2S_ERR_NOT_FOUND past the end. */
S2S_API int s2s_engine_config_error(const s2s_engine *engine, size_t index, struct s2s_config_error *error);
/** How many there are, warnings included. */
S2S_API size_t s2s_engine_config_errors(const s2s_engine *engine);

/** Figures of an engine. */
struct s2s_engine_stats {
    size_t struct_size;
    uint64_t heap_bytes, heap_blocks, heap_peak, allocations;
    uint64_t ike_received, ike_sent, ike_malformed, ike_bad_integrity, cookies_sent, half_open;
    uint64_t drops[S2S_DROP_REASONS];
    uint64_t events_dropped, operations, operations_refused;
};
/** Fills stats (struct_size set by the caller). */
S2S_API void s2s_engine_stats(const s2s_engine *engine, struct s2s_engine_stats *stats);

S2S_EXTERN_C_END
#endif
