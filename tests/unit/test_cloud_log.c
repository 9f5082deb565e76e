/* SPDX-License-Identifier: Apache-2.0 */
/* Events in the words of AWS's activity log and of Alibaba's connection log. */
#include <s2svpn/cloud_log.h>
#include <s2svpn/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct s2s_event event_of(enum s2s_event_type type, enum s2s_reason reason)
{
    struct s2s_event event = {.struct_size = sizeof event, .type = type, .reason = reason};
    event.connection = "vco-1";
    event.text = "vco-1/1: it happened";
    event.severity = S2S_LOG_WARNING;
    return event;
}

static const struct row {
    enum s2s_event_type type;
    enum s2s_reason reason;
    const char *detail, *name;
} rows[] = {
    {S2S_EVENT_PEER_DEAD, S2S_REASON_DPD, "DPD timed out", NULL},
    {S2S_EVENT_AUTHENTICATION_FAILED, S2S_REASON_AUTH_FAILED, "pre-shared key mismatch", "Phase1NegoFailed"},
    {S2S_EVENT_AUTHENTICATION_FAILED, S2S_REASON_ID_MISMATCH, "sending AUTHENTICATION_FAILED", "Phase1NegoFailed"},
    {S2S_EVENT_NEGOTIATION_FAILED, S2S_REASON_NO_PROPOSAL, "No Proposal Match Found by AWS", "Phase1NegoFailed"},
    {S2S_EVENT_NEGOTIATION_FAILED, S2S_REASON_TS_UNACCEPTABLE, "TS_UNACCEPTABLE: received", "Phase2NegoFailed"},
    {S2S_EVENT_NEGOTIATION_FAILED, S2S_REASON_TIMEOUT, "un-established Phase 1 IKE_SA", "Phase1NegoFailed"},
    {S2S_EVENT_DELETE_RECEIVED, S2S_REASON_NONE, "received DELETE for IKE_SA from CGW", NULL},
    {S2S_EVENT_IPSEC_ESTABLISHED, S2S_REASON_NONE, "it happened", "Phase2NegoSuccess"},
    {S2S_EVENT_PROBE_DOWN, S2S_REASON_NONE, "it happened", "HealthCheckFailed"},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct s2s_event event = event_of(rows[i].type, rows[i].reason);
        const char *name = s2s_alibaba_event_name(&event);
        assert_non_null(strstr(s2s_aws_log_detail(&event), rows[i].detail));
        if (rows[i].name) {
            assert_non_null(name);
            assert_non_null(strstr(name, rows[i].name));
        } else {
            assert_null(name);
        }
    }
}

static void test_alibaba_line(void **state)
{
    struct s2s_event event = event_of(S2S_EVENT_NEGOTIATION_FAILED, S2S_REASON_TIMEOUT);
    char line[200];
    (void)state;
    assert_int_equal(s2s_alibaba_log_line(&event, 1673609961, line, sizeof line), 0);
    assert_string_equal(line, "2023-01-13 11:39:21 vco-1 - [PROTO_ERR]: vco-1/1: it happened");
    assert_int_equal(s2s_alibaba_log_line(&event, 1709208000, line, sizeof line), 0); /* a leap day */
    assert_memory_equal(line, "2024-02-29 12:00:00", 19);
    assert_int_equal(s2s_alibaba_log_line(&event, 0, line, 10), S2S_ERR_BUFFER);
    assert_int_equal(s2s_alibaba_log_line(&event, -1, line, sizeof line), S2S_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_alibaba_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
