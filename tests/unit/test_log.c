/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

struct seen {
    int lines;
    enum s2s_log_level level;
    char text[4096];
};

static void receive(void *user, const struct s2s_log_line *line)
{
    struct seen *seen = user;
    seen->lines++;
    seen->level = line->level;
    assert_int_equal(line->struct_size, sizeof *line);
    snprintf(seen->text, sizeof seen->text, "%s|%s|%s", line->module, line->object, line->text);
}

static void lines(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct s2si_log log = {receive, &seen, S2S_LOG_INFO};
    s2si_log(&log, S2S_LOG_INFO, "ike", "t1", "got %d", 5);
    assert_string_equal(seen.text, "ike|t1|got 5");
    s2si_log(&log, S2S_LOG_DEBUG, "ike", "t1", "details");
    assert_int_equal(seen.lines, 1);
    s2si_log(&log, S2S_LOG_ERROR, NULL, NULL, "bad");
    assert_string_equal(seen.text, "||bad");
    assert_int_equal(seen.level, S2S_LOG_ERROR);
    log.function = NULL;
    s2si_log(&log, S2S_LOG_ERROR, "ike", "t1", "silent");
    s2si_log(NULL, S2S_LOG_ERROR, "ike", "t1", "silent");
    assert_int_equal(seen.lines, 2);
}

static void peers_cannot_forge_lines(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct s2si_log log = {receive, &seen, S2S_LOG_INFO};
    s2si_log(&log, S2S_LOG_INFO, "bgp", "s", "%s", "x\ny\x1b[2J\x7f");
    assert_string_equal(seen.text, "bgp|s|x?y?[2J?");
}

static void long_line_is_cut(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct s2si_log log = {receive, &seen, S2S_LOG_INFO};
    char text[3000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    s2si_log(&log, S2S_LOG_INFO, "", "", "%s", text);
    size_t length = strlen(seen.text);
    assert_true(length < 1100);
    assert_string_equal(seen.text + length - 3, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(peers_cannot_forge_lines),
                                       cmocka_unit_test(long_line_is_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
