/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file action.h
 * What the engine asks the outside to do, and what the outside tells it. Actions with a nonzero op want an answer by
 * s2s_engine_complete(). Operations on SAs, policies, routes and addresses are idempotent and come in an order that
 * loses no packet: inbound SA, inbound policy, outbound SA, outbound policy, new route before old, SA deletes last.
 */
#ifndef S2SVPN_ACTION_H
#define S2SVPN_ACTION_H

#include <s2svpn/algorithm.h>
#include <s2svpn/packet.h>
#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

enum s2s_action_type {
    S2S_ACTION_NONE = 0,
    S2S_ACTION_DATAGRAM,      /**< send a UDP datagram from local to remote; no answer. */
    S2S_ACTION_PACKET,        /**< send or deliver one packet that the engine made (packet.verdict says how); no answer. */
    S2S_ACTION_BIND,          /**< open UDP local.addr:port and :natt_port and (if able) raw ESP. */
    S2S_ACTION_UNBIND,
    S2S_ACTION_DEVICE_ADD,    /**< make a TUN device (name, mtu), or adopt one that bears our mark. */
    S2S_ACTION_DEVICE_DELETE,
    S2S_ACTION_ADDRESS_ADD,   /**< an inside address on a device. */
    S2S_ACTION_ADDRESS_DELETE,
    S2S_ACTION_ROUTE_ADD,     /**< or replace: same prefix, source, table and kind. */
    S2S_ACTION_ROUTE_DELETE,
    S2S_ACTION_SPI_ALLOCATE,  /**< kernels with ESP: reserve an inbound SPI; result.spi. */
    S2S_ACTION_SA_ADD,        /**< kernels with ESP. */
    S2S_ACTION_SA_UPDATE,     /**< new remote endpoint (NAT mapping changed). */
    S2S_ACTION_SA_DELETE,
    S2S_ACTION_POLICY_ADD,    /**< kernels with ESP. */
    S2S_ACTION_POLICY_DELETE,
    S2S_ACTION_PATH,          /**< kernels with ESP: traffic of group goes to tunnel from now on. */
    S2S_ACTION_STREAM_LISTEN, /**< accept TCP on local; accepted streams are fed with S2S_STREAM_ACCEPTED. */
    S2S_ACTION_STREAM_CONNECT,
    S2S_ACTION_STREAM_WRITE,  /**< bytes wait: pull them with s2s_engine_stream_pull; no answer. */
    S2S_ACTION_STREAM_CLOSE,  /**< no answer; nothing is fed for it any more. reset: discard unsent data. */
    S2S_ACTION_STREAM_KEY,    /**< TCP-MD5 key toward remote on the listener. */
    S2S_ACTION_SCAN,          /**< report what bears this gateway's mark, by S2S_NOTICE_FOUND_* feeds, then answer; route.table
                                   is the gateway's (0 = the kernel's choice). Addresses that come and go are told from then on. */
    S2S_ACTION_CRYPTO_JOB     /**< run s2s_crypto_job_run(job), then answer. */
};

enum s2s_route_kind {
    S2S_ROUTE_TUNNEL = 0,     /**< through the device. */
    S2S_ROUTE_UNREACHABLE = 1, /**< the fail-closed route, at a worse metric. */
    S2S_ROUTE_LOCAL = 2        /**< not for the VPN: a network behind this gateway, which a wider VPN prefix must not take
                                    (the lookup goes on in the host's other tables). */
};

struct s2s_crypto_job; /**< opaque; freed by s2s_engine_complete. */

/** An SA for kernels that do ESP. Keys are borrowed and must be wiped by who copies them. */
struct s2s_action_sa {
    bool inbound;
    uint32_t spi;
    enum s2s_algorithm encryption, integrity;
    const uint8_t *encryption_key; size_t encryption_key_length;
    const uint8_t *salt;           size_t salt_length;
    const uint8_t *integrity_key;  size_t integrity_key_length;
    bool esn, udp_encapsulation;
    uint32_t replay_window;
    struct s2s_endpoint local, remote;
    const struct s2s_selector *local_ts, *remote_ts;
    size_t local_ts_count, remote_ts_count;
    uint32_t tunnel;  /**< id of the tunnel it belongs to. */
    uint64_t lifetime_ns;
};

/** A policy for kernels that do ESP: what of a group may enter which tunnel. */
struct s2s_action_policy {
    bool inbound;
    struct s2s_selector local, remote;
    uint32_t priority; /**< smaller first. */
    uint32_t group, tunnel;
};

struct s2s_action_route {
    struct s2s_prefix prefix;
    struct s2s_prefix source;        /**< policy routes: length 0 with family 0 = any source. */
    struct s2s_addr preferred_source; /**< family 0 = none. */
    enum s2s_route_kind kind;
    uint32_t table, metric;
    uint32_t group;
};

struct s2s_action_stream {
    uint64_t id; /**< listener or stream. */
    uint8_t ttl; /**< 0 = default; 255 with GTSM. */
    uint8_t min_ttl; /**< 0 = no check (RFC 5082). */
    const uint8_t *md5_key; size_t md5_key_length; /**< 0 = none (RFC 2385). */
    bool reset;
};

/** One action; only the members that belong to its type are meaningful. */
struct s2s_action {
    size_t struct_size;
    enum s2s_action_type type;
    uint64_t op;         /**< 0 = wants no answer. */
    const char *gateway; /**< name of the gateway, the owner's mark in the kernel. */
    const char *device;  /**< TUN device name. */
    struct s2s_endpoint local, remote;
    const uint8_t *data; /**< DATAGRAM. */
    size_t length;
    uint16_t port, natt_port; /**< BIND. */
    uint32_t mtu;             /**< DEVICE_ADD. */
    struct s2s_packet packet; /**< PACKET: buffer is borrowed until the next call into the engine. */
    struct s2s_prefix address; /**< ADDRESS_*. */
    struct s2s_action_sa sa;
    struct s2s_action_policy policy;
    struct s2s_action_route route;
    struct s2s_action_stream stream;
    uint32_t group, tunnel; /**< PATH. */
    struct s2s_crypto_job *job;
};

/** The answer to an action. */
struct s2s_result {
    size_t struct_size;
    int error;          /**< 0 or enum s2s_error; S2S_ERR_KERNEL with detail. */
    const char *detail; /**< what the kernel said, e.g. "Operation not permitted"; borrowed; may be NULL. */
    uint32_t spi;       /**< SPI_ALLOCATE. */
    const char *device; /**< DEVICE_ADD: the name it got. */
    uint8_t device_number; /**< DEVICE_ADD: s2s_packet.device of packets from and to it; 0 for the first device. */
};

enum s2s_stream_input_type {
    S2S_STREAM_CONNECTED = 1, /**< a STREAM_CONNECT succeeded. */
    S2S_STREAM_ACCEPTED,      /**< a new stream on a listener: stream is its id, chosen by the driver (bit 63 set). */
    S2S_STREAM_DATA,
    S2S_STREAM_WRITABLE,      /**< room again; the driver pulls after this. */
    S2S_STREAM_CLOSED         /**< the far end closed or the connection failed; the stream is gone. */
};
struct s2s_stream_input {
    size_t struct_size;
    enum s2s_stream_input_type type;
    uint64_t stream, listener;
    struct s2s_endpoint local, remote;
    const uint8_t *data;
    size_t length;
    int error; /**< CLOSED: 0 = orderly. */
};

enum s2s_kernel_notice_type {
    S2S_NOTICE_ADDRESS_UP = 1, /**< an address of this host appeared or its link came back. */
    S2S_NOTICE_ADDRESS_DOWN,   /**< it went, or its link lost carrier. */
    S2S_NOTICE_FOUND_ROUTE,    /**< during SCAN: a route that bears our mark. */
    S2S_NOTICE_FOUND_ADDRESS,
    S2S_NOTICE_FOUND_DEVICE,
    S2S_NOTICE_ACQUIRE,        /**< kernels with ESP: traffic wants a tunnel. */
    S2S_NOTICE_SA_EXPIRE       /**< kernels with ESP. */
};
struct s2s_kernel_notice {
    size_t struct_size;
    enum s2s_kernel_notice_type type;
    const char *gateway, *device;
    struct s2s_addr addr;
    struct s2s_prefix address;
    struct s2s_action_route route;
    uint32_t spi, tunnel;
};

S2S_EXTERN_C_END
#endif
