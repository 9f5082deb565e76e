/* SPDX-License-Identifier: Apache-2.0 */
/* The transition table against RFC 4271 section 8.2.2, written down a second time and by another hand: state by state. */
#include "lib/bgp/fsm.h"
#include "tests/unit/failing_allocator.h"

struct expected {
    enum s2s_bgp_state state;
    int event;
    enum s2s_bgp_state next;
    int code, subcode; /* of a NOTIFICATION; -1 = that which the event brings; 0 = none */
};

#define I S2S_BGP_IDLE
#define C S2S_BGP_CONNECT
#define A S2S_BGP_ACTIVE
#define S S2S_BGP_OPEN_SENT
#define F S2S_BGP_OPEN_CONFIRM
#define E S2S_BGP_ESTABLISHED

static const struct expected rows[] = {
    {I, 1, C, 0, 0}, {I, 3, C, 0, 0}, {I, 4, A, 0, 0}, {I, 5, A, 0, 0},
    {C, 2, I, 0, 0}, {C, 9, C, 0, 0}, {C, 16, S, 0, 0}, {C, 17, S, 0, 0}, {C, 18, A, 0, 0},
    {A, 2, I, 0, 0}, {A, 9, C, 0, 0}, {A, 16, S, 0, 0}, {A, 17, S, 0, 0},
    {S, 2, I, 6, 2}, {S, 8, I, -1, 0}, {S, 10, I, 4, 0}, {S, 18, A, 0, 0}, {S, 19, F, 0, 0}, {S, 21, I, -1, 0}, {S, 22, I, -1, 0},
    {S, 23, I, 6, 7}, {S, 24, I, 0, 0}, {S, 25, I, 0, 0}, {S, 26, I, 5, 1}, {S, 27, I, 5, 1}, {S, 28, I, 5, 1},
    {F, 2, I, 6, 2}, {F, 8, I, -1, 0}, {F, 10, I, 4, 0}, {F, 11, F, 0, 0}, {F, 18, I, 0, 0}, {F, 19, I, 5, 2}, {F, 21, I, -1, 0},
    {F, 23, I, 6, 7}, {F, 24, I, 0, 0}, {F, 25, I, 0, 0}, {F, 26, E, 0, 0}, {F, 27, I, 5, 2}, {F, 28, I, 5, 2},
    {E, 2, I, 6, 2}, {E, 8, I, -1, 0}, {E, 10, I, 4, 0}, {E, 11, E, 0, 0}, {E, 18, I, 0, 0}, {E, 19, I, 5, 3}, {E, 21, I, -1, 0},
    {E, 23, I, 6, 7}, {E, 24, I, 0, 0}, {E, 25, I, 0, 0}, {E, 26, E, 0, 0}, {E, 27, E, 0, 0}, {E, 28, I, -1, 0}, {E, 29, I, 8, 0},
};

static void as_the_rfc_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        const struct s2si_bgp_transition *row = s2si_bgp_fsm_find(rows[i].state, (enum s2si_bgp_fsm_event)rows[i].event);
        if (row == NULL || row->next != rows[i].next) {
            fail_msg("state %d event %d", (int)rows[i].state, rows[i].event);
        }
        assert_int_equal((row->todo & S2SI_BGP_DO_NOTIFY) != 0, rows[i].code != 0);
        assert_int_equal(row->code, rows[i].code > 0 ? rows[i].code : 0);
        assert_int_equal(row->subcode, rows[i].subcode);
    }
}

/* What holds of every row. */
static void invariants(void **state)
{
    (void)state;
    for (int from = S2S_BGP_IDLE; from <= S2S_BGP_ESTABLISHED; from++) {
        for (int event = 1; event < S2SI_BGP_FSM_EVENTS; event++) {
            const struct s2si_bgp_transition *row = s2si_bgp_fsm_find((enum s2s_bgp_state)from, (enum s2si_bgp_fsm_event)event);
            if (row == NULL) {
                continue;
            }
            bool released = (row->todo & S2SI_BGP_DO_RELEASE) != 0;
            if (row->next == S2S_BGP_IDLE) {
                assert_true(released); /* nobody rests in Idle with a stream */
            }
            if ((row->todo & S2SI_BGP_DO_NOTIFY) != 0) {
                assert_true(row->next == S2S_BGP_IDLE && from >= S2S_BGP_OPEN_SENT);
            }
            if (event == S2SI_BGP_FSM_NOTIFICATION || event == S2SI_BGP_FSM_NOTIFICATION_VERSION) {
                assert_true((row->todo & S2SI_BGP_DO_NOTIFY) == 0); /* never an answer to one */
            }
            if (row->next == S2S_BGP_ESTABLISHED && from != S2S_BGP_ESTABLISHED) {
                assert_true(from == S2S_BGP_OPEN_CONFIRM && (row->todo & S2SI_BGP_DO_ESTABLISH) != 0);
            }
        }
    }
    assert_null(s2si_bgp_fsm_find(S2S_BGP_IDLE, S2SI_BGP_FSM_UPDATE));
    assert_null(s2si_bgp_fsm_find(S2S_BGP_IDLE, S2SI_BGP_FSM_TCP_CONFIRMED)); /* Idle refuses connections */
    assert_string_equal(s2si_bgp_fsm_state_name(S2S_BGP_OPEN_CONFIRM), "OpenConfirm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_rfc_has_it), cmocka_unit_test(invariants)};
    return cmocka_run_group_tests_name("bgp_fsm", tests, NULL, NULL);
}
