/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file types.h
 * Plain values used everywhere: time, addresses, prefixes, traffic selectors, the allocator and the log line.
 * Addresses are byte arrays in network order, so that no field needs alignment or byte swapping.
 */
#ifndef S2SVPN_TYPES_H
#define S2SVPN_TYPES_H

#include <s2svpn/api.h>

S2S_EXTERN_C_BEGIN

/** Nanoseconds of a monotonic clock. Only differences matter. */
typedef uint64_t s2s_time;
#define S2S_TIME_NEVER UINT64_MAX /**< "no timeout". */
#define S2S_SECOND 1000000000u    /**< nanoseconds in a second. */
#define S2S_MILLISECOND 1000000u  /**< nanoseconds in a millisecond. */

/** An IP address. family 0 means "no address", which several fields read as "any". */
struct s2s_addr {
    uint8_t family;    /**< 0, 4 or 6. */
    uint8_t bytes[16]; /**< network order; an IPv4 address uses the first four, the rest is zero. */
};

/** A UDP or TCP endpoint. */
struct s2s_endpoint {
    struct s2s_addr addr;
    uint16_t port; /**< host order. */
};

/** An address prefix; bits beyond length are zero in every prefix that the library makes. */
struct s2s_prefix {
    struct s2s_addr addr;
    uint8_t length; /**< 0..32 or 0..128. */
};

/** A traffic selector (RFC 7296 section 3.13.1): an address range, a protocol and a port range. */
struct s2s_selector {
    struct s2s_addr start, end;    /**< inclusive, same family. */
    uint8_t protocol;              /**< IP protocol, 0 = any. */
    uint16_t start_port, end_port; /**< inclusive, host order; 0..65535 = any; 65535..0 = OPAQUE. */
};

/** Longest text of an address, prefix or endpoint with its NUL ("[...]:65535" and "/128" included). */
#define S2S_ADDR_TEXT 56
/** Longest text of a selector with its NUL. */
#define S2S_SELECTOR_TEXT 128

/** Reads "10.0.0.1" or "fd00::1" (no zone, no leading zeros in IPv4). @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_addr_parse(const char *text, struct s2s_addr *out);
/** Writes RFC 5952 text into out (at least S2S_ADDR_TEXT bytes) and returns out; "any" for family 0. */
S2S_API char *s2s_addr_format(const struct s2s_addr *addr, char *out);
/** Reads "10.0.0.0/16"; a bare address is a host prefix; set host bits are an error. @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_prefix_parse(const char *text, struct s2s_prefix *out);
/** Writes "10.0.0.0/16" into out (at least S2S_ADDR_TEXT bytes) and returns out. */
S2S_API char *s2s_prefix_format(const struct s2s_prefix *prefix, char *out);
/** Writes "198.51.100.1:4500" or "[2001:db8::1]:4500" into out (at least S2S_ADDR_TEXT bytes) and returns out. */
S2S_API char *s2s_endpoint_format(const struct s2s_endpoint *endpoint, char *out);
/** Writes "10.0.0.0/16" or "10.0.0.1-10.0.0.9[6/80]" into out (at least S2S_SELECTOR_TEXT bytes) and returns out. */
S2S_API char *s2s_selector_format(const struct s2s_selector *selector, char *out);
/** The selector that covers exactly this prefix, any protocol, any port. */
S2S_API void s2s_selector_from_prefix(const struct s2s_prefix *prefix, struct s2s_selector *out);

/**
 * Where the core gets its memory. All three functions are leaves: they must not call back into the library.
 * free gets the size that was asked for, so that pool allocators need no header. NULL for the whole table means
 * the C library's malloc.
 */
struct s2s_allocator {
    size_t struct_size;
    void *user; /**< handed to each function. */
    void *(*alloc)(void *user, size_t size);
    void *(*resize)(void *user, void *pointer, size_t old_size, size_t new_size);
    void (*release)(void *user, void *pointer, size_t size);
};

enum s2s_log_level { S2S_LOG_ERROR = 0, S2S_LOG_WARNING = 1, S2S_LOG_NOTICE = 2, S2S_LOG_INFO = 3, S2S_LOG_DEBUG = 4 };

/** One finished log line. All strings are borrowed for the call and never hold a secret, at any level. */
struct s2s_log_line {
    size_t struct_size;
    enum s2s_log_level level;
    const char *module; /**< "ike", "esp", "bgp", "gateway", ... */
    const char *object; /**< name of the connection, tunnel or session, or "". */
    const char *text;   /**< finished text, no line end. */
};

/** Receives log lines; a leaf: must not call back into the library. */
typedef void (*s2s_log_function)(void *user, const struct s2s_log_line *line);

S2S_EXTERN_C_END
#endif
