/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sim.h
 * An in-memory internet with a virtual clock: hosts, routers, links and gateway nodes. A gateway node is a kernel
 * (kernel.h) for a real engine, the world's clock is a loop (loop.h); so whole VPN gateways run through loss, partition,
 * NAT and crashes in a fraction of the time, and a run repeats to the byte from its seed.
 *
 *     s2s_sim_new                                       a world with its clock at 0
 *     s2s_sim_host_new, _router_new, _gateway_new       nodes
 *     s2s_sim_link_new                                  joins two nodes
 *     s2s_sim_address, s2s_sim_route                    "10.0.0.1/24" on a link, "0.0.0.0/0" through a link
 *     s2s_driver_new with s2s_sim_loop, s2s_sim_kernel  puts an engine on a gateway node
 *     s2s_sim_ping_start, s2s_sim_flow_start            traffic, with a record of each packet
 *     s2s_sim_run_until                                 time passes
 *
 * One thread at a time. All objects belong to the world and die with it. Addresses and prefixes are text, as a person
 * writes them. Chances are in parts per million. Nothing here does I/O: captures are handed out as bytes.
 * A packet for which there is no memory is lost and counted (s2s_sim_stats.no_memory); setting up answers S2S_ERR_NO_MEMORY.
 */
#ifndef S2SVPN_SIM_H
#define S2SVPN_SIM_H

#include <s2svpn/crypto.h>
#include <s2svpn/engine.h>
#include <s2svpn/kernel.h>
#include <s2svpn/loop.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_sim s2s_sim;
typedef struct s2s_sim_node s2s_sim_node;
typedef struct s2s_sim_link s2s_sim_link;
typedef struct s2s_sim_ping s2s_sim_ping;
typedef struct s2s_sim_flow s2s_sim_flow;
typedef struct s2s_sim_capture s2s_sim_capture;

/* ---- the world ---- */

/** An empty world at time 0. allocator is copied; NULL = malloc. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_new(const struct s2s_allocator *allocator, uint64_t seed, s2s_sim **sim);
/** Frees the world and all that is in it. Drivers on its loop and kernels are to be deleted before. NULL is allowed. */
S2S_API void s2s_sim_delete(s2s_sim *sim);
/** Virtual time, nanoseconds. */
S2S_API s2s_time s2s_sim_now(const s2s_sim *sim);
/** When the next thing happens; S2S_TIME_NEVER if nothing is under way. */
S2S_API s2s_time s2s_sim_next(const s2s_sim *sim);
/** Moves the clock to the next thing and lets it happen. Things due at one time happen in the order in which they were
 *  arranged. @return false if nothing is under way. */
S2S_API bool s2s_sim_step(s2s_sim *sim);
/** Lets all happen that is due up to and including until; the clock stands at until afterwards (it never goes back). */
S2S_API void s2s_sim_run_until(s2s_sim *sim, s2s_time until);
/** s2s_sim_run_until(now + duration). */
S2S_API void s2s_sim_run_for(s2s_sim *sim, s2s_time duration);
/** Calls function once at a time (not before now): how a test writes a script. @return 0, S2S_ERR_NO_MEMORY, S2S_ERR_INVALID. */
S2S_API int s2s_sim_at(s2s_sim *sim, s2s_time at, s2s_loop_timer_function function, void *user);
/** The next number of the world's random stream (tests that want chance of their own, still repeatable). */
S2S_API uint64_t s2s_sim_random(s2s_sim *sim);
/** The loop seam over the virtual clock: now, timers and wake; no file descriptors (watch_add gives S2S_ERR_UNSUPPORTED).
 *  wake may be called on any thread, but the clock waits for no thread: jobs belong inline. Lives as long as the world. */
S2S_API const struct s2s_loop *s2s_sim_loop(s2s_sim *sim);

/** Figures of the world. */
struct s2s_sim_stats {
    size_t struct_size;
    uint64_t events;     /**< things that happened. */
    uint64_t packets;    /**< put on links. */
    uint64_t no_memory;  /**< lost because the allocator refused. */
    uint64_t packets_alive; /**< in links and queues now. */
};
/** Fills stats, whose struct_size the caller set; so for all functions of this kind below. */
S2S_API void s2s_sim_stats(const s2s_sim *sim, struct s2s_sim_stats *stats);

/* ---- nodes ---- */

/** A host: answers echo, sends pings and flows, forwards nothing. name is copied.
 *  @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY; so for all three. */
S2S_API int s2s_sim_host_new(s2s_sim *sim, const char *name, s2s_sim_node **node);
/** A router: forwards by longest prefix, answers echo to its own addresses; rules and NAT may be put on it. */
S2S_API int s2s_sim_router_new(s2s_sim *sim, const char *name, s2s_sim_node **node);

enum s2s_sim_mode {
    S2S_SIM_RAW = 0, /**< a kernel without ESP: the engine does it. Capabilities RAW_ESP, STREAMS, TCP_MD5, ROUTES. */
    S2S_SIM_ESP = 1  /**< does ESP itself: also ESP, with SA, policy and path actions. */
};
/** How a gateway node's kernel behaves. */
struct s2s_sim_gateway_params {
    size_t struct_size;
    enum s2s_sim_mode mode;
    uint32_t without;                           /**< enum s2s_kernel_capability bits that it lacks, e.g. RAW_ESP. */
    const struct s2s_crypto_provider *provider; /**< mode ESP; NULL = s2s_crypto_test(). */
    /** Completions take a time drawn evenly between these; both 0 = from inside submit. Default 50 us to 5 ms; a drawn time
     *  also mixes their order. */
    s2s_time complete_min, complete_max;
    uint32_t refuse_ppm;                        /**< chance that an operation is refused with S2S_ERR_KERNEL. Default 0. */
    uint32_t stream_buffer;                     /**< bytes kept each way by a stream. Default 65536; at least 2048. */
};
/** Fills in the defaults for a struct of this size; so for all functions of this kind below. */
S2S_API void s2s_sim_gateway_params_init(struct s2s_sim_gateway_params *params, size_t struct_size);
/** A gateway node: a router with a kernel. params NULL = defaults. */
S2S_API int s2s_sim_gateway_new(s2s_sim *sim, const char *name, const struct s2s_sim_gateway_params *params,
                                s2s_sim_node **node);
/** The name as given (cut to 31 characters). Borrowed from the node. */
S2S_API const char *s2s_sim_node_name(const s2s_sim_node *node);

/*
 * Routing is that of kernel_tun.h: what an engine installed comes first, then the node's own networks and routes, then an
 * installed default route, then the node's own default route; in each the longest prefix, then the lowest metric. Outer
 * packets see none of what an engine installed. Two things simpler than Linux: nobody fragments, and a link has two ends,
 * so that there is no ARP.
 */

/** Gives a node an address on one of its links ("10.0.0.1/24": the rest of the prefix is reached through that link; link NULL =
 *  loopback). @return 0, S2S_ERR_INVALID, S2S_ERR_EXISTS, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_address(s2s_sim_node *node, s2s_sim_link *link, const char *address);
/** A route of the node's own (metric 0): what is in prefix leaves by link. @return as s2s_sim_address. */
S2S_API int s2s_sim_route(s2s_sim_node *node, const char *prefix, s2s_sim_link *link);
/** The same with a metric: the lowest one of equal prefixes is taken. */
S2S_API int s2s_sim_route_metric(s2s_sim_node *node, const char *prefix, s2s_sim_link *link, uint32_t metric);
/** Takes it away again. @return 0, S2S_ERR_NOT_FOUND, S2S_ERR_INVALID. */
S2S_API int s2s_sim_route_delete(s2s_sim_node *node, const char *prefix, s2s_sim_link *link);

/** An address goes away or comes back (text without length). A gateway node's kernel gives NOTICE_ADDRESS_DOWN or _UP.
 *  Packets to it are lost, none can be sent from it. @return 0, S2S_ERR_NOT_FOUND, S2S_ERR_INVALID. */
S2S_API int s2s_sim_address_down(s2s_sim_node *node, const char *address);
/** It is back. */
S2S_API int s2s_sim_address_up(s2s_sim_node *node, const char *address);

/** Where a packet would go that this node had to send from source (NULL = any) to destination. */
enum s2s_sim_way {
    S2S_SIM_WAY_NONE = 0,        /**< no route. */
    S2S_SIM_WAY_LOCAL = 1,       /**< the node itself. */
    S2S_SIM_WAY_LINK = 2,        /**< a link, in clear. */
    S2S_SIM_WAY_DEVICE = 3,      /**< the tunnel device. */
    S2S_SIM_WAY_UNREACHABLE = 4  /**< fails closed. */
};
S2S_API enum s2s_sim_way s2s_sim_way(const s2s_sim_node *node, const char *source, const char *destination);

/** Figures of a node. */
struct s2s_sim_node_stats {
    size_t struct_size;
    uint64_t received, sent, forwarded;
    uint64_t no_route, unreachable, ttl_expired, too_big, malformed;
    uint64_t ruled_out;      /**< lost to a rule. */
    uint64_t nat_mappings;   /**< alive. */
    uint64_t nat_unmatched;  /**< came to the NAT address without a mapping. */
    uint64_t echo_answered;
};
/** Fills stats. */
S2S_API void s2s_sim_node_stats(const s2s_sim_node *node, struct s2s_sim_node_stats *stats);
/** Whether the node answers an oversized packet with DF (and IPv6) by "packet too big"; default true. Without, it is a PMTU
 *  black hole. Packets without DF are fragmented by nobody here: they are lost and counted as too_big. */
S2S_API void s2s_sim_node_too_big(s2s_sim_node *node, bool answer);

/* ---- links ---- */

/** Direction of a link, from the first node of s2s_sim_link_new to the second or back. */
enum s2s_sim_direction { S2S_SIM_FORTH = 1, S2S_SIM_BACK = 2, S2S_SIM_BOTH = 3 };

/** One direction of a link. All zero is a perfect link, but for the MTU (0 = 1500). */
struct s2s_sim_link_params {
    size_t struct_size;
    s2s_time delay;           /**< each packet takes this long... */
    s2s_time jitter;          /**< ... and up to this much more; order is kept. */
    uint32_t loss_ppm, duplicate_ppm;
    uint32_t reorder_ppm;     /**< chance that a packet is held back by reorder_delay and overtaken. */
    s2s_time reorder_delay;   /**< 0 with a chance = 10 ms. */
    uint32_t mtu;             /**< longest IP packet. */
    uint64_t bits_per_second; /**< 0 = no limit. */
    uint32_t queue_bytes;     /**< what may wait at that rate; more is lost. 0 = 256 KiB. */
};
/** delay 5 ms, MTU 1500, the rest 0. */
S2S_API void s2s_sim_link_params_init(struct s2s_sim_link_params *params, size_t struct_size);
/** Joins two nodes, both directions alike. params NULL = defaults. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_link_new(s2s_sim *sim, const char *name, s2s_sim_node *a, s2s_sim_node *b,
                             const struct s2s_sim_link_params *params, s2s_sim_link **link);
/** The name as given (cut to 31 characters). Borrowed from the link. */
S2S_API const char *s2s_sim_link_name(const s2s_sim_link *link);
/** New settings from now on; packets under way keep theirs. @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_sim_link_set(s2s_sim_link *link, enum s2s_sim_direction direction, const struct s2s_sim_link_params *params);
/** Silent death: packets of this direction vanish, nobody is told. */
S2S_API void s2s_sim_link_blackhole(s2s_sim_link *link, enum s2s_sim_direction direction, bool on);
/** Carrier: down loses packets both ways, those under way too, and gateway nodes on it notice that their addresses went. */
S2S_API void s2s_sim_link_carrier(s2s_sim_link *link, bool up);

/** Figures of one direction. */
struct s2s_sim_link_stats {
    size_t struct_size;
    uint64_t packets, bytes;       /**< put on. */
    uint64_t delivered;            /**< came out, duplicates included. */
    uint64_t lost, duplicated, reordered, blackholed, too_big, overflow;
};
/** Fills stats of one direction. */
S2S_API void s2s_sim_link_stats(const s2s_sim_link *link, enum s2s_sim_direction direction, struct s2s_sim_link_stats *stats);

/** A packet on a link, as put on it: also such that the link then loses. */
struct s2s_sim_frame {
    size_t struct_size;
    s2s_time time;
    s2s_sim_link *link;
    enum s2s_sim_direction direction;
    const uint8_t *data; /**< a whole IP packet; borrowed. */
    size_t length;
    bool lost;           /**< it will not come out. */
};
/** Receives frames; a leaf: it must not change the world. */
typedef void (*s2s_sim_frame_function)(void *user, const struct s2s_sim_frame *frame);
/** Calls function for each packet put on the link; any number of taps. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_tap(s2s_sim_link *link, s2s_sim_frame_function function, void *user);

/** What a man in the middle does with a packet. */
enum s2s_sim_fate { S2S_SIM_PASS = 0, S2S_SIM_LOSE = 1, S2S_SIM_TWICE = 2 };
/** Sees each packet before the link does and may change its bytes (not its length). Replaces an earlier one; NULL = none. */
typedef enum s2s_sim_fate (*s2s_sim_filter_function)(void *user, enum s2s_sim_direction direction, uint8_t *data, size_t length);
/** Puts the man in the middle on a link, or (NULL) takes him off. */
S2S_API void s2s_sim_filter(s2s_sim_link *link, s2s_sim_filter_function function, void *user);
/** Puts a forged or captured IP packet on the link, past its filter. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_inject(s2s_sim_link *link, enum s2s_sim_direction direction, const uint8_t *data, size_t length);

/** The cleartext detector: counts the packets put on this link whose own (outer) source or destination lies in one of these
 *  prefixes. May be called again to add more. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_watch(s2s_sim_link *link, const char *prefix);
/** How many packets that were. */
S2S_API uint64_t s2s_sim_watched(const s2s_sim_link *link);

/* ---- captures ---- */

#define S2S_SIM_PCAP_HEADER 24 /**< bytes of a pcap file's header. */
#define S2S_SIM_PCAP_RECORD 16 /**< bytes in front of each packet. */
/** The header of a pcap file: nanoseconds, LINKTYPE_RAW (101). */
S2S_API void s2s_sim_pcap_header(uint8_t *out);
/** The record header of a frame; its data follow in the file. */
S2S_API void s2s_sim_pcap_record(const struct s2s_sim_frame *frame, uint8_t *out);
/** Captures a link into memory as a pcap file of at most limit bytes (0 = 64 MiB); packets beyond it are counted, not kept.
 *  @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_capture_start(s2s_sim_link *link, size_t limit, s2s_sim_capture **capture);
/** The file so far. Borrowed until time passes. */
S2S_API const uint8_t *s2s_sim_capture_data(const s2s_sim_capture *capture, size_t *length);
/** Packets that did not fit. */
S2S_API uint64_t s2s_sim_capture_missed(const s2s_sim_capture *capture);

/* ---- rules and NAT ---- */

/** What a rule loses, silently. Members left zero match anything. */
struct s2s_sim_rule {
    size_t struct_size;
    const s2s_sim_link *in, *out;   /**< the link it came by or is to leave by. */
    const char *source, *destination; /**< prefixes; NULL = any. */
    uint8_t protocol;               /**< IP protocol. */
    uint16_t port;                  /**< source or destination port of UDP or TCP. */
    uint32_t skip;                  /**< lets this many matching packets pass first. */
    uint32_t limit;                 /**< then loses at most this many; 0 = all. */
};
/** Adds a rule; works on what the node forwards, receives and sends. id (may be NULL) names it. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_rule_add(s2s_sim_node *node, const struct s2s_sim_rule *rule, uint32_t *id);
/** Takes a rule away. @return 0 or S2S_ERR_NOT_FOUND. */
S2S_API int s2s_sim_rule_remove(s2s_sim_node *node, uint32_t id);
/** Packets lost to it so far; 0 for an unknown one. */
S2S_API uint64_t s2s_sim_rule_hits(const s2s_sim_node *node, uint32_t id);

/** Masquerades what the router sends out by link behind address (one of its own, IPv4): UDP and TCP by port, ICMP echo by
 *  identifier, other protocols (ESP) by address alone. A mapping dies after idle without a packet (0 = 60 s). @return 0,
 *  S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_nat(s2s_sim_node *node, s2s_sim_link *link, const char *address, s2s_time idle);
/** All mappings change: the next packet from inside gets another port; answers to the old one are lost. */
S2S_API void s2s_sim_nat_rebind(s2s_sim_node *node);

/* ---- traffic ---- */

/** An echo request at an interval. */
struct s2s_sim_ping_params {
    size_t struct_size;
    const char *source;      /**< NULL = the address of the link it leaves by. */
    const char *destination;
    s2s_time start;          /**< first request; not before now. */
    s2s_time interval;       /**< default 1 s. */
    uint32_t count;          /**< 0 = until stopped; at most 1000000. */
    uint16_t size;           /**< payload, at least 16. Default 56. */
    uint8_t ttl;             /**< default 64. */
    bool dont_fragment;
};
/** Defaults as noted above. */
S2S_API void s2s_sim_ping_params_init(struct s2s_sim_ping_params *params, size_t struct_size);
/** Pings from a host (any node). @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_ping_start(s2s_sim_node *node, const struct s2s_sim_ping_params *params, s2s_sim_ping **ping);
/** Sends no more; late answers are still recorded. */
S2S_API void s2s_sim_ping_stop(s2s_sim_ping *ping);
/** What became of one request. */
struct s2s_sim_ping_record {
    s2s_time sent;
    s2s_time answered;   /**< S2S_TIME_NEVER = not yet. */
    uint32_t answers;    /**< more than 1 = duplicates. */
    uint8_t ttl;         /**< of the answer. */
};
/** The record of request number index (from 0). @return 0 or S2S_ERR_NOT_FOUND. */
S2S_API int s2s_sim_ping_record(const s2s_sim_ping *ping, uint32_t index, struct s2s_sim_ping_record *record);
/** Figures of a ping. */
struct s2s_sim_ping_stats {
    size_t struct_size;
    uint32_t sent, answered, duplicates, reordered;
    uint32_t unreachable;    /**< ICMP errors that came back for it. */
    s2s_time longest_gap;    /**< the longest time between two answers less the interval; 0 with fewer than two. */
};
/** Fills stats, at any time. */
S2S_API void s2s_sim_ping_stats(const s2s_sim_ping *ping, struct s2s_sim_ping_stats *stats);

/** A stream of numbered UDP packets. */
struct s2s_sim_flow_params {
    size_t struct_size;
    const char *source, *destination; /**< source NULL as with pings. */
    uint16_t source_port, destination_port; /**< default 40000, 40001. */
    s2s_time start, interval;         /**< default interval 10 ms. */
    uint32_t count;                   /**< 0 = until stopped; at most 16000000. */
    uint16_t size;                    /**< UDP payload, at least 16. Default 172. */
    uint8_t tos;
    bool dont_fragment;
};
/** Defaults as noted above. */
S2S_API void s2s_sim_flow_params_init(struct s2s_sim_flow_params *params, size_t struct_size);
/** Sends from one node; what arrives at to is recorded. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_sim_flow_start(s2s_sim_node *from, s2s_sim_node *to, const struct s2s_sim_flow_params *params,
                               s2s_sim_flow **flow);
/** Sends no more; what is under way is still recorded. */
S2S_API void s2s_sim_flow_stop(s2s_sim_flow *flow);
/** Figures of a flow. */
struct s2s_sim_flow_stats {
    size_t struct_size;
    uint32_t sent, received; /**< received: each number once. */
    uint32_t duplicates, reordered, corrupted;
    s2s_time longest_gap;    /**< the longest time between two arrivals less the interval. */
    s2s_time last_arrival;   /**< S2S_TIME_NEVER = none. */
};
/** Fills stats, at any time. */
S2S_API void s2s_sim_flow_stats(const s2s_sim_flow *flow, struct s2s_sim_flow_stats *stats);

/* ---- gateway nodes ---- */

/** The node's kernel seam, for a driver. Lives as long as the world. NULL for other nodes. */
S2S_API const struct s2s_kernel *s2s_sim_kernel(s2s_sim_node *node);
/** From now on completions take between min and max; both 0 = answered inside submit. */
S2S_API void s2s_sim_kernel_delay(s2s_sim_node *node, s2s_time min, s2s_time max);
/** Operations are refused with this chance from now on. */
S2S_API void s2s_sim_kernel_refuse_ppm(s2s_sim_node *node, uint32_t ppm);
/** The next count actions of this type (after skip of them) are refused with error (enum s2s_error). Rules of several types may
 *  stand at once; a second one of a type replaces the first; count 0 ends it. @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_sim_kernel_refuse(s2s_sim_node *node, enum s2s_action_type type, uint32_t skip, uint32_t count, int error);

/** kill -9 of the process: the device goes and its routes and addresses with it, sockets close without a word, the unreachable
 *  routes stay; the sink is never called again. The caller then deletes driver and engine; a new driver's start is the restart.
 *  The node's own kernel goes on forwarding. */
S2S_API void s2s_sim_node_crash(s2s_sim_node *node);
/** Power off and on: nothing of what a process installed is left, NAT mappings neither. */
S2S_API void s2s_sim_node_reboot(s2s_sim_node *node);
/** What is installed on a gateway node, for assertions. @return how many there are; fills up to capacity. */
S2S_API size_t s2s_sim_installed_routes(const s2s_sim_node *node, struct s2s_action_route *out, size_t capacity);
/** What the process on a gateway node has installed; streams counts those that are closing, too. */
struct s2s_sim_installed {
    size_t struct_size;
    size_t devices, addresses, tunnel_routes, unreachable_routes, binds, listeners, streams, sas, policies, paths;
};
/** Counts what is installed. */
S2S_API void s2s_sim_installed(const s2s_sim_node *node, struct s2s_sim_installed *installed);

/** Figures of a gateway node's kernel. */
struct s2s_sim_kernel_stats {
    size_t struct_size;
    uint64_t submitted, completed, refused, outstanding;
    uint64_t batches, inner_up, outer_up;         /**< handed to the sink. */
    uint64_t sent_esp, sent_udp, delivered, dropped; /**< verdicts carried out, packets of the engine's own included. */
    uint64_t datagrams;                            /**< sent by S2S_ACTION_DATAGRAM. */
    uint64_t esp_refused;                          /**< mode ESP: packets that no SA or policy took. */
    uint64_t segments, retransmissions, bad_md5, stream_resets;
};
/** Fills stats. */
S2S_API void s2s_sim_kernel_stats(const s2s_sim_node *node, struct s2s_sim_kernel_stats *stats);
/** Makes the kernel say something of its own accord. @return 0, S2S_ERR_STATE (no process). */
S2S_API int s2s_sim_notice(s2s_sim_node *node, const struct s2s_kernel_notice *notice);
/** How many bytes a stream of this node takes before its owner has read them: 0 = the owner reads nothing any more (a frozen
 *  window), UINT32_MAX = as much as the buffer holds. Holds for present and coming streams. */
S2S_API void s2s_sim_stream_window(s2s_sim_node *node, uint32_t bytes);

S2S_EXTERN_C_END
#endif
