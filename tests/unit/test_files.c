/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files with the check of their modes. */
#include <s2svpn/files.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/s2s-files-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put(const char *text, size_t length, mode_t mode)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static int try(unsigned flags, size_t limit, unsigned *mode, char *detail)
{
    uint8_t *data = NULL;
    size_t length = 99;
    int error = s2s_file_read(path, flags, limit, NULL, &data, &length, mode, detail);
    if (error != 0) {
        assert_null(data);
        assert_int_equal(length, 0);
    }
    s2s_file_free(NULL, data, length);
    return error;
}

static void test_reads_all(void **state)
{
    (void)state;
    char big[100000];
    memset(big, 'a', sizeof big);
    const size_t lengths[] = {0, 1, 4094, 4095, 4096, 4097, sizeof big};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        put(big, lengths[i], 0644);
        uint8_t *data;
        size_t length;
        unsigned mode;
        assert_int_equal(s2s_file_read(path, 0, 0, NULL, &data, &length, &mode, NULL), 0);
        assert_int_equal(length, lengths[i]);
        assert_int_equal(mode, 0644);
        assert_memory_equal(data, big, length);
        assert_int_equal(data[length], 0);
        s2s_file_free(NULL, data, length);
    }
}

static void test_secret_modes(void **state)
{
    (void)state;
    static const struct { mode_t mode; bool good; const char *word; } rows[] = {
        {0600, true, NULL}, {0400, true, NULL}, {0640, false, "0640: its group"}, {0644, false, "0644: others"},
        {0604, false, "0604: others"}, {0602, false, "0602: others"}, {0610, false, "0610: its group"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char detail[S2S_FILE_DETAIL];
        unsigned mode = 0;
        put("secret", 6, rows[i].mode);
        assert_int_equal(try(S2S_FILE_SECRET, 0, &mode, detail), rows[i].good ? 0 : S2S_ERR_FILE);
        assert_int_equal(mode, rows[i].mode);
        assert_true(rows[i].good ? detail[0] == '\0' : strstr(detail, rows[i].word) != NULL && strstr(detail, path) != NULL);
        assert_null(strstr(detail, "secret\n"));
    }
}

static void test_refusals(void **state)
{
    (void)state;
    char detail[S2S_FILE_DETAIL];
    unlink(path);
    assert_int_equal(try(0, 0, NULL, detail), S2S_ERR_FILE);
    assert_non_null(strstr(detail, "No such file"));
    put("12345", 5, 0600);
    assert_int_equal(try(0, 5, NULL, detail), 0);
    assert_int_equal(try(0, 4, NULL, detail), S2S_ERR_LIMIT);
    assert_non_null(strstr(detail, "larger than 4 bytes"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(try(0, 0, NULL, detail), S2S_ERR_FILE);
    assert_non_null(strstr(detail, "not a regular file"));
    uint8_t *data;
    size_t length;
    assert_int_equal(s2s_file_read(folder, 0, 0, NULL, &data, &length, NULL, detail), S2S_ERR_FILE);
    assert_int_equal(s2s_file_read(NULL, 0, 0, NULL, &data, &length, NULL, detail), S2S_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_all),
        cmocka_unit_test(test_secret_modes),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
