/* SPDX-License-Identifier: Apache-2.0 */
/* The driver between a fake engine (this file has the engine's functions), a fake kernel and the manual loop. */
#include <s2svpn/driver.h>

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 2048 };

/* ---- the fake engine: hands out scripted actions and events, notes who enters it, and traps recursion ---- */

struct s2s_engine {
    struct s2s_action actions[MOST];
    size_t action_count, action_at;
    int events, events_handed;
    uint64_t completed[MOST];
    int completed_error[MOST];
    char completed_detail[64];
    size_t completed_count;
    size_t notices, streams, packets, ticks;
    char notice_device[32];
    char stream_bytes[16];
    s2s_time timeout, last;
    uint32_t capabilities;
    bool inside, shut_down, idle;
    size_t recursions;
};

struct s2s_crypto_job {
    pthread_t thread;
    bool ran;
};

static void enter(s2s_engine *engine, s2s_time now)
{
    engine->recursions += engine->inside;
    assert_true(now >= engine->last);
    engine->last = now;
}

int s2s_engine_set_capabilities(s2s_engine *engine, uint32_t capabilities)
{
    engine->capabilities = capabilities;
    return 0;
}

int s2s_engine_feed_packets(s2s_engine *engine, struct s2s_packet *batch, size_t count, s2s_time now)
{
    enter(engine, now);
    engine->packets += count;
    for (size_t i = 0; i < count; i++) {
        batch[i].verdict = S2S_VERDICT_CONSUMED;
    }
    return 0;
}

int s2s_engine_feed_stream(s2s_engine *engine, const struct s2s_stream_input *input, s2s_time now)
{
    enter(engine, now);
    engine->streams++;
    if (input->length < sizeof engine->stream_bytes) {
        memcpy(engine->stream_bytes, input->data, input->length);
    }
    return 0;
}

int s2s_engine_feed_kernel(s2s_engine *engine, const struct s2s_kernel_notice *notice, s2s_time now)
{
    enter(engine, now);
    engine->notices++;
    strncpy(engine->notice_device, notice->device != NULL ? notice->device : "", sizeof engine->notice_device - 1);
    return 0;
}

int s2s_engine_tick(s2s_engine *engine, s2s_time now)
{
    enter(engine, now);
    engine->ticks++;
    if (now >= engine->timeout) {
        engine->timeout = S2S_TIME_NEVER;
    }
    return 0;
}

s2s_time s2s_engine_next_timeout(const s2s_engine *engine)
{
    return engine->timeout;
}

bool s2s_engine_next_action(s2s_engine *engine, struct s2s_action *action)
{
    enter(engine, engine->last);
    if (engine->action_at == engine->action_count) {
        return false;
    }
    *action = engine->actions[engine->action_at++];
    return true;
}

int s2s_engine_complete(s2s_engine *engine, uint64_t op, const struct s2s_result *result, s2s_time now)
{
    enter(engine, now);
    engine->completed[engine->completed_count] = op;
    engine->completed_error[engine->completed_count++] = result->error;
    if (result->detail != NULL) {
        strncpy(engine->completed_detail, result->detail, sizeof engine->completed_detail - 1);
    }
    return 0;
}

void s2s_crypto_job_run(struct s2s_crypto_job *job)
{
    job->thread = pthread_self();
    job->ran = true;
}

size_t s2s_engine_stream_pull(s2s_engine *engine, uint64_t stream, uint8_t *out, size_t capacity)
{
    (void)stream;
    enter(engine, engine->last);
    memset(out, 'x', capacity);
    return capacity;
}

bool s2s_engine_next_event(s2s_engine *engine, struct s2s_event *event)
{
    enter(engine, engine->last);
    if (engine->events_handed == engine->events) {
        return false;
    }
    event->number = (uint64_t)++engine->events_handed;
    return true;
}

void s2s_engine_shutdown(s2s_engine *engine, s2s_time now)
{
    enter(engine, now);
    engine->shut_down = true;
}

bool s2s_engine_idle(const s2s_engine *engine)
{
    return engine->idle;
}

static struct s2s_action *script(s2s_engine *engine, enum s2s_action_type type, uint64_t op)
{
    struct s2s_action *action = &engine->actions[engine->action_count++];
    *action = (struct s2s_action){.struct_size = sizeof *action, .type = type, .op = op};
    return action;
}

/* ---- the fake kernel: answers at once, or never by itself; a SCAN tells at once what it finds ---- */

struct fake_kernel {
    struct s2s_kernel table;
    const struct s2s_kernel_sink *sink;
    s2s_engine *engine;
    bool at_once, running, reporting;
    size_t submitted, submitted_in_report;
    size_t pulled;
};

static int kernel_start(void *context, const struct s2s_loop *loop, const struct s2s_kernel_sink *sink)
{
    (void)loop;
    struct fake_kernel *kernel = context;
    kernel->sink = sink;
    kernel->running = true;
    return 0;
}

static void kernel_submit(void *context, const struct s2s_action *action)
{
    struct fake_kernel *kernel = context;
    kernel->submitted++;
    kernel->submitted_in_report += kernel->reporting;
    kernel->engine->inside = true; /* the action is borrowed: nobody may call the engine now */
    if (action->type == S2S_ACTION_SCAN) {
        char name[] = "s2s7";
        struct s2s_kernel_notice notice = {.struct_size = sizeof notice, .type = S2S_NOTICE_FOUND_DEVICE, .device = name};
        kernel->sink->notice(kernel->sink->user, &notice);
        memset(name, 'z', 4);
    }
    if (action->type == S2S_ACTION_STREAM_CONNECT) {
        char text[] = "hello";
        struct s2s_stream_input input = {.struct_size = sizeof input, .type = S2S_STREAM_DATA, .data = (uint8_t *)text, .length = 5};
        kernel->sink->stream(kernel->sink->user, &input);
        memset(text, 'z', 5);
    }
    if (kernel->at_once && action->op != 0) {
        char text[] = "no such device";
        struct s2s_result result = {.struct_size = sizeof result, .error = S2S_ERR_KERNEL, .detail = text};
        kernel->sink->complete(kernel->sink->user, action->op, &result);
        memset(text, 'z', 14);
    }
    kernel->engine->inside = false;
    if (action->type == S2S_ACTION_STREAM_WRITE) {
        uint8_t bytes[8];
        kernel->pulled += kernel->sink->stream_pull(kernel->sink->user, 1, bytes, sizeof bytes);
    }
}

static void kernel_stop(void *context)
{
    ((struct fake_kernel *)context)->running = false;
}

/* ---- the stage ---- */

struct stage {
    s2s_engine *engine;
    struct fake_kernel kernel;
    s2s_manual_loop *loop;
    s2s_driver *driver;
    int events, done;
    bool kick_in_event, shutdown_in_event, delete_in_done;
    atomic_int woken;
};

static void on_done(void *user)
{
    struct stage *stage = user;
    stage->done++;
    if (stage->delete_in_done) {
        s2s_driver_delete(stage->driver);
        stage->driver = NULL;
    }
}

static void on_event(void *user, const struct s2s_event *event)
{
    struct stage *stage = user;
    stage->events++;
    assert_int_equal(event->number, stage->events);
    if (stage->kick_in_event) {
        s2s_driver_kick(stage->driver);
    }
    if (stage->shutdown_in_event) {
        s2s_driver_shutdown(stage->driver, S2S_SECOND, on_done, stage);
    }
}

static void on_wake(void *user)
{
    atomic_store(&((struct stage *)user)->woken, 1);
}

static void start(struct stage *stage, bool thread)
{
    *stage = (struct stage){.engine = calloc(1, sizeof(s2s_engine))};
    stage->engine->timeout = S2S_TIME_NEVER;
    stage->kernel = (struct fake_kernel){
        .table = {.struct_size = sizeof stage->kernel.table, .name = "fake", .capabilities = S2S_KERNEL_ROUTES,
                  .context = &stage->kernel, .start = kernel_start, .submit = kernel_submit, .stop = kernel_stop},
        .engine = stage->engine,
    };
    assert_int_equal(s2s_manual_loop_new(NULL, NULL, NULL, &stage->loop), 0);
    s2s_manual_loop_set_waker(stage->loop, on_wake, stage);
    struct s2s_driver_params params;
    s2s_driver_params_init(&params, sizeof params);
    params.engine = stage->engine;
    params.loop = s2s_manual_loop_table(stage->loop);
    params.kernel = &stage->kernel.table;
    params.event = on_event;
    params.event_user = stage;
    params.job_thread = thread;
    assert_int_equal(s2s_driver_new(&params, &stage->driver), 0);
    assert_int_equal(stage->engine->capabilities, S2S_KERNEL_ROUTES);
    assert_true(stage->kernel.running);
}

static void settle(struct stage *stage, s2s_time now)
{
    do {
        s2s_manual_loop_advance(stage->loop, now);
    } while (s2s_manual_loop_next(stage->loop) <= now);
}

static void stop(struct stage *stage)
{
    assert_int_equal(stage->engine->recursions, 0);
    assert_int_equal(stage->kernel.submitted_in_report, 0);
    s2s_driver_delete(stage->driver);
    assert_false(stage->kernel.running);
    s2s_manual_loop_delete(stage->loop);
    free(stage->engine);
}

static void test_actions_and_answers_at_once(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    stage.kernel.at_once = true;
    script(stage.engine, S2S_ACTION_BIND, 1);
    script(stage.engine, S2S_ACTION_DATAGRAM, 0);
    script(stage.engine, S2S_ACTION_DEVICE_ADD, 2);
    s2s_driver_kick(stage.driver);
    assert_int_equal(stage.kernel.submitted, 3);
    assert_int_equal(stage.engine->completed_count, 2);
    assert_int_equal(stage.engine->completed[0], 1);
    assert_int_equal(stage.engine->completed[1], 2);
    assert_int_equal(stage.engine->completed_error[1], S2S_ERR_KERNEL);
    assert_string_equal(stage.engine->completed_detail, "no such device");
    stop(&stage);
}

static void test_reports_from_inside_submit_are_kept(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    script(stage.engine, S2S_ACTION_SCAN, 1);
    script(stage.engine, S2S_ACTION_STREAM_CONNECT, 2);
    s2s_driver_kick(stage.driver);
    assert_int_equal(stage.engine->notices, 1);
    assert_string_equal(stage.engine->notice_device, "s2s7");
    assert_int_equal(stage.engine->streams, 1);
    assert_string_equal(stage.engine->stream_bytes, "hello");
    assert_int_equal(stage.engine->completed_count, 0);
    stop(&stage);
}

static void test_kernel_is_not_called_from_its_own_report(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    settle(&stage, 5);
    script(stage.engine, S2S_ACTION_SA_ADD, 9);
    struct s2s_packet packet = {.verdict = 77};
    stage.kernel.reporting = true;
    stage.kernel.sink->packets(stage.kernel.sink->user, &packet, 1);
    stage.kernel.reporting = false;
    assert_int_equal(packet.verdict, S2S_VERDICT_CONSUMED);
    assert_int_equal(stage.kernel.submitted, 0);
    assert_int_equal(s2s_manual_loop_next(stage.loop), 5);
    settle(&stage, 5);
    assert_int_equal(stage.kernel.submitted, 1);
    struct s2s_result result = {.struct_size = sizeof result};
    stage.kernel.sink->complete(stage.kernel.sink->user, 9, &result);
    assert_int_equal(stage.engine->completed_count, 1);
    stop(&stage);
}

static void test_stream_pull_inside_submit(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    script(stage.engine, S2S_ACTION_STREAM_WRITE, 0);
    settle(&stage, 1);
    assert_int_equal(stage.kernel.pulled, 8);
    stop(&stage);
}

static void test_timer_follows_the_engine(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    stage.engine->timeout = 100;
    settle(&stage, 1);
    size_t ticks = stage.engine->ticks;
    assert_int_equal(s2s_manual_loop_next(stage.loop), 100);
    s2s_manual_loop_advance(stage.loop, 99);
    assert_int_equal(stage.engine->ticks, ticks);
    settle(&stage, 100);
    assert_int_equal(stage.engine->ticks, ticks + 1);
    assert_true(s2s_manual_loop_next(stage.loop) == S2S_TIME_NEVER);
    stop(&stage);
}

static void test_events_may_kick(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    stage.kick_in_event = true;
    stage.engine->events = 3;
    s2s_driver_kick(stage.driver);
    settle(&stage, 1);
    assert_int_equal(stage.events, 3);
    stop(&stage);
}

static void test_long_lists_come_in_slices(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    settle(&stage, 1);
    for (uint64_t i = 0; i < 1000; i++) {
        script(stage.engine, S2S_ACTION_ROUTE_ADD, i + 1);
    }
    s2s_driver_kick(stage.driver);
    assert_true(stage.kernel.submitted < 1000);
    assert_int_equal(s2s_manual_loop_next(stage.loop), 1);
    settle(&stage, 1);
    assert_int_equal(stage.kernel.submitted, 1000);
    stop(&stage);
}

static void test_jobs_inline(void **state)
{
    (void)state;
    struct stage stage;
    struct s2s_crypto_job job = {.ran = false};
    start(&stage, false);
    script(stage.engine, S2S_ACTION_CRYPTO_JOB, 4)->job = &job;
    s2s_driver_kick(stage.driver);
    assert_true(job.ran && pthread_equal(job.thread, pthread_self()));
    assert_int_equal(stage.engine->completed[0], 4);
    assert_int_equal(stage.kernel.submitted, 0);
    stop(&stage);
}

static void test_jobs_on_a_thread(void **state)
{
    (void)state;
    struct stage stage;
    struct s2s_crypto_job jobs[8] = {{.ran = false}};
    start(&stage, true);
    for (uint64_t i = 0; i < 8; i++) {
        script(stage.engine, S2S_ACTION_CRYPTO_JOB, i + 1)->job = &jobs[i];
    }
    s2s_driver_kick(stage.driver);
    while (stage.engine->completed_count < 8) {
        sched_yield();
        settle(&stage, 1);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_true(jobs[i].ran && !pthread_equal(jobs[i].thread, pthread_self()));
        assert_int_equal(stage.engine->completed[i], i + 1);
    }
    assert_true(atomic_load(&stage.woken));
    stop(&stage);
}

static void test_delete_answers_every_job(void **state)
{
    (void)state;
    struct stage stage;
    struct s2s_crypto_job jobs[64] = {{.ran = false}};
    start(&stage, true);
    for (uint64_t i = 0; i < 64; i++) {
        script(stage.engine, S2S_ACTION_CRYPTO_JOB, i + 1)->job = &jobs[i];
    }
    s2s_driver_kick(stage.driver);
    s2s_driver_delete(stage.driver);
    assert_int_equal(stage.engine->completed_count, 64);
    for (size_t i = 0; i < 64; i++) {
        assert_true(stage.engine->completed_error[i] == (jobs[stage.engine->completed[i] - 1].ran ? 0 : S2S_ERR_CANCELED));
    }
    s2s_manual_loop_delete(stage.loop);
    free(stage.engine);
}

static void test_shutdown_when_idle(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    settle(&stage, 1);
    stage.delete_in_done = true;
    s2s_driver_shutdown(stage.driver, S2S_SECOND, on_done, &stage);
    s2s_driver_shutdown(stage.driver, S2S_SECOND, on_done, &stage);
    assert_true(stage.engine->shut_down);
    settle(&stage, 2);
    assert_int_equal(stage.done, 0);
    stage.engine->idle = true;
    s2s_driver_kick(stage.driver);
    assert_int_equal(stage.done, 0);
    settle(&stage, 3);
    assert_int_equal(stage.done, 1);
    stop(&stage);
}

static void test_shutdown_after_timeout(void **state)
{
    (void)state;
    struct stage stage;
    start(&stage, false);
    stage.shutdown_in_event = true;
    stage.engine->events = 2;
    settle(&stage, 1);
    settle(&stage, S2S_SECOND);
    assert_int_equal(stage.done, 0);
    settle(&stage, S2S_SECOND + 1);
    assert_int_equal(stage.done, 1);
    settle(&stage, 10 * (s2s_time)S2S_SECOND);
    assert_int_equal(stage.done, 1);
    stop(&stage);
}

/* Each allocation of the driver fails in turn: it says so or goes on later, and an answer is never lost. */
struct meter {
    long left;
};
static void *meter_alloc(void *user, size_t size)
{
    struct meter *meter = user;
    return meter->left-- > 0 ? malloc(size) : NULL;
}
static void *meter_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    return realloc(pointer, new_size);
}
static void meter_release(void *user, void *pointer, size_t size)
{
    (void)user;
    (void)size;
    free(pointer);
}

static void test_short_of_memory(void **state)
{
    (void)state;
    for (long fail = 0; fail < 6; fail++) {
        struct stage stage;
        start(&stage, false);
        s2s_driver_delete(stage.driver);
        struct meter meter = {.left = fail};
        struct s2s_allocator allocator = {.struct_size = sizeof allocator, .user = &meter, .alloc = meter_alloc,
                                          .resize = meter_resize, .release = meter_release};
        struct s2s_driver_params params;
        s2s_driver_params_init(&params, sizeof params);
        params.engine = stage.engine;
        params.loop = s2s_manual_loop_table(stage.loop);
        params.kernel = &stage.kernel.table;
        params.allocator = &allocator;
        stage.kernel.at_once = true;
        int error = s2s_driver_new(&params, &stage.driver);
        if (error != 0) {
            assert_int_equal(error, S2S_ERR_NO_MEMORY);
            stage.driver = NULL;
        } else {
            script(stage.engine, S2S_ACTION_BIND, 1);
            script(stage.engine, S2S_ACTION_BIND, 2);
            s2s_manual_loop_advance(stage.loop, 1);
            assert_int_equal(stage.kernel.submitted, stage.engine->completed_count);
            meter.left = 1000;
            settle(&stage, S2S_SECOND);
            assert_int_equal(stage.engine->completed_count, 2);
        }
        s2s_driver_delete(stage.driver);
        s2s_manual_loop_delete(stage.loop);
        free(stage.engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions_and_answers_at_once),
        cmocka_unit_test(test_reports_from_inside_submit_are_kept),
        cmocka_unit_test(test_kernel_is_not_called_from_its_own_report),
        cmocka_unit_test(test_stream_pull_inside_submit),
        cmocka_unit_test(test_timer_follows_the_engine),
        cmocka_unit_test(test_events_may_kick),
        cmocka_unit_test(test_long_lists_come_in_slices),
        cmocka_unit_test(test_jobs_inline),
        cmocka_unit_test(test_jobs_on_a_thread),
        cmocka_unit_test(test_delete_answers_every_job),
        cmocka_unit_test(test_shutdown_when_idle),
        cmocka_unit_test(test_shutdown_after_timeout),
        cmocka_unit_test(test_short_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
