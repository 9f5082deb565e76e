/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer with each fault of the table (ike_fault_table.c), as the end that began the IKE_SA and as the other one, as initiator
 * and as responder of the exchange. Each case is played three times over: the fault is on for five seconds, in which the honest
 * end must do what the table says; then the fault is gone, and within its own timers everything must be well again: one IKE_SA,
 * one CHILD_SA, real packets both ways, nothing leaked.
 *
 * FAULT_TABLE=1 prints the table; FAULT_ROW=n plays one row with all messages shown; FAULT_DRAFT=1 prints what was observed
 * instead of judging it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/sim/ike_fault_play.h"

static const char *const outcome_names[FAULT_OUTCOMES] = {"NOT_PLAYED", "TAKEN",   "ANSWERS", "ANSWERED", "SILENT",
                                                          "ENDS",       "FAILS",   "DOUBTED", "IGNORED",  "FINISHED"};
static const char *const scenario_names[FAULT_SCENARIOS] = {"IKE_SA_INIT",  "IKE_AUTH",     "new CHILD_SA",
                                                            "CHILD rekey",  "IKE rekey",    "CHILD delete",
                                                            "IKE delete",   "liveness"};
static void describe(const struct fault_case *row, size_t number, bool response, int faulty, char *out, size_t size)
{
    (void)snprintf(out, size, "row %zu: %s in the %s of %s, faulty end %c", number, row->name,
                   response ? "response" : "request", scenario_names[row->scenario], 'a' + faulty);
}

static void judge(const struct fault_case *row, size_t number, bool response, int faulty,
                  const struct fault_result *result)
{
    const struct fault_verdict *wanted = response ? &row->response : &row->request, *seen = &result->seen;
    char what[200];
    describe(row, number, response, faulty, what, sizeof what);
    if (getenv("FAULT_DRAFT") != NULL) {
        printf("ROW %zu %s %s %d %c%s%s\n", number, response ? "resp" : "req",
               result->played ? outcome_names[seen->outcome] : "NOT_PLAYED", seen->value, 'a' + faulty,
               result->wrong != NULL ? " BAD " : "", result->wrong != NULL ? result->wrong : "");
        return;
    }
    if (!result->played)
        fail_msg("%s: the switch found nothing to change", what);
    if (seen->outcome != wanted->outcome || seen->value != wanted->value)
        fail_msg("%s: %s %d, expected %s %d (%s)", what, outcome_names[seen->outcome], seen->value,
                 outcome_names[wanted->outcome], wanted->value, row->paragraph);
    if (result->wrong != NULL)
        fail_msg("%s: afterwards: %s", what, result->wrong);
    if (result->blocks != 0)
        fail_msg("%s: memory is left", what);
}

/* @return whether it was one to play. */
static bool play_one(const struct fault_case *row, size_t number, bool response, int faulty)
{
    const struct fault_verdict *wanted = response ? &row->response : &row->request;
    if (wanted->outcome == NOT_PLAYED && getenv("FAULT_DRAFT") == NULL)
        return false;
    struct fault_result result = fault_play(row, response, faulty);
    judge(row, number, response, faulty, &result);
    return true;
}

static void print_verdict(const struct fault_verdict *verdict)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%s%s%s", verdict->outcome == NOT_PLAYED ? "-" : outcome_names[verdict->outcome],
                   verdict->outcome == ANSWERS ? " " : "",
                   verdict->outcome == ANSWERS ? s2si_notify_name((uint16_t)verdict->value) : "");
    printf(" | %-34s", text);
}

static void print_row(size_t number)
{
    const struct fault_case *row = &fault_table[number];
    printf("%3zu | %-36s | %-12s", number, row->name, scenario_names[row->scenario]);
    print_verdict(&row->request);
    print_verdict(&row->response);
    printf(" | %s\n", row->paragraph);
}

static void each_row(void **state)
{
    const char *only = getenv("FAULT_ROW");
    size_t plays = 0;
    (void)state;
    for (size_t i = 0; i < fault_table_rows; i++) {
        if (only != NULL && strtoul(only, NULL, 10) != i)
            continue;
        for (unsigned n = 0; n < 4; n++)
            plays += play_one(&fault_table[i], i, n % 2 == 1, (int)(n / 2)) ? 1u : 0u;
        if (getenv("FAULT_TABLE") != NULL)
            print_row(i);
    }
    printf("faults: %zu rows, %zu plays\n", fault_table_rows, plays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
