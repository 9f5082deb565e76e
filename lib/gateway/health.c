/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/health.h"

#include "lib/gateway/objects.h"

#define SILENCE (1 * (s2s_time)S2S_SECOND)           /* out without in: ask */
#define ASK_INTERVAL (500 * (s2s_time)S2S_MILLISECOND) /* and again */
#define ASK_TIMES 3                                   /* then it is a verdict */
#define ASK_PAUSE (3 * (s2s_time)S2S_SECOND)         /* between two doubts: asymmetric paths are asked this often */

void s2si_health_init(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_health *health = &tunnel->health;
    s2si_timer_init(&health->timer, S2SI_TIMER_HEALTH, tunnel);
    health->address_present = true;
    health->since = now;
}

void s2si_health_free(s2s_tunnel *tunnel)
{
    s2si_timer_disarm(&tunnel->engine->timers, &tunnel->health.timer);
}

bool s2si_health_possible(const s2s_tunnel *tunnel)
{
    return tunnel->health.child_up && tunnel->health.address_present;
}

/* The outcome of all inputs. Whoever changed one calls this with the cause and when it began. */
static void judge(s2s_tunnel *tunnel, enum s2s_trigger trigger, s2s_time trigger_at, s2s_time now)
{
    struct s2si_health *health = &tunnel->health;
    bool usable = s2si_health_possible(tunnel) && !health->draining && !health->probe_bad && health->doubt != S2SI_DOUBT_DEAD;
    if (usable != health->usable) {
        health->usable = usable;
        health->since = now;
        health->good_since = usable ? now : 0;
        health->trigger = usable ? S2S_TRIGGER_RECOVERED : trigger;
        health->trigger_at = trigger_at;
    }
    /* With one egress for the gateway, what another connection alone carries lives by that one's tunnels (route_table.c). */
    if (tunnel->gateway->profile->routing.egress_per_gateway)
        s2si_routes_dirty(tunnel->gateway);
    s2si_select_run(tunnel->gateway, trigger, now);
}

static void clear_doubt(s2s_tunnel *tunnel)
{
    tunnel->health.doubt = S2SI_DOUBT_NONE;
    s2si_timer_disarm(&tunnel->engine->timers, &tunnel->health.timer);
}

/* An answer or a packet: whatever came proves that the far end and its way to us are alive. */
static void calm(s2s_tunnel *tunnel, s2s_time now)
{
    bool was_dead = tunnel->health.doubt == S2SI_DOUBT_DEAD;
    clear_doubt(tunnel);
    if (was_dead)
        judge(tunnel, S2S_TRIGGER_RECOVERED, now, now);
}

static void ask(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_health *health = &tunnel->health;
    (void)s2si_tunnel_liveness(tunnel, now); /* while another request is outstanding, that one asks */
    health->asked++;
    (void)s2si_timer_arm(&tunnel->engine->timers, &health->timer, now + ASK_INTERVAL); /* without memory: DPD decides */
}

void s2si_health_tunnel_changed(s2s_tunnel *tunnel, enum s2s_trigger trigger, s2s_time now)
{
    struct s2si_health *health = &tunnel->health;
    bool was_up = health->child_up;
    health->child_up = tunnel->up_in && tunnel->up_out;
    if (health->child_up && !was_up) {
        clear_doubt(tunnel);
        health->probe_bad = false; /* a new pair of SAs deserves a fair trial */
    }
    judge(tunnel, trigger, now, now);
    s2si_probe_changed(tunnel, now);
}

void s2si_health_drain(s2s_tunnel *tunnel, bool draining, enum s2s_trigger trigger, s2s_time now)
{
    tunnel->health.draining = draining;
    judge(tunnel, trigger, now, now);
}

void s2si_health_doubt(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_health *health = &tunnel->health;
    if (health->doubt != S2SI_DOUBT_NONE || !health->child_up)
        return;
    health->doubt = S2SI_DOUBT_ASKING;
    health->asked = 0;
    health->asked_at = now;
    ask(tunnel, now);
}

/* No answer yet. A dead one is asked on, so that its return is seen. */
void s2si_health_timer(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_health *health = &tunnel->health;
    if (health->doubt == S2SI_DOUBT_NONE || !health->child_up)
        return;
    bool verdict = health->doubt == S2SI_DOUBT_ASKING && health->asked >= ASK_TIMES;
    if (verdict)
        health->doubt = S2SI_DOUBT_DEAD;
    ask(tunnel, now);
    if (verdict)
        judge(tunnel, S2S_TRIGGER_LIVENESS, health->asked_at, now);
}

void s2si_health_alive(s2s_tunnel *tunnel, s2s_time round_trip, s2s_time now)
{
    (void)round_trip;
    if (tunnel->health.doubt != S2SI_DOUBT_NONE)
        calm(tunnel, now);
}

void s2si_health_seen(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->health.doubt != S2SI_DOUBT_NONE)
        calm(tunnel, now);
}

void s2si_health_sent(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_health *health = &tunnel->health;
    if (health->doubt != S2SI_DOUBT_NONE || now < tunnel->traffic.last_in + SILENCE || now < health->asked_at + ASK_PAUSE)
        return;
    s2si_health_doubt(tunnel, now);
}

void s2si_health_address(s2s_tunnel *tunnel, bool present, s2s_time now)
{
    tunnel->health.address_present = present;
    judge(tunnel, present ? S2S_TRIGGER_RECOVERED : S2S_TRIGGER_ADDRESS_LOST, now, now);
}

void s2si_health_probe(s2s_tunnel *tunnel, bool bad, s2s_time since, s2s_time now)
{
    if (tunnel->health.probe_bad == bad)
        return;
    tunnel->health.probe_bad = bad;
    s2si_event_tunnel(tunnel, bad ? S2S_EVENT_PROBE_DOWN : S2S_EVENT_PROBE_UP, bad ? S2S_LOG_WARNING : S2S_LOG_NOTICE, NULL,
                      bad ? "probe: no answer by this tunnel" : "probe: answered again by this tunnel");
    judge(tunnel, bad ? S2S_TRIGGER_PROBE : S2S_TRIGGER_RECOVERED, since, now);
}

void s2si_health_bgp(s2s_tunnel *tunnel, bool bad, s2s_time now)
{
    if (tunnel->health.bgp_bad == bad)
        return;
    tunnel->health.bgp_bad = bad;
    if (!bad)
        tunnel->health.good_since = tunnel->health.usable ? now : 0; /* the hold-down counts from when all is well */
    s2si_select_run(tunnel->gateway, bad ? S2S_TRIGGER_BGP : S2S_TRIGGER_RECOVERED, now);
}

bool s2si_health_dead(const s2s_tunnel *tunnel)
{
    return tunnel->health.probe_bad || tunnel->health.doubt == S2SI_DOUBT_DEAD;
}
