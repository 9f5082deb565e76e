/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file config.h
 * A gateway as a JSON text (library s2svpn-config): read it, check it without an engine or a host, make the objects of an
 * engine from it, change them to a newer text with the smallest change, and print their status in the same shape. Keys,
 * words and defaults are those of the guide; a key that does not exist or stands twice is an error.
 *
 *     s2s_config_load / s2s_config_parse   text -> s2s_config, with every error at once
 *     s2s_config_check                     everything that the profiles and the library refuse; warnings
 *     s2s_config_effective                 every value that would hold, and where it came from
 *     s2s_config_apply                     objects of an engine, all or none
 *     s2s_config_reload                    the difference between two
 *     s2s_config_patch_tunnel              RFC 7396 on one tunnel, until the file's value changes
 *     s2s_status_json                      what is, secrets left out
 */
#ifndef S2SVPN_CONFIG_H
#define S2SVPN_CONFIG_H

#include <s2svpn/engine.h>
#include <s2svpn/gateway.h>

S2S_EXTERN_C_BEGIN

/** A configuration: what a text said, and the errors that the last call found in it. Holds secrets, which are wiped when
 *  it is deleted. Belongs to one thread at a time. */
typedef struct s2s_config s2s_config;

/** Reads a whole file; the signature and the meaning of s2s_file_read (files.h). */
typedef int (*s2s_config_read_function)(const char *path, unsigned flags, size_t limit, const struct s2s_allocator *allocator,
                                        uint8_t **data, size_t *length, unsigned *mode, char *detail);
/** Frees what it gave; the signature of s2s_file_free. */
typedef void (*s2s_config_free_function)(const struct s2s_allocator *allocator, uint8_t *data, size_t length);

struct s2s_config_options {
    size_t struct_size;
    const struct s2s_allocator *allocator; /**< copied; NULL = malloc. (cJSON's own nodes always come from malloc.) */
    s2s_config_read_function read_file;    /**< for psk_file and s2s_config_load: s2s_file_read. NULL = both are refused. */
    s2s_config_free_function free_file;    /**< s2s_file_free; needed with read_file. */
    const char *folder;                    /**< a relative psk_file starts here; NULL = the process's working folder. */
    size_t max_size;                       /**< bytes of text; default 1 MiB. */
    unsigned max_depth;                    /**< nested objects and lists; default 16. */
    /** Permission bits of the file that a text given to s2s_config_parse came from; with an inline psk or auth_key, bits for
     *  group or others are refused. 0 = not from a file. */
    unsigned mode;
};
/** Fills defaults for a struct of this size. */
S2S_API void s2s_config_options_init(struct s2s_config_options *options, size_t struct_size);

/**
 * Reads a JSON text (RFC 8259, UTF-8).
 * @param options NULL = defaults.
 * @param config  set with S2S_OK and with S2S_ERR_CONFIG: then it holds the errors and nothing else can be done with it.
 * @return 0, S2S_ERR_CONFIG (see s2s_config_error), S2S_ERR_INVALID, S2S_ERR_NO_MEMORY.
 */
S2S_API int s2s_config_parse(const char *text, size_t length, const struct s2s_config_options *options, s2s_config **config);
/** Reads a file with options->read_file and parses it; a relative psk_file starts in the file's folder. A file with an inline
 *  psk that its group or others can read is refused. @return as s2s_config_parse; a file that cannot be read is S2S_ERR_CONFIG
 *  with one error whose path is the file's. */
S2S_API int s2s_config_load(const char *path, const struct s2s_config_options *options, s2s_config **config);
/** Wipes and frees. NULL is allowed. */
S2S_API void s2s_config_delete(s2s_config *config);

/** Errors and warnings of the last call on this configuration, in the order found. error->struct_size is set by the caller;
 *  strings are borrowed until the next call on it. @return 0 or S2S_ERR_NOT_FOUND past the end. */
S2S_API int s2s_config_error(const s2s_config *config, size_t index, struct s2s_config_error *error);
/** How many there are, warnings included. */
S2S_API size_t s2s_config_errors(const s2s_config *config);

/** gateway.kernel.type. */
enum s2s_config_kernel { S2S_CONFIG_KERNEL_TUN = 0, S2S_CONFIG_KERNEL_XFRM = 1 };
/** Which kernel the text asks for; tun unless told otherwise. */
S2S_API enum s2s_config_kernel s2s_config_kernel(const s2s_config *config);
/** gateway.kernel.mark, or 0 when not given. */
S2S_API uint32_t s2s_config_mark(const s2s_config *config);
/** gateway.name; borrowed; "" when not given. */
S2S_API const char *s2s_config_name(const s2s_config *config);

/**
 * Checks everything that can be checked without this host: each value against its profile's rule, rules across fields,
 * references, what the provider and this build cannot do. Lists all errors at once, then warnings, each with a code:
 *
 *     extension           a key that the profile's cloud does not have      weak_algorithm      RFC 8221, RFC 8247
 *     no_pfs              ipsec.pfs disabled                                short_lifetime      below 600 s
 *     nobody_starts       AWS waits, and so does this end                   both_on_demand      Alibaba waits for traffic, and so does this end
 *     dpd_off             no DPD and no probe                               short_psk           below 16 characters
 *     guessable_psk       a known word, or few different characters         shared_psk          two tunnels with one key
 *     single_tunnel       no standby toward or of a cloud                   mtu_differs         one tunnel lowers the MTU of all
 *     no_propagation      no route table of the VPC propagates              not_published       no route of the connection is published
 *     bgp_not_propagated  BGP without auto_propagate (alibaba)              bgp_without_policy  RFC 8212 between two generic ends
 *
 * @param provider the crypto provider whose algorithms may be used, e.g. s2s_crypto_mbedtls().
 * @return 0, S2S_ERR_CONFIG, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO.
 */
S2S_API int s2s_config_check(s2s_config *config, const struct s2s_crypto_provider *provider);

/**
 * Checks as s2s_config_check does, then lists every value that would hold and where it came from. As JSON:
 * {"effective": [{"path", "value", "unit", "origin", "from"}]}; else lines for people, grouped by object. origin is
 * "given" (the text has it), "default" (from: the profile, and which of its sets; "s2svpn" = this library's own) or
 * "computed" (from: what it was worked out of). Secrets are shown as "(secret)". Routes that a connection makes by itself
 * follow those of the text; "mtu" and "mss" are what is left of outer packets of 1500 bytes in the worst case.
 * *text is free'd with s2s_json_free; NULL on failure.
 * @return as s2s_config_check.
 */
S2S_API int s2s_config_effective(s2s_config *config, const struct s2s_crypto_provider *provider, bool json, char **text);

/** Makes the gateway and all that belongs to it in an engine; kick the driver afterwards. All or nothing.
 *  @return 0, S2S_ERR_CONFIG (see s2s_config_error), S2S_ERR_EXISTS (a gateway of this name), S2S_ERR_LIMIT, S2S_ERR_NO_MEMORY,
 *  S2S_ERR_CRYPTO, S2S_ERR_INVALID. */
S2S_API int s2s_config_apply(s2s_engine *engine, s2s_config *config, s2s_time now);

/**
 * Changes what s2s_config_apply(engine, previous) made into what config says: what does not differ is not touched. Changes by
 * s2s_config_patch_tunnel stay where the file's own value is the same in both. Afterwards previous can be deleted.
 * config is checked whole before anything changes.
 * @return 0, S2S_ERR_CONFIG (nothing changed; the errors are in config), S2S_ERR_NOT_FOUND (no such gateway in the engine),
 *         S2S_ERR_STATE (another gateway name or profile: that needs a new start), S2S_ERR_LIMIT, S2S_ERR_NO_MEMORY.
 */
S2S_API int s2s_config_reload(s2s_engine *engine, const s2s_config *previous, s2s_config *config, s2s_time now);

/**
 * Changes one tunnel by an RFC 7396 merge patch on its object ({"psk": "...", "ike": {"lifetime": null}}); null takes a value
 * back to its default. A psk replaces a psk_file and the other way round. Holds until the file's value of the same key changes.
 * @param connection its name.
 * @param tunnel     from 1.
 * @return 0, S2S_ERR_CONFIG (nothing changed; errors in config, with whole paths), S2S_ERR_NOT_FOUND (no such connection or
 *         tunnel), S2S_ERR_NO_MEMORY.
 */
S2S_API int s2s_config_patch_tunnel(s2s_engine *engine, s2s_config *config, const char *connection, size_t tunnel,
                                    const char *patch, size_t length, s2s_time now);

/** The status of all gateways of an engine: for one gateway an object in the shape of the configuration (every value as it
 *  holds now, in the profile's words; secrets left out), with "status", "negotiated", "active", counters and BGP state added; for
 *  several gateways a list of such objects; without any, {}. *text is free'd with s2s_json_free.
 *  @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_status_json(const s2s_engine *engine, char **text);
/** The same for one tunnel's object. @return 0, S2S_ERR_NOT_FOUND, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_tunnel_status_json(const s2s_tunnel *tunnel, char **text);
/** What s2s_tunnel_diagnose() and s2s_gateway_diagnose() say of a connection: {"connection", "tunnels": [..], "network": [..]}.
 *  *text is free'd with s2s_json_free. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_connection_diagnosis_json(const s2s_gateway *gateway, const s2s_connection *connection, char **text);
/** An event as one JSON object on one line: "type", "severity", "at" (seconds), names, and the members that belong to it.
 *  @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_event_json(const struct s2s_event *event, char **text);
/** Errors and warnings of a configuration as {"errors": [{"path", "value", "rule"}], "warnings": [{"code", ...}]}.
 *  @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_config_errors_json(const s2s_config *config, char **text);
/** Frees a text of these functions. NULL is allowed. */
S2S_API void s2s_json_free(char *text);

S2S_EXTERN_C_END
#endif
