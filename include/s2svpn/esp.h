/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file esp.h
 * The ESP engine by itself (RFC 4303, tunnel mode), for users who own their packet I/O. The gateway uses it too; who
 * drives an s2s_engine needs nothing of this file.
 *
 *     s2s_esp_new ──> s2s_esp_sa_add (keys from IKE) ──> s2s_esp_seal / s2s_esp_open on batches ──> s2s_esp_free
 *
 * Packets are worked on in place in the caller's buffers (s2svpn/packet.h): no allocation, no lock and no copy per
 * packet. An engine belongs to one thread at a time; SAs change between batches.
 *
 * Suites: AES-GCM-16 (RFC 4106), ChaCha20-Poly1305 (RFC 7634), AES-CBC (RFC 3602) with HMAC (RFC 2404, 4868), as far as
 * the crypto provider has them; raw ESP or UDP encapsulation (RFC 3948); 32-bit or extended sequence numbers.
 */
#ifndef S2SVPN_ESP_H
#define S2SVPN_ESP_H

#include <s2svpn/algorithm.h>
#include <s2svpn/crypto.h>
#include <s2svpn/error.h>
#include <s2svpn/packet.h>
#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_esp s2s_esp;

/** Handle of an SA: 0 is none; a handle is never valid again after its SA was deleted. */
typedef uint32_t s2s_esp_sa;

#define S2S_ESP_WINDOW_MIN 32     /**< smallest replay window in packets (RFC 4303 section 3.4.3). */
#define S2S_ESP_WINDOW_MAX 4096   /**< largest one. */
#define S2S_ESP_MAX_SELECTORS 255 /**< per side; what a TS payload can hold (RFC 7296 section 3.13). */

/* ---- engine ---- */

struct s2s_esp_params {
    size_t struct_size;
    const struct s2s_allocator *allocator;      /**< NULL = malloc; copied. */
    const struct s2s_crypto_provider *provider; /**< must outlive the engine. */
    void *crypto_context; /**< an open context of provider, borrowed; NULL = open one of our own. */
    uint32_t max_sas;     /**< both directions; 1..65535, default 1024. */
};

/** Fills in the defaults. size is sizeof *params. */
S2S_API void s2s_esp_params_init(struct s2s_esp_params *params, size_t size);
/** @return 0, S2S_ERR_INVALID (provider missing or incomplete, max_sas out of range), S2S_ERR_NO_MEMORY,
 * S2S_ERR_CRYPTO. */
S2S_API int s2s_esp_new(const struct s2s_esp_params *params, s2s_esp **esp);
/** Deletes all SAs, wipes, frees; NULL is allowed. */
S2S_API void s2s_esp_free(s2s_esp *esp);

/* ---- SAs ---- */

enum s2s_esp_direction { S2S_ESP_INBOUND = 1, S2S_ESP_OUTBOUND = 2 };
enum s2s_esp_encapsulation { S2S_ESP_RAW = 0 /**< IP protocol 50 */, S2S_ESP_UDP = 1 /**< RFC 3948 */ };
/** DF bit of the outer IPv4 header (RFC 4301 section 8.1). */
enum s2s_esp_df { S2S_ESP_DF_COPY = 0, S2S_ESP_DF_SET = 1, S2S_ESP_DF_CLEAR = 2 };

/** One direction of a CHILD_SA. Everything is copied; the keys go to the provider alone and may be wiped afterwards. */
struct s2s_esp_sa_params {
    size_t struct_size;
    enum s2s_esp_direction direction;
    uint32_t spi;                             /**< host order, not 0 (RFC 4303 section 2.1). */
    enum s2s_algorithm encryption, integrity; /**< integrity is S2S_ALG_NONE with AEAD, and only then. */
    const uint8_t *encryption_key;            /**< lengths must be those of s2s_algorithm_info(). */
    size_t encryption_key_length;
    const uint8_t *salt; /**< AEAD only. */
    size_t salt_length;
    const uint8_t *integrity_key; /**< CBC + HMAC only. */
    size_t integrity_key_length;
    bool esn;               /**< extended sequence numbers (RFC 4303 section 2.2.1). */
    uint32_t replay_window; /**< inbound: packets, S2S_ESP_WINDOW_MIN..S2S_ESP_WINDOW_MAX, exact; default 1024. */
    enum s2s_esp_encapsulation encapsulation; /**< outbound; inbound SAs take both, as NAT mappings come and go. */
    struct s2s_endpoint local, remote;        /**< outer addresses; ports with S2S_ESP_UDP. */
    /** Traffic selectors (RFC 4301 section 4.4.1): a packet must match one of each list. At least one each; for
     * everything name 0.0.0.0-255.255.255.255 and ::-ffff:..:ffff. local is this gateway's side in both directions. */
    const struct s2s_selector *local_selectors, *remote_selectors;
    size_t local_selector_count, remote_selector_count;
    uint64_t owner;     /**< the caller's word for whose SA it is; the low 32 bits come back in s2s_packet.tunnel. */
    bool copy_dscp;     /**< outbound: DSCP to the outer header (RFC 4301 section 5.1.2.1); default true, else 0. */
    enum s2s_esp_df df; /**< outbound: default S2S_ESP_DF_COPY. */
    /** Outbound: when the sequence number reaches this, s2s_esp_next_soft_limit() names the SA, so that IKE can rekey
     *  in time. 0 = fifteen sixteenths of the number space. */
    uint64_t soft_limit;
    /** For tests and takeovers: outbound, the last number used; inbound, the highest number seen, all below count as
     * seen. */
    uint64_t initial_sequence;
    /** For known-answer tests: XORed to the counter IV of AEAD suites; any constant keeps IVs unique. 0 otherwise. */
    uint64_t iv_mask;
};

/** Fills in the defaults. size is sizeof *params. */
S2S_API void s2s_esp_sa_params_init(struct s2s_esp_sa_params *params, size_t size);

/**
 * Adds an SA. @return 0 and its handle, or S2S_ERR_INVALID (a value out of range; key of a wrong length; no selectors),
 * S2S_ERR_UNSUPPORTED (the provider lacks an algorithm), S2S_ERR_EXISTS (an inbound SA has this SPI), S2S_ERR_LIMIT
 * (max_sas), S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO.
 */
S2S_API int s2s_esp_sa_add(s2s_esp *esp, const struct s2s_esp_sa_params *params, s2s_esp_sa *sa);
/** Deletes an SA, wipes its keys. @return 0 or S2S_ERR_NOT_FOUND (also for the handle of an SA that is gone). */
S2S_API int s2s_esp_sa_delete(s2s_esp *esp, s2s_esp_sa sa);
/** Another remote endpoint: the peer's NAT mapping changed (RFC 7296 section 2.23). @return as delete. */
S2S_API int s2s_esp_sa_set_remote(s2s_esp *esp, s2s_esp_sa sa, const struct s2s_endpoint *remote);
/** Another local endpoint: this gateway's address changed. @return as delete. */
S2S_API int s2s_esp_sa_set_local(s2s_esp *esp, s2s_esp_sa sa, const struct s2s_endpoint *local);
/** The inbound SA of an SPI, 0 if there is none. */
S2S_API s2s_esp_sa s2s_esp_sa_find(const s2s_esp *esp, uint32_t spi);
/** Draws an SPI (256 and up) that no inbound SA has. It is not reserved. @return 0 or S2S_ERR_CRYPTO. */
S2S_API int s2s_esp_spi_draw(s2s_esp *esp, uint32_t *spi);

struct s2s_esp_sa_stats {
    size_t struct_size;
    enum s2s_esp_direction direction;
    uint32_t spi;
    uint64_t owner;
    struct s2s_endpoint local, remote;
    uint64_t packets, bytes; /**< sealed, or delivered; bytes of the inner packets. */
    uint64_t drops[S2S_DROP_REASONS];
    s2s_time last;     /**< time of the latest packet sealed, or that verified; S2S_TIME_NEVER = none yet. */
    uint64_t sequence; /**< outbound: last used; inbound: highest seen. */
    bool soft_limit_reached;
};
/** Fills stats, whose struct_size the caller set. @return 0, S2S_ERR_NOT_FOUND, S2S_ERR_INVALID (struct_size). */
S2S_API int s2s_esp_sa_get_stats(const s2s_esp *esp, s2s_esp_sa sa, struct s2s_esp_sa_stats *stats);

/** The next outbound SA that passed its soft limit since it was last named here (each is named once), or 0. Cheap. */
S2S_API s2s_esp_sa s2s_esp_next_soft_limit(s2s_esp *esp);

/* ---- packets ---- */

/**
 * Encrypts inner packets. Each entry of kind S2S_PACKET_INNER names its outbound SA in .sa; entries of other kinds and
 * with sa 0 are left as they are. Wants S2S_PACKET_HEADROOM in front and S2S_PACKET_TAILROOM behind (less may do,
 * depending on the suite). Entries come back with one of these verdicts:
 *
 * - S2S_VERDICT_SEND_ESP or _SEND_UDP: data is the ESP packet, local and remote where it goes, tos and dont_fragment
 *   for the outer header (RFC 4301 section 5.1.2, RFC 6040 section 4.1); sequence and tunnel are set.
 * - S2S_VERDICT_DROP: reason is MALFORMED, NO_SA (stale handle or an inbound SA), SELECTOR_OUT, SEQUENCE, NO_BUFFER,
 *   TOO_BIG (super-packets are not taken; over 65535 bytes) or CRYPTO.
 *
 * Whether the result fits the path is the caller's business: see s2s_esp_mtu(). @return how many were sealed.
 */
S2S_API size_t s2s_esp_seal(s2s_esp *esp, struct s2s_packet *batch, size_t count, s2s_time now);

/**
 * Decrypts. Takes entries of kind S2S_PACKET_ESP and S2S_PACKET_UDP (data starts with the SPI in both; see
 * s2s_esp_udp_content() for what else comes in on port 4500) and leaves others as they are. The order is that of RFC
 * 4303 section 3.4 and RFC 4301 section 5.2: SPI, replay check, verify and decrypt, replay check and update, padding
 * and next header, inner packet against the SA's selectors. A packet that does not verify never moves the window, and
 * of two copies in one batch one is dropped. Entries come back with one of these verdicts:
 *
 * - S2S_VERDICT_DELIVER: data is the inner packet, its ECN field combined with tos (RFC 6040 section 4.2); sa, tunnel
 *   and sequence are set; local and remote stay as they arrived, so that a changed NAT mapping can be seen.
 * - S2S_VERDICT_DROP: reason is MALFORMED, UNKNOWN_SPI, REPLAY, INTEGRITY, PADDING, SELECTOR_IN, DUMMY, ECN, NO_BUFFER
 *   or CRYPTO; sa is set if the SPI was known. PADDING, SELECTOR_IN, DUMMY and ECN are given to packets that verified,
 *   so they are the peer's.
 *
 * @return how many are to be delivered.
 */
S2S_API size_t s2s_esp_open(s2s_esp *esp, struct s2s_packet *batch, size_t count, s2s_time now);

/** What a UDP payload of port 4500 is (RFC 3948 section 2). */
enum s2s_esp_udp_content {
    S2S_ESP_UDP_NOTHING = 0,  /**< too short for any of these. */
    S2S_ESP_UDP_ESP = 1,      /**< starts with an SPI. */
    S2S_ESP_UDP_IKE = 2,      /**< four zero bytes, then an IKE message. */
    S2S_ESP_UDP_KEEPALIVE = 3 /**< one byte 0xff. */
};
S2S_API enum s2s_esp_udp_content s2s_esp_udp_content(const uint8_t *data, size_t length);

/** Totals over all SAs, those that are gone included, and packets that never found one. */
struct s2s_esp_stats {
    size_t struct_size;
    uint32_t inbound_sas, outbound_sas;
    uint64_t packets_in, bytes_in, packets_out, bytes_out; /**< bytes of inner packets. */
    uint64_t drops[S2S_DROP_REASONS];
};
/** Fills stats, whose struct_size the caller set. @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_esp_get_stats(const s2s_esp *esp, struct s2s_esp_stats *stats);

/* ---- sizes ---- */

/**
 * Bytes that ESP tunnel mode adds to an inner packet of this size: outer IP header (outer_family 4 or 6), UDP header if
 * encapsulated, ESP header, IV, padding, trailer, ICV. @return 0 for a pair of algorithms that cannot stand together.
 */
S2S_API size_t s2s_esp_overhead(enum s2s_algorithm encryption, enum s2s_algorithm integrity,
                                enum s2s_esp_encapsulation encapsulation, int outer_family, size_t inner_size);
/** The largest inner packet whose result is at most outer_mtu bytes; 0 if none or the pair is not possible. */
S2S_API size_t s2s_esp_mtu(enum s2s_algorithm encryption, enum s2s_algorithm integrity,
                           enum s2s_esp_encapsulation encapsulation, int outer_family, size_t outer_mtu);

S2S_EXTERN_C_END
#endif
