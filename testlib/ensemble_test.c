/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ensemble_test.c - orrery-test.h against real runs. Its argument is a directory with the manifests
 * and test files that tests/e2e/testlib.sh writes; that runs it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "orrery-test.h"

#define PORT "a.serial0"

static struct orrery_test *start(const char *file, const char *option)
{
    const char *const options[] = {option, NULL};
    struct orrery_test *t;
    int code = orrery_test_start(&t, file, options);

    if (code) {
        fail_msg("%s: %d: %s", file, code, orrery_test_error(t));
    }
    return t;
}

static void check_ok(struct orrery_test *t, int code)
{
    if (code) {
        fail_msg("%d: %s", code, orrery_test_error(t));
    }
}

static void check_says(struct orrery_test *t, int code, int wanted, const char *text)
{
    if (code != wanted || !strstr(orrery_test_error(t), text)) {
        fail_msg("%d, not %d with '%s': %s", code, wanted, text, orrery_test_error(t));
    }
}

/* The steps of echo.test.yaml. slow: nobody cares how long we take. */
static void echo(const char *option, bool slow, char *hash)
{
    struct orrery_test *t = start("echo.yaml", option);

    check_ok(t, orrery_test_wait(t, ORRERY_MS(20)));
    assert_int_equal(orrery_test_time(t), ORRERY_MS(20));
    for (unsigned i = 0; i < 3; i++) {
        const char text[] = {(char)(1 + i), '\0'}; /* it counts what comes, and says the number */

        usleep(slow ? 30000 : 0);
        check_ok(t, orrery_test_send(t, PORT, text));
        usleep(slow ? 30000 : 0);
        check_ok(t, orrery_test_expect(t, PORT, text, ORRERY_MS(1)));
    }
    check_ok(t, orrery_test_end(t, hash));
}

static void test_same_run_as_a_test_file(void **state)
{
    char hash[ORRERY_TEST_HASH_SIZE], other[ORRERY_TEST_HASH_SIZE], wanted[80] = "";
    FILE *file = fopen("echo.hash", "r");

    assert_non_null(file);
    assert_non_null(fgets(wanted, sizeof(wanted), file));
    fclose(file);
    echo(NULL, false, hash);
    assert_memory_equal(hash, wanted, sizeof(hash) - 1);
    echo("--jitter=5", true, other);
    assert_string_equal(other, hash);
}

static void test_failures(void **state)
{
    struct orrery_test *t = start("echo.yaml", NULL);
    uint64_t value;

    check_ok(t, orrery_test_send(t, PORT, "1\"\\\n\x7f"));
    check_says(t, orrery_test_expect(t, PORT, "\"\\\x7f", ORRERY_MS(5)), ORRERY_TEST_FAILED,
               "a.serial0: '\"\\\\x7f' did not come; the last that came: "
               "'\\x01\\x02\\x03\\x04\\x05' (at 0.005000000)");
    assert_int_equal(orrery_test_time(t), ORRERY_MS(5));
    check_ok(t, orrery_test_expect(t, PORT, "\x04\x05", 0)); /* it goes on, and that is there */
    check_says(t, orrery_test_until(t, ORRERY_MS(1)), ORRERY_TEST_FAILED, "that time is past");
    check_ok(t, orrery_test_until(t, ORRERY_MS(70)));
    check_ok(t, orrery_test_counter(t, "broker>a.serial0", "delivered", &value));
    assert_int_equal(value, 5);

    check_says(t, orrery_test_step(t, "{ expct: x, port: %s }", PORT), ORRERY_TEST_REFUSED,
               "step:1:3: unknown key 'expct'");
    check_says(t, orrery_test_match(t, PORT, "(", 0), ORRERY_TEST_REFUSED, "(");
    check_says(t, orrery_test_send(t, "b.serial0", "x"), ORRERY_TEST_REFUSED,
               "no instance 'b'; did you mean 'a'?");
    check_says(t, orrery_test_send(t, "a.serial1", "x"), ORRERY_TEST_REFUSED,
               "'a.serial1' is not attached");
    check_says(t, orrery_test_reset(t, "b"), ORRERY_TEST_REFUSED, "no instance 'b'");
    check_says(t, orrery_test_step(t, "{ wait: 1ms }\nend"), ORRERY_TEST_REFUSED, "one line");
    check_says(t, orrery_test_counter(t, "broker>a.serial0", "lost", &value), ORRERY_TEST_REFUSED,
               "no counter 'lost'");
    check_ok(t, orrery_test_send(t, PORT, "x"));
    assert_int_equal(orrery_test_time(t), ORRERY_MS(70)); /* nothing has happened */
    check_ok(t, orrery_test_match(t, PORT, "(.)$", ORRERY_MS(1)));
    assert_string_equal(orrery_test_captured(t, 1), "\x06");
    assert_string_equal(orrery_test_captured(t, 2), "");
    assert_int_equal(orrery_test_end(t, NULL), ORRERY_TEST_OK);
}

/* Steps that an instance answers. */
static void test_memory(void **state)
{
    struct orrery_test *t = start("echo.yaml", NULL);

    check_ok(t, orrery_test_send(t, PORT, "\1\1"));
    check_ok(t, orrery_test_expect(t, PORT, "\1\2", ORRERY_MS(1)));
    check_ok(t, orrery_test_step(t, "{ memory: a.errors, is: %u }", 1)); /* it meant 1, 2 */
    check_says(t, orrery_test_step(t, "{ memory: a.errors, is: 2 }"), ORRERY_TEST_FAILED, "errors");
    check_says(t, orrery_test_step(t, "{ memory: a.erors, is: 2 }"), ORRERY_TEST_REFUSED, "erors");
    check_ok(t, orrery_test_step(t, "{ memory: a.errors, set: 7 }"));
    check_ok(t, orrery_test_step(t, "{ memory: a.errors, is: 7 }"));
    check_ok(t, orrery_test_send(t, PORT, "\3"));
    check_ok(t, orrery_test_step(t, "{ until: { pc: a.uart_putc }, within: 1ms }"));
    check_ok(t, orrery_test_expect(t, PORT, "\3", ORRERY_MS(1)));
    assert_int_equal(orrery_test_end(t, NULL), ORRERY_TEST_OK);
}

/* A test file's own steps come first. */
static void test_steps_before(void **state)
{
    struct orrery_test *t = start("before.test.yaml", "--case=2");

    assert_int_equal(orrery_test_time(t), ORRERY_MS(20));
    check_ok(t, orrery_test_expect(t, PORT, "\x02\x03\x04", ORRERY_MS(3)));
    assert_int_equal(orrery_test_end(t, NULL), ORRERY_TEST_OK);
}

static void test_no_start(void **state)
{
    struct orrery_test *t;
    int code = orrery_test_start(&t, "nowhere.yaml", NULL);

    check_says(t, code, ORRERY_TEST_REFUSED, "nowhere.yaml");
    check_says(t, orrery_test_wait(t, 1), ORRERY_TEST_REFUSED, "nowhere.yaml");
    assert_int_equal(orrery_test_end(t, NULL), ORRERY_TEST_REFUSED);
    code = orrery_test_start(&t, "crash.yaml", NULL);
    check_says(t, code, ORRERY_TEST_BROKE, "before it joined");
    assert_int_equal(orrery_test_end(t, NULL), ORRERY_TEST_BROKE);
    assert_int_equal(orrery_test_end(NULL, NULL), ORRERY_TEST_OK);
}

/* A guest that ends, with exit code 0 and with another. */
static void test_guest_ends(void **state)
{
    struct orrery_test *t = start("uart-pair.yaml", NULL);
    char hash[ORRERY_TEST_HASH_SIZE];

    check_ok(t, orrery_test_until(t, ORRERY_S(1))); /* all have ended long ago */
    check_ok(t, orrery_test_step(t, "{ exit: all }"));
    check_says(t, orrery_test_wait(t, 1), ORRERY_TEST_OVER, "over");
    assert_int_equal(orrery_test_end(t, hash), ORRERY_TEST_OK);
    assert_int_equal(strlen(hash), ORRERY_TEST_HASH_SIZE - 1);

    t = start("failing.yaml", NULL);
    check_says(t, orrery_test_until(t, ORRERY_S(1)), ORRERY_TEST_FAILED, "exited with code");
    assert_int_equal(orrery_test_end(t, NULL), ORRERY_TEST_FAILED);

    t = start("short.yaml", NULL);
    check_ok(t, orrery_test_until(t, ORRERY_MS(30)));
    check_says(t, orrery_test_until(t, ORRERY_MS(60)), ORRERY_TEST_FAILED,
               "the run ended at 0.050000000");
    assert_int_equal(orrery_test_end(t, NULL), ORRERY_TEST_FAILED);
}

/* Two in one program, in step with each other or not. */
static void test_two_at_once(void **state)
{
    struct orrery_test *a = start("echo.yaml", NULL), *b = start("echo.yaml", "--seed=2");

    check_ok(a, orrery_test_send(a, PORT, "a"));
    check_ok(b, orrery_test_until(b, ORRERY_S(1)));
    check_ok(a, orrery_test_expect(a, PORT, "\x01", ORRERY_MS(1)));
    assert_int_equal(orrery_test_end(a, NULL), ORRERY_TEST_OK);
    check_ok(b, orrery_test_send(b, PORT, "b"));
    check_ok(b, orrery_test_expect(b, PORT, "\x01", ORRERY_MS(1)));
    assert_int_equal(orrery_test_end(b, NULL), ORRERY_TEST_OK);
}

/* For the script, which kills us. */
static int stand(void)
{
    struct orrery_test *t = start("echo.yaml", NULL);

    orrery_test_until(t, ORRERY_MS(10));
    puts("stands");
    fflush(stdout);
    pause();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_run_as_a_test_file),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_steps_before),
        cmocka_unit_test(test_no_start),
        cmocka_unit_test(test_guest_ends),
        cmocka_unit_test(test_two_at_once),
    };

    if (argc < 2 || chdir(argv[1])) {
        fputs("usage: orrery-test-test DIRECTORY [stand]\n", stderr);
        return 2;
    }
    return argc > 2 ? stand() : cmocka_run_group_tests(tests, NULL, NULL);
}
