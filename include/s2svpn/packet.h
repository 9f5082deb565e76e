/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file packet.h
 * The batch entry of the data path. A packet sits in a buffer of the caller with room in front and behind, is
 * worked on in place, and comes back in the same entry with a verdict that says what to do with it.
 */
#ifndef S2SVPN_PACKET_H
#define S2SVPN_PACKET_H

#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

/** Bytes the library may need in front of an inner packet (outer UDP header, ESP header, IV), rounded up. */
#define S2S_PACKET_HEADROOM 64
/** Bytes the library may need behind an inner packet (padding, trailer, ICV), rounded up. */
#define S2S_PACKET_TAILROOM 96
/** Most packets that one call takes; larger batches are the caller's to cut. */
#define S2S_PACKET_BATCH 64

/** What arrived. */
enum s2s_packet_kind {
    S2S_PACKET_INNER = 0, /**< a clear IP packet from the TUN: to be routed, encrypted and sent. */
    S2S_PACKET_ESP = 1,   /**< the payload of an IP packet of protocol 50. */
    S2S_PACKET_UDP = 2    /**< a UDP payload of port 500 or 4500: IKE, ESP in UDP (RFC 3948) or a NAT keepalive. */
};

/** What is to be done with the entry after the call. */
enum s2s_packet_verdict {
    S2S_VERDICT_DROP = 0,     /**< nothing; reason says why. */
    S2S_VERDICT_SEND_ESP = 1, /**< send data from local.addr to remote.addr as IP protocol 50. */
    S2S_VERDICT_SEND_UDP = 2, /**< send data from local to remote as a UDP payload. */
    S2S_VERDICT_DELIVER = 3,  /**< data is a clear IP packet: write it to the TUN. */
    S2S_VERDICT_CONSUMED = 4  /**< the engine took it (IKE, keepalive, probe); nothing is to be done. */
};

/** Why a packet was dropped. Each has a counter. */
enum s2s_drop_reason {
    S2S_DROP_NONE = 0,
    S2S_DROP_MALFORMED,      /**< not a whole IP packet, or ESP shorter than its header, IV and ICV. */
    S2S_DROP_UNKNOWN_SPI,    /**< no inbound SA has this SPI (RFC 4301 section 5.2). */
    S2S_DROP_REPLAY,         /**< sequence number seen or left of the window (RFC 4303 section 3.4.3). */
    S2S_DROP_INTEGRITY,      /**< ICV did not verify. */
    S2S_DROP_PADDING,        /**< padding or next header is not what RFC 4303 section 2.4 allows. */
    S2S_DROP_SELECTOR_IN,    /**< the decrypted packet is outside the SA's selectors (RFC 4301 section 5.2). */
    S2S_DROP_SELECTOR_OUT,   /**< the clear packet is outside the SA's selectors. */
    S2S_DROP_NO_ROUTE,       /**< no VPN route covers the destination; inbound: link-local, and no address of ours. */
    S2S_DROP_NO_SA,          /**< the route's tunnel has no outbound SA at present. */
    S2S_DROP_TOO_BIG,        /**< larger than the tunnel's MTU with DF set, or IPv6; the sender was told. */
    S2S_DROP_SEQUENCE,       /**< the sequence number would wrap without ESN (RFC 4303 section 2.2). */
    S2S_DROP_DUMMY,          /**< next header 59: traffic-flow confidentiality packet (RFC 4303 section 2.6). */
    S2S_DROP_NO_BUFFER,      /**< the entry has too little headroom or tailroom. */
    S2S_DROP_LOOP,           /**< an outer packet came in as an inner one. */
    S2S_DROP_TTL,            /**< inner hop limit exhausted. */
    S2S_DROP_ECN,            /**< congestion was marked outside on a packet that cannot carry it (RFC 6040 section 4.2). */
    S2S_DROP_CRYPTO,         /**< the crypto provider failed. */
    S2S_DROP_TRANSIT,        /**< decrypted, and for none of the gateway's networks (gateway.transit is off). */
    S2S_DROP_REASONS         /**< number of reasons. */
};

/**
 * One entry of a batch. The caller fills everything above the line; the library rewrites offset, length, local,
 * remote, and the fields below the line.
 */
struct s2s_packet {
    uint8_t *buffer;  /**< the caller's memory, owned by the caller throughout. */
    size_t capacity;  /**< bytes of buffer. */
    size_t offset;    /**< where data starts. */
    size_t length;    /**< bytes of data. */
    uint8_t kind;     /**< enum s2s_packet_kind. */
    uint8_t tos;      /**< outer DSCP and ECN: read on inbound packets for ECN (RFC 6040), written on outbound ones. */
    uint8_t device;   /**< which TUN an inner packet came from or goes to (0 the gateway's own). */
    bool dont_fragment; /**< outer DF bit to set (RFC 4301 section 8.1). */
    uint16_t segment_size;    /**< super-packet: payload bytes of each segment; 0 = an ordinary packet. */
    uint16_t checksum_start;  /**< super-packet: where the partial checksum starts, relative to data. */
    uint16_t checksum_offset; /**< super-packet: where it is stored, relative to checksum_start. */
    struct s2s_endpoint local;  /**< inbound: address and port it arrived at; outbound: source to use. */
    struct s2s_endpoint remote; /**< inbound: where it came from; outbound: destination. */
    /* ---- written by the library ---- */
    uint8_t verdict; /**< enum s2s_packet_verdict. */
    uint8_t reason;  /**< enum s2s_drop_reason. */
    uint32_t sa;     /**< handle of the SA used, 0 = none. */
    uint32_t tunnel; /**< id of the tunnel used, 0 = none. */
    uint64_t sequence; /**< ESP sequence number used or seen. */
};

/** Short text of a drop reason ("replay", "unknown_spi"), static storage; also the name of its counter. */
S2S_API const char *s2s_drop_reason_name(int reason);

S2S_EXTERN_C_END
#endif
