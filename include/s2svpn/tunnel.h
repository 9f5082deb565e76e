/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file tunnel.h
 * One tunnel of an IPsec connection: its keys, IKE and IPsec settings, dead-peer detection, NAT traversal, probe, inside
 * addresses and BGP session settings. Tunnels count from 1; alibaba calls tunnel 1 master and tunnel 2 slave.
 * A member that is S2S_UNSET, NULL, or a list of count 0 takes the profile's default.
 */
#ifndef S2SVPN_TUNNEL_H
#define S2SVPN_TUNNEL_H

#include <s2svpn/algorithm.h>
#include <s2svpn/error.h>
#include <s2svpn/profile.h>
#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_tunnel s2s_tunnel;

#define S2S_ALGORITHMS 16
/** Algorithms, best first; count 0 = the profile's default. */
struct s2s_algorithm_list {
    uint8_t count;
    uint16_t items[S2S_ALGORITHMS]; /**< enum s2s_algorithm; for pfs S2S_ALG_NONE means "disabled". */
};

enum s2s_startup_action { S2S_STARTUP_ADD = 0, S2S_STARTUP_TRAP = 1, S2S_STARTUP_START = 2 };
enum s2s_encapsulation { S2S_ENCAPSULATION_AUTO = 0, S2S_ENCAPSULATION_ALWAYS = 1, S2S_ENCAPSULATION_NEVER = 2 };
enum s2s_ike_version { S2S_IKEV1 = 1, S2S_IKEV2 = 2 };
enum s2s_dpd_action { S2S_DPD_CLEAR = 0, S2S_DPD_NONE = 1, S2S_DPD_RESTART = 2 };
enum s2s_auth_method { S2S_AUTH_PSK = 0 };

struct s2s_tunnel_params {
    size_t struct_size;
    int enabled;                    /**< 0 or 1; default 1. */
    const char *customer_gateway;   /**< name; NULL = the connection's. */
    struct s2s_addr local_address;  /**< what we bind; family 0 = by position in gateway.addresses (design section 6). */
    int auth_method;                /**< enum s2s_auth_method. */
    const uint8_t *psk;             /**< secret; NULL = made by the cloud's rule. */
    size_t psk_length;
    int startup_action;             /**< enum s2s_startup_action. */
    int nat_traversal;              /**< 0 or 1. */
    int encapsulation;              /**< enum s2s_encapsulation. */
    /* ike */
    int ike_version;                /**< 1, 2, or 3 = both. */
    const char *ike_mode;           /**< IKEv1 only: "main" or "aggressive". */
    struct s2s_algorithm_list ike_encryption, ike_integrity, ike_prf, ike_dh_group;
    int ike_lifetime;               /**< seconds. */
    const char *local_id, *remote_id; /**< IP literal, name or "@name", "keyid:..."; default own and customer-gateway address. */
    /* ipsec */
    struct s2s_algorithm_list ipsec_encryption, ipsec_integrity, ipsec_pfs;
    int ipsec_lifetime;             /**< seconds. */
    int replay_window;              /**< packets, 32..4096. */
    int esn;                        /**< 1 offers both, 0 offers none. */
    /* rekey */
    int rekey_margin;               /**< seconds; unset = profile's, cut to a tenth of the lifetime. */
    int rekey_fuzz;                 /**< percent, 0..100. */
    /* dpd */
    int dpd_enable, dpd_delay, dpd_timeout; /**< seconds. */
    int dpd_action;                 /**< enum s2s_dpd_action. */
    /* probe */
    int probe_enable;
    struct s2s_addr probe_source, probe_target; /**< family 0 = inside addresses. */
    int probe_interval_ms, probe_retry;
    /* bgp */
    struct s2s_prefix bgp_tunnel_cidr; /**< the inside /30; family 0 = none. */
    struct s2s_addr bgp_local_ip, bgp_peer_ip; /**< family 0 = by the cloud's rule. */
    int bgp_hold_time, bgp_keepalive;  /**< seconds. */
    const char *bgp_import, *bgp_export; /**< policy as JSON text, NULL = the profile's. */
    int bgp_max_prefix, bgp_passive, bgp_ttl_security, bgp_graceful_restart;
};
/** Everything unset. */
S2S_API void s2s_tunnel_params_init(struct s2s_tunnel_params *params, size_t struct_size);

/** Tunnel states; the profile prints them in the cloud's words. */
enum s2s_tunnel_status {
    S2S_TUNNEL_DISABLED = 0,
    S2S_TUNNEL_DOWN,          /**< no IKE_SA and nothing under way (waits for the peer or for traffic). */
    S2S_TUNNEL_CONNECTING,    /**< IKE_SA_INIT or IKE_AUTH under way. alibaba: ike_sa_not_established. */
    S2S_TUNNEL_IKE_UP,        /**< IKE_SA, no CHILD_SA. alibaba: ipsec_sa_not_established. */
    S2S_TUNNEL_UP,            /**< IKE_SA and CHILD_SA. alibaba: ipsec_sa_established. */
    S2S_TUNNEL_DRAINING       /**< being taken down in a planned way. */
};

/** State, negotiated algorithms and counters of one tunnel. Strings are borrowed until the next call into the engine. */
struct s2s_tunnel_state {
    size_t struct_size;
    uint32_t index, id;
    enum s2s_tunnel_status status;
    const char *status_text;   /**< in the gateway profile's words: "ipsec_sa_established", "UP", ... */
    const char *role;          /**< "master", "slave" or "". */
    bool active;               /**< carries its connection's (aws: gateway's) outbound traffic. */
    bool probe_ok, probe_running;
    s2s_time last_change, last_seen;
    struct s2s_endpoint local, remote;
    bool nat_local, nat_remote, udp_encapsulation, initiator;
    enum s2s_algorithm ike_encryption, ike_integrity, ike_prf, ike_group;         /**< negotiated; NONE before. */
    enum s2s_algorithm ipsec_encryption, ipsec_integrity, ipsec_group;
    bool esn;
    uint64_t ike_spi_i, ike_spi_r;
    uint32_t spi_in, spi_out;
    uint64_t bytes_in, bytes_out, packets_in, packets_out; /**< inner bytes, totals over rekeys. */
    uint64_t drops_in, drops_out, ike_rekeys, ipsec_rekeys;
    int last_reason;           /**< enum s2s_reason. */
    const char *last_error;    /**< one sentence, or "". */
    uint16_t mtu, mss;         /**< computed. */
    s2s_time established_at;   /**< the IKE_SA stands since; 0 or S2S_TIME_NEVER = it does not. */
    s2s_time rekey_ike_at, rekey_ipsec_at; /**< next rekey that this end begins; S2S_TIME_NEVER or 0 = none planned. */
    uint64_t retransmits, attempts;        /**< of IKE requests; of IKE_SA_INIT as initiator. */
};
/** @return 0 or S2S_ERR_INVALID. state->struct_size is set by the caller. */
S2S_API int s2s_tunnel_get(const s2s_tunnel *tunnel, struct s2s_tunnel_state *state);
/** What holds after defaults, profile and changes; the PSK is left out (NULL). Pointers are borrowed until the tunnel changes. */
S2S_API int s2s_tunnel_effective(const s2s_tunnel *tunnel, struct s2s_tunnel_params *params);
/** Packets of this tunnel that were dropped for a reason (enum s2s_drop_reason, packet.h), both directions, over rekeys; 0 for
 *  a reason that does not exist. Packets that never found a tunnel are in s2s_engine_stats only. */
S2S_API uint64_t s2s_tunnel_drops(const s2s_tunnel *tunnel, int reason);
struct s2s_esp_sa_stats;
/** Counters of the newest SA of one direction, since its own start (esp.h). stats->struct_size is set by the caller.
 *  @return 0, S2S_ERR_NOT_FOUND (there is none, or the kernel does ESP), S2S_ERR_INVALID. */
S2S_API int s2s_tunnel_sa(const s2s_tunnel *tunnel, bool inbound, struct s2s_esp_sa_stats *stats);
/** The name of a status in English for people. */
S2S_API const char *s2s_tunnel_status_name(int status);
/** Changes settings as the cloud's ModifyTunnel does: members that are unset stay. Moves traffic first, then renegotiates
 *  if the change needs it. @return 0, S2S_ERR_CONFIG (nothing changed; see the engine's error list), S2S_ERR_NO_MEMORY. */
S2S_API int s2s_tunnel_modify(s2s_tunnel *tunnel, const struct s2s_tunnel_params *changes, s2s_time now);
/** Takes the tunnel down in the planned way and brings it up again. A far end that answers nothing is not waited for: the new
 *  IKE_SA is begun after a second, beside the old one. @return 0 or S2S_ERR_STATE (disabled). */
S2S_API int s2s_tunnel_restart(s2s_tunnel *tunnel, s2s_time now);
/** What s2s_tunnel_rekey() replaces. */
enum s2s_rekey { S2S_REKEY_IPSEC = 0, S2S_REKEY_IKE = 1 };
/** New keys now instead of when the lifetime asks for them; nothing is lost (RFC 7296 section 2.8). The events IPSEC_REKEYED and
 *  IKE_REKEYED tell when it is done; a rekey of the same kind that is under way already is not doubled.
 *  @param what enum s2s_rekey. @return 0, S2S_ERR_INVALID, S2S_ERR_STATE (there is no such SA). */
S2S_API int s2s_tunnel_rekey(s2s_tunnel *tunnel, int what, s2s_time now);
/** Negotiates now, whatever its startup_action; a tunnel that is up or under way is left alone. @return 0 or S2S_ERR_STATE
 *  (disabled, being taken down, or its address is not there). */
S2S_API int s2s_tunnel_start(s2s_tunnel *tunnel, s2s_time now);
/** The PSK in use, for device files only. @return 0 or S2S_ERR_BUFFER; *length is set. */
S2S_API int s2s_tunnel_psk(const s2s_tunnel *tunnel, uint8_t *out, size_t capacity, size_t *length);

S2S_EXTERN_C_END
#endif
