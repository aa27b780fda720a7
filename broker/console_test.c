/* SPDX-License-Identifier: Apache-2.0 */
/* console_test.c - what a guest may write on our terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "console.h"

static char written[20000];

/* What console.c calls. */
void orrery_io_write(struct io_file *file, const void *data, size_t len)
{
    strncat(written, data, len);
}
size_t orrery_io_pending(const struct io_file *file)
{
    return 0;
}

/* Stdout gets text with a newline: the line after the time and the port. */
static const char *shown(const char *text, size_t len)
{
    Orrery__Attach attach = {.to = ORRERY__ATTACH__TO__STDOUT};
    struct layout_port port = {.member = 1, .full = "a.serial0", .attach = &attach};
    struct layout layout = {.ports = &port, .port_count = 1};
    struct console *console = orrery_console_create(&layout, NULL, NULL, false);

    written[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        orrery_console_byte(console, 0, 7, (uint8_t)text[i], true);
    }
    orrery_console_byte(console, 0, 7, '\n', true);
    orrery_console_destroy(console);
    assert_memory_equal(written, "[  0.000000007] a.serial0 | ", 28);
    return written + 28;
}

#define assert_shown(text, wanted) assert_string_equal(shown(text, sizeof(text) - 1), wanted "\n")

static void test_text(void **state)
{
    assert_shown("plain\ttext ~", "plain\ttext ~");
    assert_shown("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80",
                 "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_shown("\xc2\xa0", "\xc2\xa0");
    assert_shown("\033[1;31mred\033[0m", "red");
    assert_shown("line\r", "line");
}

static void test_controls(void **state)
{
    assert_shown("a\0b\x7f", "a\\x00b\\x7f");
    assert_shown("\033[2J\033]0;title\a", "\\x1b[2J\\x1b]0;title\\x07");
    assert_shown("\x9b"
                 "2J",
                 "\\x9b2J"); /* CSI of 8 bits */
    assert_shown("\xc2\x9b"
                 "2J",
                 "\\xc2\\x9b2J");                    /* the same in UTF-8 */
    assert_shown("\xc2", "\\xc2");                   /* cut short */
    assert_shown("\xe0\x82\x9b", "\\xe0\\x82\\x9b"); /* longer than it need be */
    assert_shown("\xff\xfe x", "\\xff\\xfe x");
}

/* A line that never ends comes in pieces. */
static void test_long(void **state)
{
    static char text[9000];

    memset(text, 'x', sizeof(text));
    shown(text, sizeof(text));
    assert_int_equal(strlen(written), sizeof(text) + 3 * 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
