/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver. Everything that happens ends in one place, pump(): it pulls actions and carries them out, then hands out
 * events, in slices, and sets the timer for what is left.
 *
 *     kernel ── packets, stream, notice, complete ──> sink ──> engine        at once, then a timer for now: the kernel is never
 *                                                                            called from inside its own report
 *     kernel ── the same, from inside submit ──> inbox                       the action in hand is borrowed from the engine
 *     timer ──> tick ──> pump ──> submit ──> inbox ──> engine ── ... ──> events ──> the user's function
 *
 * So neither the engine nor the kernel is ever entered twice, whoever calls whom.
 */
#include <s2svpn/driver.h>
#include "lib/backend/driver_inbox.h"
#include "lib/backend/driver_jobs.h"
#include "lib/backend/params.h"

/* Actions and events of one slice: descriptors get their turn in between, however much a routing table has to say. */
enum { SLICE = 256 };
/* When memory was too short to keep an answer. */
enum { MEMORY_RETRY = 100 * S2S_MILLISECOND };

enum shutdown_state { RUNNING = 0, LEAVING, LEFT };

struct s2s_driver {
    struct s2si_mem mem;
    s2s_engine *engine;
    const struct s2s_loop *loop;
    const struct s2s_kernel *kernel;
    s2s_event_function event;
    void *event_user;
    struct s2s_kernel_sink sink;
    struct s2si_inbox inbox;
    struct s2si_jobs *jobs; /* NULL: inline */
    void *timer;            /* tick and pump */
    void *end_timer;        /* shutdown's timeout, and then done */
    s2s_time armed;         /* what timer is set to */
    s2s_time last;          /* the engine's time never goes backward */
    bool pumping, submitting;
    enum shutdown_state state;
    s2s_loop_timer_function done;
    void *done_user;
};

static s2s_time time_now(s2s_driver *driver)
{
    s2s_time now = driver->loop->now(driver->loop->context);
    if (now > driver->last) {
        driver->last = now;
    }
    return driver->last;
}

static void set_timer(s2s_driver *driver, s2s_time at)
{
    if (at != driver->armed) {
        driver->armed = at;
        driver->loop->timer_set(driver->loop->context, driver->timer, at);
    }
}

/* Something changed: the pump has work as soon as the loop is back. */
static void soon(s2s_driver *driver)
{
    s2s_time now = time_now(driver);
    if (driver->armed > now) {
        set_timer(driver, now);
    }
}

/* ---- what the kernel reports ---- */

static void sink_packets(void *user, struct s2s_packet *batch, size_t count)
{
    s2s_driver *driver = user;
    if (driver->submitting ||
        s2s_engine_feed_packets(driver->engine, batch, count, time_now(driver)) != 0) {
        for (size_t i = 0; i < count; i++) {
            batch[i].verdict = S2S_VERDICT_DROP;
            batch[i].reason = S2S_DROP_NONE;
        }
    }
    soon(driver);
}

static void sink_stream(void *user, const struct s2s_stream_input *input)
{
    s2s_driver *driver = user;
    if (driver->submitting) {
        s2si_inbox_stream(&driver->inbox, input);
    } else {
        (void)s2s_engine_feed_stream(driver->engine, input, time_now(driver));
    }
    soon(driver);
}

static void sink_notice(void *user, const struct s2s_kernel_notice *notice)
{
    s2s_driver *driver = user;
    if (driver->submitting) {
        s2si_inbox_notice(&driver->inbox, notice);
    } else {
        (void)s2s_engine_feed_kernel(driver->engine, notice, time_now(driver));
    }
    soon(driver);
}

static void sink_complete(void *user, uint64_t op, const struct s2s_result *result)
{
    s2s_driver *driver = user;
    if (op == 0) {
        return;
    }
    if (driver->submitting) {
        s2si_inbox_complete(&driver->inbox, op, result);
    } else {
        (void)s2s_engine_complete(driver->engine, op, result, time_now(driver));
    }
    soon(driver);
}

static size_t sink_stream_pull(void *user, uint64_t stream, uint8_t *out, size_t capacity)
{
    s2s_driver *driver = user;
    size_t length = s2s_engine_stream_pull(driver->engine, stream, out, capacity);
    soon(driver);
    return length;
}

/* ---- carrying out ---- */

static void answer(s2s_driver *driver, uint64_t op, int error)
{
    struct s2s_result result = {.struct_size = sizeof result, .error = error};
    (void)s2s_engine_complete(driver->engine, op, &result, time_now(driver));
}

static void run_job(s2s_driver *driver, const struct s2s_action *action)
{
    if (driver->jobs != NULL && s2si_jobs_put(driver->jobs, action->op, action->job) == 0) {
        return;
    }
    s2s_crypto_job_run(action->job);
    answer(driver, action->op, 0);
}

static void empty_inbox(s2s_driver *driver)
{
    struct s2si_inbox_entry *entry;
    while ((entry = s2si_inbox_take(&driver->inbox)) != NULL) {
        switch (entry->kind) {
        case S2SI_INBOX_COMPLETE:
            (void)s2s_engine_complete(driver->engine, entry->op, &entry->u.result, time_now(driver));
            break;
        case S2SI_INBOX_STREAM:
            (void)s2s_engine_feed_stream(driver->engine, &entry->u.stream, time_now(driver));
            break;
        case S2SI_INBOX_NOTICE:
            (void)s2s_engine_feed_kernel(driver->engine, &entry->u.notice, time_now(driver));
            break;
        }
        s2si_inbox_free(&driver->inbox, entry);
    }
}

/* @return false when there is no action (or no memory to keep an answer: tried again with the next tick). */
static bool carry_out_one(s2s_driver *driver)
{
    struct s2s_action action = {.struct_size = sizeof action};
    if (!s2si_inbox_reserve(&driver->inbox) || !s2s_engine_next_action(driver->engine, &action)) {
        return false;
    }
    if (action.type == S2S_ACTION_CRYPTO_JOB) {
        run_job(driver, &action);
        return true;
    }
    driver->submitting = true;
    driver->kernel->submit(driver->kernel->context, &action);
    driver->submitting = false;
    empty_inbox(driver);
    return true;
}

/* Without a function of the user's, events are left to who polls the engine himself. */
static bool hand_out_one(s2s_driver *driver)
{
    struct s2s_event event = {.struct_size = sizeof event};
    if (driver->event == NULL || !s2s_engine_next_event(driver->engine, &event)) {
        return false;
    }
    driver->event(driver->event_user, &event);
    return true;
}

/* The farewell is over: done is called from the loop, so that it may delete the driver. */
static void check_farewell(s2s_driver *driver)
{
    if (driver->state == LEAVING && s2s_engine_idle(driver->engine)) {
        driver->state = LEFT;
        driver->loop->timer_set(driver->loop->context, driver->end_timer, time_now(driver));
    }
}

static void pump(s2s_driver *driver)
{
    if (driver->pumping || driver->submitting) {
        soon(driver);
        return;
    }
    driver->pumping = true;
    driver->armed = S2S_TIME_NEVER;
    unsigned left = SLICE;
    bool more = true;
    while (left > 0 && more) {
        more = carry_out_one(driver);
        more = hand_out_one(driver) || more;
        left--;
    }
    driver->pumping = false;
    check_farewell(driver);
    s2s_time next = more ? time_now(driver) : s2s_engine_next_timeout(driver->engine);
    if (!s2si_inbox_reserve(&driver->inbox) && next > time_now(driver) + MEMORY_RETRY) {
        next = time_now(driver) + MEMORY_RETRY;
    }
    if (driver->armed > next) {
        driver->armed = next;
    }
    driver->loop->timer_set(driver->loop->context, driver->timer, driver->armed);
}

static void timer_fired(void *user)
{
    s2s_driver *driver = user;
    driver->armed = S2S_TIME_NEVER;
    (void)s2s_engine_tick(driver->engine, time_now(driver));
    pump(driver);
}

static void end_fired(void *user)
{
    s2s_driver *driver = user;
    driver->state = LEFT;
    s2s_loop_timer_function done = driver->done;
    driver->done = NULL;
    if (done != NULL) {
        done(driver->done_user);
    }
}

static void jobs_ready(void *user)
{
    s2s_driver *driver = user;
    uint64_t op;
    int error;
    while (s2si_jobs_take(driver->jobs, &op, &error)) {
        answer(driver, op, error);
    }
    pump(driver);
}

/* ---- the public functions ---- */

void s2s_driver_params_init(struct s2s_driver_params *params, size_t struct_size)
{
    const struct s2s_driver_params defaults = {.struct_size = sizeof defaults};
    s2si_params_fill(params, struct_size, &defaults, sizeof defaults);
}

static void make_sink(s2s_driver *driver)
{
    driver->sink = (struct s2s_kernel_sink){
        .struct_size = sizeof driver->sink,
        .user = driver,
        .packets = sink_packets,
        .stream = sink_stream,
        .notice = sink_notice,
        .complete = sink_complete,
        .stream_pull = sink_stream_pull,
    };
}

static int start(s2s_driver *driver, const struct s2s_driver_params *params)
{
    const struct s2s_loop *loop = driver->loop;
    int error = loop->timer_add(loop->context, timer_fired, driver, &driver->timer);
    if (error == 0) {
        error = loop->timer_add(loop->context, end_fired, driver, &driver->end_timer);
    }
    if (error == 0) {
        error = s2s_engine_set_capabilities(driver->engine, driver->kernel->capabilities);
    }
    if (error == 0 && params->job_thread) {
        error = s2si_jobs_new(params->allocator, loop, jobs_ready, driver, &driver->jobs);
    }
    return error != 0 ? error : driver->kernel->start(driver->kernel->context, loop, &driver->sink);
}

static void end_jobs(s2s_driver *driver)
{
    if (driver->jobs == NULL) {
        return;
    }
    uint64_t op;
    int error;
    s2si_jobs_stop(driver->jobs);
    while (s2si_jobs_take(driver->jobs, &op, &error)) {
        answer(driver, op, error);
    }
    s2si_jobs_delete(driver->jobs);
}

static void release(s2s_driver *driver)
{
    const struct s2s_loop *loop = driver->loop;
    end_jobs(driver);
    if (driver->timer != NULL) {
        loop->timer_remove(loop->context, driver->timer);
    }
    if (driver->end_timer != NULL) {
        loop->timer_remove(loop->context, driver->end_timer);
    }
    s2si_inbox_clear(&driver->inbox);
    struct s2si_mem mem = driver->mem;
    s2si_free(&mem, driver, sizeof *driver);
}

int s2s_driver_new(const struct s2s_driver_params *given, s2s_driver **out)
{
    struct s2s_driver_params params = {.struct_size = sizeof params};
    struct s2si_mem mem;
    if (given == NULL || out == NULL) {
        return S2S_ERR_INVALID;
    }
    s2si_params_take(&params, sizeof params, given);
    if (params.engine == NULL || params.loop == NULL || params.kernel == NULL) {
        return S2S_ERR_INVALID;
    }
    int error = s2si_mem_init(&mem, params.allocator);
    if (error != 0) {
        return error;
    }
    s2s_driver *driver = s2si_alloc(&mem, sizeof *driver);
    if (driver == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    driver->mem = mem;
    driver->engine = params.engine;
    driver->loop = params.loop;
    driver->kernel = params.kernel;
    driver->event = params.event;
    driver->event_user = params.event_user;
    driver->armed = S2S_TIME_NEVER;
    s2si_inbox_init(&driver->inbox, &driver->mem);
    make_sink(driver);
    error = start(driver, &params);
    if (error != 0) {
        release(driver);
        return error;
    }
    soon(driver);
    *out = driver;
    return 0;
}

void s2s_driver_delete(s2s_driver *driver)
{
    if (driver != NULL) {
        driver->kernel->stop(driver->kernel->context);
        release(driver);
    }
}

void s2s_driver_kick(s2s_driver *driver)
{
    pump(driver);
}

void s2s_driver_shutdown(s2s_driver *driver, s2s_time timeout, s2s_loop_timer_function done, void *user)
{
    if (driver->state != RUNNING) {
        return;
    }
    s2s_time now = time_now(driver);
    driver->state = LEAVING;
    driver->done = done;
    driver->done_user = user;
    driver->loop->timer_set(driver->loop->context, driver->end_timer, timeout < S2S_TIME_NEVER - now ? now + timeout : S2S_TIME_NEVER);
    s2s_engine_shutdown(driver->engine, now);
    pump(driver);
}
