/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to ask. An ICMP echo between the inside addresses, sealed with the tunnel's own outbound SA: it tries the very
 * path of the data; the answer must come in by the same tunnel. Where the selectors do not allow that (policy mode without
 * the inside /30), an empty INFORMATIONAL. A failed probe moves traffic; it never deletes an SA: that is dead-peer
 * detection's (RFC 7296 section 2.4).
 */
#include "lib/gateway/probe.h"

#include <string.h>

#include "lib/gateway/objects.h"

/* A deleted connection has no peer any more while a slow kernel still takes its SAs away. */
static bool wanted(const s2s_tunnel *tunnel)
{
    return tunnel->effective.probe_enable == 1 && tunnel->health.child_up && tunnel->peer;
}

static s2s_time interval(const s2s_tunnel *tunnel)
{
    int ms = tunnel->effective.probe_interval_ms;
    return (s2s_time)(ms > 0 ? ms : 1000) * S2S_MILLISECOND;
}

static const struct s2s_addr *source(const s2s_tunnel *tunnel)
{
    return tunnel->effective.probe_source.family ? &tunnel->effective.probe_source : &tunnel->inside_local;
}

static const struct s2s_addr *target(const s2s_tunnel *tunnel)
{
    return tunnel->effective.probe_target.family ? &tunnel->effective.probe_target : &tunnel->inside_remote;
}

static bool listed(const struct s2s_selector *selectors, size_t count, const struct s2s_addr *addr)
{
    uint8_t icmp = addr->family == 4 ? S2SI_PROTO_ICMP : S2SI_PROTO_ICMPV6;
    for (size_t i = 0; i < count; i++)
        if (s2si_selector_has(&selectors[i], addr, icmp, false, 0))
            return true;
    return false;
}

/* Whether the negotiated selectors let an echo between the two addresses through. */
static bool echo_possible(const s2s_tunnel *tunnel)
{
    const struct s2s_addr *from = source(tunnel), *to = target(tunnel);
    if (!tunnel->engine->datapath.esp || !tunnel->sa_out || !from->family || from->family != to->family)
        return false;
    for (const struct s2si_ike_child *child = s2si_ike_child_next(tunnel->peer, NULL); child;
         child = s2si_ike_child_next(tunnel->peer, child))
        if (child->spi_in == tunnel->spi_in)
            return listed(child->local_ts, child->local_ts_count, from) && listed(child->remote_ts, child->remote_ts_count, to);
    return false;
}

void s2si_probe_init(s2s_tunnel *tunnel)
{
    memset(&tunnel->probe, 0, sizeof tunnel->probe);
    s2si_timer_init(&tunnel->probe.timer, S2SI_TIMER_PROBE, tunnel);
    tunnel->probe.id = (uint16_t)(0x5253u ^ tunnel->id);
}

void s2si_probe_stop(s2s_tunnel *tunnel)
{
    s2si_timer_disarm(&tunnel->engine->timers, &tunnel->probe.timer);
    tunnel->probe.running = tunnel->probe.waiting = false;
    tunnel->probe.missed = 0;
}

void s2si_probe_changed(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_probe *probe = &tunnel->probe;
    if (!wanted(tunnel)) {
        s2si_probe_stop(tunnel);
        return;
    }
    if (probe->running)
        return;
    probe->running = true;
    probe->waiting = false;
    probe->missed = 0;
    (void)s2si_timer_arm(&tunnel->engine->timers, &probe->timer, now);
}

/* ---- asking ---- */

static bool send_echo(s2s_tunnel *tunnel, s2s_time now)
{
    static const uint8_t payload[8] = "s2sprobe";
    uint8_t packet[128];
    struct s2si_probe *probe = &tunnel->probe;
    size_t length = s2si_ip_echo(source(tunnel), target(tunnel), false, probe->id, ++probe->sequence, payload, sizeof payload,
                                 packet, sizeof packet);
    return length && s2si_datapath_send_by(tunnel, packet, length, now);
}

/* @return false if nothing could be asked now: another IKE request is outstanding, the probe pauses. */
static bool ask(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_probe *probe = &tunnel->probe;
    probe->by_ike = !echo_possible(tunnel);
    return probe->by_ike ? s2si_tunnel_liveness(tunnel, now) == S2S_OK : send_echo(tunnel, now);
}

static void count_missed(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_probe *probe = &tunnel->probe;
    int retry = tunnel->effective.probe_retry > 0 ? tunnel->effective.probe_retry : 3;
    if (probe->missed == 0)
        probe->doubt_since = probe->sent;
    if (probe->missed < UINT8_MAX)
        probe->missed++;
    if (probe->missed >= retry)
        s2si_health_probe(tunnel, true, probe->doubt_since, now);
}

void s2si_probe_timer(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_probe *probe = &tunnel->probe;
    if (!wanted(tunnel)) {
        s2si_probe_stop(tunnel);
        return;
    }
    if (probe->waiting)
        count_missed(tunnel, now);
    probe->waiting = ask(tunnel, now);
    if (probe->waiting)
        probe->sent = now;
    (void)s2si_timer_arm(&tunnel->engine->timers, &probe->timer, now + interval(tunnel));
}

/* ---- answers ---- */

static void answered(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_probe *probe = &tunnel->probe;
    probe->waiting = false;
    probe->missed = 0;
    probe->ok = true;
    probe->answered = now;
    s2si_health_probe(tunnel, false, now, now);
}

void s2si_probe_alive(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->probe.running && tunnel->probe.by_ike)
        answered(tunnel, now);
}

bool s2si_probe_answer(s2s_tunnel *tunnel, const uint8_t *packet, const struct s2si_ip *ip, s2s_time now)
{
    const struct s2si_probe *probe = &tunnel->probe;
    const uint8_t reply = ip->version == 4 ? 0 : 129;
    if (!probe->running || probe->by_ike || ip->fragment || ip->total_length < ip->header_length + 8 ||
        (ip->protocol != S2SI_PROTO_ICMP && ip->protocol != S2SI_PROTO_ICMPV6))
        return false;
    const uint8_t *icmp = packet + ip->header_length;
    if (icmp[0] != reply || s2si_get_u16(icmp + 4) != probe->id || !s2si_addr_equal(&ip->source, target(tunnel)))
        return false;
    answered(tunnel, now);
    return true;
}
